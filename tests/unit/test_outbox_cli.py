"""`kiosk outbox`, as a technician types it."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.app.outbox_cli import outbox_app
from kiosk.door.event import Acknowledgement, QueuedEvent
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE, mark
from tests.parts.disk import SmallDisk, small_disk
from tests.parts.readings import check_in_at, reading

TEXT = """\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{key}"
[camera]
kind = "synthetic"
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[outbox]
kind = "{kind}"
{path}
[uplink]
kind = "stdout"
"""
runner = CliRunner()


def config_for(path: Path, kind: str = "sqlite") -> Path:
    """Leave a settings file that names the outbox at `path`."""
    config = path.with_name("config.toml")
    named = f'path = "{path}"' if kind == "sqlite" else ""
    config.write_text(TEXT.format(key="5e" * 32, kind=kind, path=named), encoding="utf-8")
    return config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def filled(path: Path) -> tuple[SqliteOutbox, list[QueuedEvent]]:
    """Give an open outbox: two acknowledged, one sent, one unsent; its log is not in the file."""
    outbox = build(Settings(path=path), SOURCE)
    events = [outbox.commit(check_in_at(n, reading(n * 3600))) for n in range(1, 5)]
    outbox.mark_sent([event.row for event in events[:3]])
    outbox.acknowledge(Acknowledgement(epochs={epoch_of(events): 2}))
    return outbox, events


def epoch_of(events: list[QueuedEvent]) -> str:
    return events[0].event_id.partition(":")[0]


def told(*arguments: str, code: int = 0) -> str:
    """Run a command; return what it printed, and fail where it prints on the other stream."""
    done = runner.invoke(outbox_app, list(arguments))
    assert done.exit_code == code, done.output
    assert (done.stderr if code == 0 else done.stdout) == ""
    return done.stdout if code == 0 else done.stderr


@pytest.mark.parametrize("by", ["config", "file"])
def test_status_of_a_running_kiosk(path: Path, by: str) -> None:
    outbox, events = filled(path)
    named = str(config_for(path) if by == "config" else path)
    account = json.loads(told("status", f"--{by}", named, "--check", "--json"))
    outbox.close()

    assert account["epoch"] == epoch_of(events)
    expected = {"last_seq": 4, "rows": 4, "unsent": 1, "unacknowledged": 2, "schema_version": 3}
    assert {name: account[name] for name in expected} == expected
    assert account["integrity"] == "ok"
    assert (account["oldest_unsent_s"], account["damaged_files"]) == (0, [])
    assert account["size_bytes"] > 0


def test_status_for_people_names_what_was_set_aside(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    outbox, _ = filled(path)
    outbox.close()
    lines = told("status", "--file", str(path)).splitlines()

    shown = {line[:16].strip(): line[16:] for line in lines}
    assert (shown["unsent"], shown["unacknowledged"]) == ("1", "2")
    assert shown["integrity"] == "not checked (--check)"
    assert shown["set aside"].startswith("outbox.db.damaged-")


def test_status_says_that_a_file_is_damaged(path: Path) -> None:
    outbox, _ = filled(path)
    outbox.close()
    before = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(before.rindex(b'"specversion"') // 4096 * 4096)
        file.write(bytes(4096))
    done = runner.invoke(outbox_app, ["status", "--check", "--file", str(path)])

    assert done.exit_code == 1
    assert "damaged" in done.output
    assert len(done.stderr.splitlines()) <= 1


def test_list_shows_what_happened_and_to_nobody(path: Path) -> None:
    outbox, events = filled(path)
    lines = told("list", "--file", str(path)).splitlines()
    outbox.close()

    assert [line.split("\t")[0] for line in lines] == [event.event_id for event in events]
    assert [line.split("\t")[4] for line in lines] == ["acknowledged"] * 2 + ["sent", "unsent"]
    assert lines[0].split("\t")[1:4] == ["2024-02-29T09:00:00Z", "accepted", "ok"]
    assert all(mark(n) not in "".join(lines) for n in range(1, 5))
    assert "sealed" not in "".join(lines)


@pytest.mark.parametrize(("option", "first"), [([], 0), (["--unacknowledged"], 2)])
def test_export_is_byte_for_byte(path: Path, option: list[str], first: int) -> None:
    outbox, events = filled(path)
    target = path.with_name("events.jsonl")
    said = told("export", str(target), "--file", str(path), *option)
    outbox.close()

    assert target.read_bytes() == b"".join(event.body + b"\n" for event in events[first:])
    assert said == f"{target}: {len(events) - first} events\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.glob("*events*")) == ["events.jsonl"]


def test_export_of_a_damaged_file_has_all_that_can_be_read(path: Path) -> None:
    outbox, events = filled(path)
    outbox.close()
    whole = path.read_bytes()
    path.write_bytes(bytes(100) + whole[100:])
    target = path.with_name("events.jsonl")
    told("export", str(target), "--file", str(path))

    assert set(target.read_bytes().splitlines()) == {event.body for event in events}


def test_an_export_that_fails_leaves_what_was_there(path: Path) -> None:
    outbox, _ = filled(path)
    outbox.close()
    target = path.with_name("events.jsonl")
    target.write_bytes(b"before\n")
    line = told("export", str(target), "--file", str(path.with_name("none.db")), code=1)
    assert line.count("\n") == 1
    assert target.read_bytes() == b"before\n"
    nowhere = path / "deep" / "events"
    line = told("export", str(nowhere), "--file", str(path), code=1)
    assert line == f"{nowhere}: cannot be written: Not a directory\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "card") as mounted:
        yield mounted


def test_a_card_mounted_read_only_is_read_with_its_log(disk: SmallDisk, tmp_path: Path) -> None:
    alive, events = filled(tmp_path / "outbox.db")
    for end in ("", "-wal"):
        copy = disk.folder / f"outbox.db{end}"
        copy.write_bytes((tmp_path / f"outbox.db{end}").read_bytes())
    alive.close()
    disk.read_only(on=True)
    target = tmp_path / "events.jsonl"
    told("export", str(target), "--file", str(disk.folder / "outbox.db"))
    disk.read_only(on=False)

    assert target.read_bytes().splitlines() == [event.body for event in events]
    assert sorted(f.name for f in disk.folder.iterdir()) == ["outbox.db", "outbox.db-wal"]


def test_resend_works_while_the_kiosk_runs(path: Path) -> None:
    outbox, events = filled(path)
    config = str(config_for(path))

    assert told("resend", "--config", config, "--from", "3") == "1 events will be sent again\n"
    assert [e.seq for e in outbox.pending(0, 10)] == [3, 4]
    said = told("resend", "--config", config, "--epoch", epoch_of(events))
    assert said == "2 events will be sent again\n"
    assert outbox.pending(0, 10) == events
    assert "no epoch" in told("resend", "--config", config, "--epoch", "f" * 16, code=1)
    outbox.close()


@pytest.mark.parametrize(
    "command", [["status"], ["list"], ["export", "events.jsonl"], ["resend"]], ids=lambda c: c[0]
)
def test_what_is_wrong_is_one_line(path: Path, command: list[str]) -> None:
    config = str(config_for(path))
    command = [str(path.with_name(word)) if "." in word else word for word in command]
    assert told(*command, "--config", config, code=1) == f"{path}: there is no outbox\n"
    memory = str(config_for(path, "memory"))
    assert "outbox.kind" in told(*command, "--config", memory, code=78)
    missing = str(path.with_name("none.toml"))
    assert len(told(*command, "--config", missing, code=78).splitlines()) == 1
