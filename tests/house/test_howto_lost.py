"""The how-to about a stolen kiosk does what it says: real kiosks, broker, ledger and server."""

from pathlib import Path

import pytest

from kiosk.door.credential import Credential
from ledger.storage.tables import event, series
from provisioning import keys
from provisioning.fleet import many
from tests.e2e.door import Door
from tests.e2e.door import toml as as_toml
from tests.parts.broker import program
from tests.parts.fleet_at_work import LEDGER_TOML, SITE, AtWork
from tests.parts.fleets import PHRASE, Client
from tests.parts.ledgers import rows
from tests.parts.markdown import ROOT, blocks
from tests.parts.page_reader import reading
from tests.parts.serving import provision

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(300),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PAGE = ROOT / "docs/howto/lost-or-stolen-kiosk.md"
NAME, DEVICE = "hk-042/door-2", "door-2"
PERSON = "099090000001||Nguyễn Văn An|01011990|Nam|Số 1 Hàng Bạc, Hà Nội|15042021"
OTHER = "099090000002||Trần Văn Bình|01011990|Nam|Số 2 Hàng Bạc, Hà Nội|15042021"


def key_section(path: Path) -> dict[str, object]:
    return {"site_key": None, "site_key_file": path}


def stolen(work: AtWork) -> Path:
    """Let a kiosk pass somebody, deliver it, pass somebody alone, and vanish; return its key."""
    first = work.folder / "first.key"
    terms = keys.terms_of(SITE, 14)
    keys.write_site_key(work.folder / "root.key", PHRASE, terms, keys.period_now(14), first)
    held = work.enrolled(NAME)
    door = Door(
        work.folder / "stolen", work.door_settings(held, DEVICE, identity=key_section(first))
    )
    with door:
        door.passes(PERSON)
        work.wait_until_stored(NAME, 1)
        work.broker.kill()
        door.passes(OTHER)
        door.process.kill()
        door.wait()
    work.broker.start()
    return held


def prepared(folder: Path) -> AtWork:
    """Return what an operator has before the day on which a kiosk is stolen."""
    work = AtWork(folder)
    work.enrolled(f"{SITE}/door-1")
    provision(folder, "lists", "key", "operator.pem", "--passphrase-file", "passphrase")
    (folder / "declared.csv").write_text("kind,id,valid_until\ncccd,099090000003,2099-12-31\n")
    (folder / "barred.csv").write_text("kind,id\ncccd,099090000004\n")
    new = folder / "new"
    new.mkdir()
    enrolment = {"key_file": new / many.KEY, "ca_file": new / many.ROOT}
    door = {"site": SITE, "device": DEVICE, "direction": "in"}
    (folder / "door.toml").write_text(as_toml({"kiosk": door, "enrolment": enrolment}))
    return work


def handles(work: AtWork) -> dict[str, list[str]]:
    """Return the handles in the ledger by their epochs."""
    epochs = dict(rows(work.database, series.c.id, series.c.epoch))
    found: dict[str, list[str]] = {}
    for series_id, _, handle in rows(work.database, event.c.series_id, event.c.seq, event.c.handle):
        found.setdefault(epochs[series_id], []).append(handle)
    return found


def handle_of(work: AtWork, generation: int) -> str:
    """Return the person's handle as the operator computes it."""
    terms, period = keys.terms_of(SITE, 14), keys.period_now(14)
    root, person = work.folder / "root.key", Credential("cccd", PERSON.partition("|")[0])
    (found,) = keys.handles(root, PHRASE, person, [terms], [period], generation)
    return found.handle


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    work = prepared(tmp_path)
    here = {
        f"kiosk-ledger {name}": f"kiosk-ledger {name} --config {LEDGER_TOML}"
        for name in ("kiosks", "gaps")
    }
    followed = [block for block in blocks(PAGE) if not any("not run" in m for m in block.marks)]
    assert len(followed) >= 16
    with work.running(), reading(tmp_path, here) as reader:
        thiefs = stolen(work)
        (before,) = handles(work)
        for block in followed:
            work.follow(reader, block)
        anew = tmp_path / "new" / many.KEY
        assert Client(work.broker.port, thiefs, thiefs.with_name(many.ROOT)).outcome() != "Success"
        settings = work.door_settings(anew, DEVICE, identity=key_section(tmp_path / "site.key"))
        with Door(tmp_path / "replacement", settings) as door:
            epoch = door.passes(PERSON).partition(":")[0]
            work.said.waits_for("a kiosk began a new epoch")
            work.wait_until_stored(NAME, 1, epoch)
        found = handles(work)
        # What the thief had not delivered is not missed by anybody.
        assert {epoch: len(each) for epoch, each in found.items()} == dict.fromkeys(found, 1)
        assert found[before] == [handle_of(work, 1)]
        assert found[epoch] == [handle_of(work, 2)]
