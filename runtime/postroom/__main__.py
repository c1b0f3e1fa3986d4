"""`python -m postroom` and the `postroom` command."""

from __future__ import annotations

from postroom.cli.verbs import postroom


def main() -> None:
    """Run the command line."""
    postroom()


if __name__ == "__main__":
    main()
