"""Opening, erasing, expiring: who is asked about, and what is left of a person afterwards."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kiosk.door.credential import Credential
from kiosk.door.event import CheckIn
from ledger.cli import app
from ledger.errors import SettingsError
from ledger.reading import MAX_BODY_BYTES, read
from ledger.source import Message
from ledger.storage import Storage
from ledger.storage.opening import Database
from ledger.storage.tables import audit, event, unread
from tests.parts.authorities import PASSPHRASE, Office, office
from tests.parts.kiosk_events import EPOCH, NOW_US, OTHER, SOURCE, check_in, message
from tests.parts.ledgers import rows

DAY_US = 86_400_000_000
PEOPLE = {number: f"0990900000{number:02}" for number in range(1, 8)}


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.toml"
    path.write_text(f'[storage]\nurl = "{database.address}"\n[source]\nkind = "mqtt"\nhost = "x"\n')
    (tmp_path / "authority.key").write_bytes(office().file())
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    return path


def said(number: int, whose: Office | None = None, source: str = SOURCE) -> CheckIn:
    """Return the check-in of the person `number`, sealed and with a key period."""
    plain = check_in(number).model_copy(update={"period": 1484})
    return (whose or office()).seal(plain, Credential("cccd", PEOPLE[number]), source)


def run(config: Path, *words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [*words, "--config", str(config)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def opened(config: Path, *words: str, code: int = 0) -> list[dict[str, str | None]]:
    folder = config.parent
    done = run(
        config,
        *("open", "--key", str(folder / "authority.key"), "--reason", "case 12", "--who", "lan"),
        *("--passphrase-file", str(folder / "passphrase"), "--json", *words),
        code=code,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def store(storage: Storage, numbers: Sequence[int], now_us: int = NOW_US) -> None:
    storage.store([read(message(number, said(number))) for number in numbers], now_us)


def everything(database: Database, folder: Path) -> bytes:
    """Return all that a SQLite database left on the disk."""
    if "sqlite" not in database.address:
        pytest.skip("what PostgreSQL leaves is VACUUM's")
    return b"".join(path.read_bytes() for path in folder.glob("ledger.db*"))


def test_events_are_opened_by_number_and_by_handle(config: Path, storage: Storage) -> None:
    store(storage, [1, 2, 3])
    found = opened(config, "--event", f"{EPOCH}:1", "--handle", f"{3:032x}")
    assert [(each["id"], each["kind"], each["subject_id"]) for each in found] == [
        (f"{EPOCH}:1", "cccd", PEOPLE[1]),
        (f"{EPOCH}:3", "cccd", PEOPLE[3]),
    ]
    assert found[0]["kiosk"] == "hk-test/door-1"
    assert found[0]["at"] == "2024-02-29T08:00:01Z"


@pytest.mark.threat("look-up-person")
def test_the_audit_says_who_why_and_which_and_never_whose(
    config: Path, database: Database, storage: Storage
) -> None:
    store(storage, [1, 2])
    opened(config, "--handle", f"{2:032x}")
    ((who, what, reason, key_id, events),) = rows(
        database, audit.c.who, audit.c.what, audit.c.reason, audit.c.key_id, audit.c.events
    )
    assert (who, what, reason, events) == ("lan", "open", "case 12", f"{SOURCE} {EPOCH}:2")
    assert key_id == office().authority.key_id


@pytest.mark.threat("look-up-person")
def test_nothing_is_opened_where_the_audit_cannot_be_written(
    config: Path, database: Database, storage: Storage
) -> None:
    store(storage, [1])
    engine = database.engine(writes=True)
    with engine.begin() as connection:
        audit.drop(connection)
    engine.dispose()
    asked = CliRunner().invoke(
        app,
        [
            *("open", "--key", str(config.parent / "authority.key"), "--reason", "case 12"),
            *("--passphrase-file", str(config.parent / "passphrase"), "--event", f"{EPOCH}:1"),
            *("--config", str(config)),
        ],
    )
    assert asked.exception is not None
    assert PEOPLE[1] not in asked.output


@pytest.mark.threat("alter-event", "open-identities")
def test_what_was_sealed_to_another_or_moved_stays_shut(config: Path, storage: Storage) -> None:
    moved = said(3, source=OTHER)
    events = [(1, said(1)), (2, said(2, office(2))), (3, moved), (4, check_in(4))]
    storage.store([read(message(seq, each)) for seq, each in events], NOW_US)
    words = [word for seq in range(1, 5) for word in ("--event", f"{EPOCH}:{seq}")]
    found = opened(config, *words, code=1)
    assert [each["subject_id"] for each in found] == [PEOPLE[1], None, None, None]
    assert [each["why_not"] for each in found] == [
        None,
        f"sealed to another key: {office(2).authority.key_id}",
        "altered, or taken from another event",
        "nothing was sealed, or it was erased",
    ]


@pytest.mark.parametrize(
    ("content", "passphrase", "words", "said_of_it"),
    [
        (office().file(), "another passphrase", ["--event", f"{EPOCH}:1"], "wrong passphrase"),
        (office().plain_file(), PASSPHRASE, ["--event", f"{EPOCH}:1"], "is not encrypted"),
        (b"nonsense", PASSPHRASE, ["--event", f"{EPOCH}:1"], "wrong passphrase, or no private"),
        (office().file(), PASSPHRASE, [], "name events as"),
        (office().file(), PASSPHRASE, ["--event", PEOPLE[1]], "name events as"),
        (office().file(), PASSPHRASE, ["--handle", PEOPLE[1]], "a handle is 32 hex digits"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(
    config: Path, content: bytes, passphrase: str, words: list[str], said_of_it: str
) -> None:
    key, secret = config.parent / "authority.key", config.parent / "passphrase"
    key.write_bytes(content)
    secret.write_text(passphrase)
    done = CliRunner().invoke(
        app,
        [
            *("open", "--key", str(key), "--reason", "case 12", "--passphrase-file", str(secret)),
            *("--config", str(config), *words),
        ],
    )
    assert isinstance(done.exception, SettingsError)
    assert said_of_it in str(done.exception)
    assert PEOPLE[1] not in str(done.exception)


def test_a_reason_is_asked_for(config: Path) -> None:
    handle = ("--handle", f"{2:032x}", "--config", str(config))
    done = CliRunner().invoke(app, ["erase", "--reason", " ", *handle])
    assert isinstance(done.exception, SettingsError)
    assert CliRunner().invoke(app, ["erase", *handle]).exit_code == 2


def held(database: Database) -> list[tuple[object, ...]]:
    return rows(
        database, event.c.seq, event.c.handle, event.c.sealed, event.c.period, event.c.expired
    )


def test_a_person_is_erased_and_the_numbers_stay(
    config: Path, database: Database, storage: Storage, tmp_path: Path
) -> None:
    twice = said(2).model_copy(update={"clock": said(5).clock})
    storage.store([read(message(n, said(n))) for n in (1, 2, 3)], NOW_US)
    storage.store([read(message(4, twice))], NOW_US + 3 * DAY_US)
    late = Message(f"{SOURCE}/event/checkin", b'{"type": "v9", "handle": "%032x"}' % 2)
    storage.store([read(late)], NOW_US)
    sealed = said(2).sealed or ""
    storage.close()
    done = run(config, "erase", "--reason", "asked for it", "--handle", f"{2:032x}")
    assert "2 events and 1 unread messages" in done.stdout
    assert [(seq, handle) for seq, handle, *_ in held(database)] == [
        (1, f"{1:032x}"),
        (2, None),
        (3, f"{3:032x}"),
        (4, None),
    ]
    assert {each[1:] for each in held(database) if each[0] in (2, 4)} == {(None, None, None, True)}
    assert [body for (body,) in rows(database, unread.c.body)] == [b""]
    ((what, events),) = rows(database, audit.c.what, audit.c.events)
    assert (what, events.splitlines()) == ("erase", [f"{SOURCE} {EPOCH}:2", f"{SOURCE} {EPOCH}:4"])
    disk = everything(database, tmp_path)
    assert f"{1:032x}".encode() in disk
    assert f"{2:032x}".encode() not in disk
    assert sealed.encode() not in disk


def test_an_erased_event_that_is_sent_again_stays_erased(
    config: Path, database: Database, storage: Storage
) -> None:
    store(storage, [1, 2])
    run(config, "erase", "--reason", "asked for it", "--handle", f"{2:032x}")
    again = storage.store([read(message(2, said(2)))], NOW_US)
    assert (again.repeated, again.unread) == (1, 0)
    assert held(database)[1][1] is None
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 2}


def test_retention_blanks_the_oldest_first_and_a_bounded_number(
    database: Database, storage: Storage
) -> None:
    store(storage, [1, 2, 3], NOW_US)
    store(storage, [4, 5], NOW_US + DAY_US)
    before_us = NOW_US + 1
    assert [storage.expire(before_us, 2) for _ in range(3)] == [True, True, False]
    assert [each[0] for each in held(database) if each[-1]] == [1, 2, 3]
    assert [handle for _, handle, *_ in held(database)][3:] == [f"{4:032x}", f"{5:032x}"]
    assert storage.acknowledgements([SOURCE])[0].epochs == {EPOCH: 5}
    assert not storage.expire(before_us, 2)


def test_retention_takes_what_could_not_be_read_too(database: Database, storage: Storage) -> None:
    raw = Message(f"{SOURCE}/event/checkin", b"x" * MAX_BODY_BYTES)
    storage.store([read(raw)], NOW_US)
    assert not storage.expire(NOW_US, 10)
    assert storage.expire(NOW_US + 1, 10)
    assert [body for (body,) in rows(database, unread.c.body)] == [b""]


def test_nothing_of_a_thousand_expired_people_is_left_on_the_disk(
    database: Database, storage: Storage, tmp_path: Path
) -> None:
    numbers = range(1, 1001)
    storage.store([read(message(n)) for n in numbers], NOW_US)
    assert re.search(f"{999:032x}".encode(), everything(database, tmp_path))
    while storage.expire(NOW_US + 1, 300):
        pass
    storage.close()
    disk = everything(database, tmp_path)
    assert not [n for n in numbers if f"{n:032x}".encode() in disk]


def test_expire_by_hand_says_what_it_did(
    config: Path, database: Database, storage: Storage
) -> None:
    store(storage, [1])
    assert "older than 28 days" in run(config, "expire").stdout
    assert held(database)[0][-1] is True


def test_an_event_is_read_with_and_without_a_period(database: Database, storage: Storage) -> None:
    storage.store([read(message(1)), read(message(2, said(2)))], NOW_US)
    body = json.loads(message(3).body)
    del body["data"]["period"]
    storage.store([read(Message(message(3).topic, json.dumps(body).encode()))], NOW_US)
    assert [period for (period,) in rows(database, event.c.period) if period] == [1484]
    assert [seq for seq, *_ in held(database)] == [1, 2, 3]
