"""Logs: structured, to standard error, one line a scan, never a payload.

Under systemd each line carries its priority, so that `journalctl -p warning` works. It is our own
because both processes of a kiosk hold it for years: a library that also draws tracebacks in colour
and serves asyncio takes 7 MB in the one and 11 MB in the other.
Source: sd-daemon(3) for the `<N>` prefixes.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31;1m"}
_PLAIN = "\x1b[0m"
_LONGEST_LEVEL = 8

Facts = dict[str, Any]
"""What one line says: what the caller gave, then `event`, `level` and `timestamp`."""


class Log:
    """Says what happens, as facts; any thread. What is said before `configure` is said as text."""

    def debug(self, event: str, /, **facts: object) -> None:
        """Say what only who looks for a mistake wants to know."""
        _say("debug", event, facts)

    def info(self, event: str, /, **facts: object) -> None:
        """Say what happens as it should."""
        _say("info", event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        """Say what somebody should look at, some time."""
        _say("warning", event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        """Say what does not work now."""
        _say("error", event, facts)

    def critical(self, event: str, /, **facts: object) -> None:
        """Say what ends the process; `exc_info`: the exception, as `sys.exc_info` gives it."""
        _say("critical", event, facts)


def configure(form: str, level: str) -> None:
    """Log as `form` (`text` or `json`) from `level` on; call once, before threads start."""
    _now.write = _writer(_as_json if form == "json" else _as_text)
    _now.priority = _PRIORITIES[level]


@contextmanager
def captured() -> Iterator[list[Facts]]:
    """Give a list that takes everything that is said meanwhile, instead of standard error."""
    lines: list[Facts] = []
    before = _now.write, _now.priority
    _now.write, _now.priority = lines.append, _PRIORITIES["debug"]
    try:
        yield lines
    finally:
        _now.write, _now.priority = before


def _say(level: str, event: str, facts: Facts) -> None:
    if _PRIORITIES[level] > _now.priority:
        return
    exc_info = facts.pop("exc_info", None)
    if exc_info is not None:
        facts["exception"] = "".join(traceback.format_exception(*exc_info)).rstrip()
    timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    _now.write({**facts, "event": event, "level": level, "timestamp": timestamp})


def _writer(render: Callable[[Facts], str]) -> Callable[[Facts], None]:
    under_systemd = "JOURNAL_STREAM" in os.environ

    def write(facts: Facts) -> None:
        prefix = f"<{_PRIORITIES[facts['level']]}>" if under_systemd else ""
        # One write for a line and its end: others write here too (the eye, the console's lamps).
        sys.stderr.write(f"{prefix}{render(facts)}\n")
        sys.stderr.flush()

    return write


def _as_json(facts: Facts) -> str:
    return json.dumps(facts, ensure_ascii=False, default=repr)


def _as_text(facts: Facts) -> str:
    """Return `TIME [LEVEL] EVENT KEY=VALUE...`; a traceback stands below it."""
    rest = dict(facts)
    level, event, timestamp = rest.pop("level"), rest.pop("event"), rest.pop("timestamp")
    exception = rest.pop("exception", None)
    padded = f"{level:<{_LONGEST_LEVEL}}"
    if level in _COLOURS and sys.stderr.isatty():
        padded = f"{_COLOURS[level]}{padded}{_PLAIN}"
    words = [f"{timestamp} [{padded}] {event}"]
    words += [f"{name}={_as_word(rest[name])}" for name in sorted(rest)]
    return " ".join(words) + (f"\n{exception}" if exception else "")


def _as_word(value: object) -> str:
    """Return a value on one line, in quotes where it could be taken for several words."""
    if isinstance(value, str) and value.isprintable() and not set(value) & set(" ='\""):
        return value
    return repr(value)


class _Now:
    """How lines are written now; for the whole process, set while there is one thread."""

    write: Callable[[Facts], None] = staticmethod(_writer(_as_text))
    priority: int = _PRIORITIES["info"]


_now = _Now()
