"""Sets logging up: readable lines on a terminal, JSON lines elsewhere, on standard error.

Everything, our own entries and the libraries', goes through the redaction. Tracebacks never show local variables.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection
from enum import Enum
from typing import TextIO

import structlog
from structlog.types import Processor

from postroom.errors import ConfigurationError
from postroom.observability.redact import Redact

LEVELS = ("debug", "info", "warning", "error", "critical")
# These say on their lower levels what passes over the wire.
LIBRARIES = ("aiosmtplib", "asyncio", "httpcore", "httpx", "litestar", "mail", "uvicorn")


class LogFormat(Enum):
    """How an entry is written; AUTO looks at whether a person is watching."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


def configure(
    level: str = "info",
    log_format: LogFormat | str = LogFormat.AUTO,
    *,
    stream: TextIO | None = None,
    known_secrets: Callable[[], Collection[str]] = tuple,
) -> None:
    """Set logging up for the whole process; a second call replaces the first. Raises ConfigurationError."""
    if level.casefold() not in LEVELS:
        raise ConfigurationError(f"logs.level: {level!r} is not one of {', '.join(LEVELS)}")
    target = stream or sys.stderr
    first = _first_steps()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=first,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            Redact(known_secrets),
            _renderer(LogFormat(log_format), target),
        ],
    )
    _replace_handlers(level.upper(), formatter, target)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _first_steps() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(log_format: LogFormat, target: TextIO) -> Processor:
    on_terminal = target.isatty()
    if log_format is LogFormat.CONSOLE or (log_format is LogFormat.AUTO and on_terminal):
        return structlog.dev.ConsoleRenderer(
            colors=on_terminal, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _replace_handlers(level: str, formatter: logging.Formatter, target: TextIO) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    quiet = max(logging.WARNING, root.level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(quiet)
