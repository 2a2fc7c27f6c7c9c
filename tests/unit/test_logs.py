"""What a line of the log looks like, as text, as JSON and under systemd."""

import json
import sys
from collections.abc import Iterator

import pytest

from kiosk.app import logs
from kiosk.app.logs import Log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The log belongs to the whole process: what a test configures ends with it."""
    with logs.captured():
        yield


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    Log().info("scan", reason="ok", latency_ms=1.5, kind=None, who="Ngọc\n")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "scan",
        "level": "info",
        "reason": "ok",
        "latency_ms": 1.5,
        "kind": None,
        "who": "Ngọc\n",
    }


def test_text_says_event_and_facts_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "info")
    Log().warning("not written", what="the disk\nis full", fault="disk", seq=3)
    (line,) = capsys.readouterr().err.splitlines()
    time, said = line.split(" ", 1)
    assert time.endswith("Z")
    assert said == "[warning ] not written fault=disk seq=3 what='the disk\\nis full'"


def test_what_matters_less_than_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "warning")
    log = Log()
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    log.critical("e")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["c", "d", "e"]


@pytest.mark.parametrize(
    ("level", "priority"),
    [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)],
)
def test_systemd_is_told_the_priority(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    priority: int,
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    logs.configure("json", "debug")
    getattr(Log(), level)("it")
    assert capsys.readouterr().err.startswith(f'<{priority}>{{"event": "it"')


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_bug_comes_with_its_traceback(capsys: pytest.CaptureFixture[str], form: str) -> None:
    logs.configure(form, "info")
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        Log().critical("thread died", thread="courier", exc_info=sys.exc_info())
    said = capsys.readouterr().err
    text = json.loads(said)["exception"] if form == "json" else said
    assert "Traceback (most recent call last)" in text
    assert "ZeroDivisionError: integer division or modulo by zero" in text
    assert "thread" in said


def test_captured_takes_everything_and_gives_back(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "error")
    with logs.captured() as lines:
        Log().debug("inside", seq=1)
    Log().debug("outside")
    Log().error("outside")
    assert [(line["event"], line["level"]) for line in lines] == [("inside", "debug")]
    assert json.loads(capsys.readouterr().err)["event"] == "outside"
