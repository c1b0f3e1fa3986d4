"""Where the public test mails lie that are read and never copied: beside the project, in ../shared/corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the mail corpus is not at {CORPUS}")


def mails(*folders: str) -> list[Path]:
    """Every mail file under these folders of the corpus, in order; none where there is no corpus."""
    return [path for folder in folders for path in sorted((CORPUS / folder).rglob("*.eml"))]


def files(folder: str) -> list[Path]:
    """Every file under the folder but licences and expectations."""
    names = {"LICENSE", "COPYING", "README.md"}
    found = sorted((CORPUS / folder).rglob("*"))
    return [path for path in found if path.is_file() and path.name not in names and path.suffix != ".json"]
