"""Logs: structured, to standard error, never a message's body.

Under systemd each line carries its priority, so that `journalctl -p warning` works.
Source: sd-daemon(3) for the `<N>` prefixes.
"""

import logging
import os
import sys

import structlog

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure(form: str, level: str) -> None:
    """Log as `form` (`text` or `json`) from `level` on; call once, before threads start."""
    renderer: structlog.typing.Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        renderer,
    ]
    if "JOURNAL_STREAM" in os.environ:
        processors.append(_with_priority)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _with_priority(_logger: object, method: str, line: object) -> str:
    return f"<{_PRIORITIES.get(method, 6)}>{line}"
