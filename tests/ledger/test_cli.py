"""The command: one line for what is wrong, lists for people and for programs."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from ledger.cli import app
from ledger.errors import EXIT_SETTINGS, LedgerError, SettingsError
from ledger.reading import read
from ledger.storage import Storage
from ledger.storage.opening import Database
from ledger.storage.tables import event
from tests.parts.kiosk_events import EPOCH, NOW_US, OTHER, SOURCE, check_in, message, status
from tests.parts.ledgers import numbers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.toml"
    address = database.address
    path.write_text(f'[storage]\nurl = "{address}"\n[source]\nkind = "mqtt"\nhost = "x"\n')
    return path


def run(config: Path, *words: str) -> Result:
    done = CliRunner().invoke(app, [*words, "--config", str(config)], catch_exceptions=False)
    assert done.exit_code in (0, 1)
    return done


def lines(done: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(kind: type[LedgerError], *words: str, environ: Mapping[str, str] | None = None) -> str:
    """Return what a command says that ends with such an error."""
    done = CliRunner().invoke(app, words, env=environ)
    assert isinstance(done.exception, kind), done.exception
    return str(done.exception)


def process(
    *words: str, environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ledger", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environ,
    )


def test_kiosks_are_listed_the_most_silent_first(config: Path, storage: Storage) -> None:
    storage.store([read(message(n)) for n in (1, 2, 4)], NOW_US)
    storage.store([read(message(1, check_in(trusted=False), OTHER))], NOW_US - 60_000_000)
    storage.keep_statuses([status(), status(source="kiosk/v1/hk-test/mute")], NOW_US)

    found = lines(run(config, "kiosks", "--json"))
    assert [each["kiosk"] for each in found] == ["hk-test/mute", "hk-test/door-2", "hk-test/door-1"]
    mute, second, first = found
    assert (mute["silent_s"], mute["online"], mute["epochs"]) == (None, True, 0)
    assert (second["clock"], second["untimed"], second["online"]) == ("untrusted", True, None)
    assert (first["clock"], first["untimed"], first["missing"]) == ("trusted", False, 1)
    assert (first["epoch"], first["high"]) == (EPOCH, 4)
    assert first["last_event"] == "2024-02-29T08:00:00Z"

    silent = lines(run(config, "kiosks", "--silent", "1d", "--json"))
    assert len(silent) == 3
    assert len(lines(run(config, "kiosks", "--silent", "99999d", "--json"))) == 1
    assert "hk-test/door-2" in run(config, "kiosks").stdout


def test_gaps_are_listed_and_counted(config: Path, storage: Storage) -> None:
    assert run(config, "gaps").exit_code == 0
    storage.store([read(message(n)) for n in (1, 5)], NOW_US)
    done = run(config, "gaps", "--json")
    assert done.exit_code == 1
    (found,) = lines(done)
    assert (found["kiosk"], found["first"], found["last"], found["missing"]) == (
        "hk-test/door-1",
        2,
        4,
        3,
    )


def test_a_lost_row_is_asked_for_again(config: Path, database: Database, storage: Storage) -> None:
    storage.store([read(message(n)) for n in range(1, 7)], NOW_US)
    storage.acknowledgements([SOURCE])
    engine = database.engine(writes=True)
    with engine.begin() as connection:
        connection.execute(delete(event).where(event.c.seq.in_([3, 6])))
    engine.dispose()

    done = run(config, "resend", "hk-test/door-1", "--from", "2")
    assert "2 are missing now" in done.stdout
    assert storage.owed() == [SOURCE]
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 1}
    # Asked once; from now on it is told what there is.
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 2}
    assert storage.owed() == []
    assert storage.store([read(message(n)) for n in range(2, 7)], NOW_US).fresh == 2
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 6}


def test_what_is_stored_can_be_asked_for_too(config: Path, storage: Storage) -> None:
    storage.store([read(message(n)) for n in range(1, 4)], NOW_US)
    storage.acknowledgements([SOURCE])
    assert "0 are missing now" in run(config, "resend", "hk-test/door-1", "--from", "1").stdout
    assert [storage.acknowledgements([SOURCE])[0].epochs[EPOCH] for _ in range(2)] == [0, 3]


def test_what_no_longer_exists_can_be_given_up_and_comes_in_all_the_same(
    config: Path, database: Database, storage: Storage
) -> None:
    """A ledger that is set up late: the first events are gone, and must not hold up the rest."""
    storage.store([read(message(n)) for n in (8, 9, 12)], NOW_US)
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 0}

    assert "7 numbers of" in run(config, "write-off", "hk-test/door-1", "--to", "7").stdout
    assert storage.owed() == [SOURCE]
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 9}
    assert [each["first"] for each in lines(run(config, "gaps", "--json"))] == [10]
    assert "1 numbers of" in run(config, "write-off", "hk-test/door-1", "--to", "10").stdout
    given_up = lines(run(config, "gaps", "--written-off", "--json"))
    assert [(each["first"], each["last"]) for each in given_up] == [(1, 7), (10, 10)]
    assert [each["first"] for each in lines(run(config, "gaps", "--json"))] == [11]

    assert storage.store([read(message(n)) for n in (3, 10, 11)], NOW_US).fresh == 3
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 12}
    assert numbers(database) == [3, 8, 9, 10, 11, 12]
    assert storage.store([read(message(n)) for n in (3, 4)], NOW_US).fresh == 1
    assert run(config, "gaps").exit_code == 0


def test_tail_shows_what_comes_in_and_a_handle_only_when_asked(
    config: Path, storage: Storage
) -> None:
    storage.store([read(message(1))], NOW_US)
    for words, shows in (((), False), (("--handles",), True)):
        with subprocess.Popen(
            [sys.executable, "-m", "ledger", "tail", "--count", "1", "--json", *words,
             "--config", str(config)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        ) as follower:  # fmt: skip
            assert follower.stderr is not None
            assert follower.stdout is not None
            assert follower.stderr.readline() == "following\n"
            storage.store([read(message(2 + shows))], NOW_US)
            found = json.loads(follower.stdout.readline())
        assert (found["id"], found["at"]) == (
            f"{EPOCH}:{2 + shows}",
            f"2024-02-29T08:00:0{2 + shows}Z",
        )
        assert ("handle" in found) is shows


def test_without_tables_nothing_is_made(tmp_path: Path) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text(
        f'[storage]\nurl = "sqlite:///{tmp_path}/no.db"\n[source]\nkind = "mqtt"\nhost = "x"\n'
    )
    done = process("kiosks", "--config", str(config))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no such file; run kiosk-ledger migrate" in done.stderr
    assert not (tmp_path / "no.db").exists()


def test_migrate_says_what_it_did(config: Path, tmp_path: Path) -> None:
    assert "of version 0002 already" in run(config, "migrate").stdout
    new = tmp_path / "new.toml"
    new.write_text(config.read_text().replace("ledger.db", "new.db"))
    if "sqlite" in new.read_text():
        assert "of version 0002 now; before: none" in run(new, "migrate").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[storage]\n", "storage.url: Field required"),
        ("[storage]\nurl = 3\n", "storage.url: Input should be a valid string"),
        ('[storage]\nurl = "mysql://u:geheim@h/d"\n', "names no database that is known here"),
        ("[storge]\n", "storge: no such key"),
        ("[ingest]\nbatch = 0\n", "ingest.batch: Input should be greater than"),
        ("nonsense\n", "cannot be read"),
        ('[source]\nkind = "amqp"\n', "source.kind: no such source; known: memory, mqtt"),
        ("[source]\nport = 1\n", "source.kind: is missing"),
        ('[source]\nkind = "mqtt"\nport = 0\n', "source.host: Field required"),
        ('[source]\nkind = "mqtt"\nhost = "h"\nca_file = "no"\n', "source.ca_file: cannot be used"),
        ('[source]\nkind = "mqtt"\nhost = "h"\nreceive_maximum = 9\n', "is too small for batches"),
    ],
)
def test_wrong_settings_are_told_and_end_it(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "ledger.toml"
    for section, body in (("storage", f'url = "sqlite:///{tmp_path}/l.db"'), ("source", GOOD)):
        if f"[{section}]" not in text and text != "nonsense\n":
            text += f"[{section}]\n{body}\n"
    config.write_text(text)
    told = refused(SettingsError, "ingest", "--config", str(config))
    assert said in told
    assert "geheim" not in told


GOOD = 'kind = "mqtt"\nhost = "127.0.0.1"'


def test_a_file_that_is_not_there_and_a_variable_that_does_nothing_are_told(
    config: Path, tmp_path: Path
) -> None:
    there = ("--config", str(config))
    assert "no such file" in refused(SettingsError, "gaps", "--config", str(tmp_path / "no.toml"))
    wrong = refused(SettingsError, "gaps", *there, environ={"LEDGER_SORCE__PORT": "1"})
    assert "LEDGER_SORCE__PORT: overrides nothing" in wrong
    assert "is no duration" in refused(SettingsError, "kiosks", "--silent", "soon", *there)
    assert "nothing of it is" in refused(LedgerError, "resend", "hk/none", "--from", "1", *there)


def test_the_environment_wins_over_the_file(config: Path) -> None:
    environ = {"LEDGER_SOURCE__PORT": "70000"}
    told = refused(SettingsError, "ingest", "--config", str(config), environ=environ)
    assert "source.port: Input should be less than or equal to 65535" in told


def test_what_is_wrong_is_lines_on_standard_error_and_a_code_for_systemd(tmp_path: Path) -> None:
    done = process("ingest", "--config", str(tmp_path / "no.toml"))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (EXIT_SETTINGS, 1, "")


def test_the_example_is_one_that_works() -> None:
    done = process(
        "kiosks",
        "--config",
        "provisioning/ledger.example.toml",
        environ={"LEDGER_STORAGE__URL": "sqlite:////nowhere/ledger.db"},
    )
    assert "run kiosk-ledger migrate" in done.stderr
