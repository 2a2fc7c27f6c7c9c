"""The how-tos about keys and about a city's broker do what they say.

That doors go on meanwhile is shown in `tests/e2e/test_rotation_fleet.py` and
`test_rotation_signers.py`.
"""

import re
from pathlib import Path

import pytest

from docs import scale_page
from tests.parts.broker import program
from tests.parts.fleet_at_work import LEDGER_TOML, AtWork
from tests.parts.fleets import Client
from tests.parts.ledger_worker import settings_of
from tests.parts.markdown import ROOT, blocks
from tests.parts.page_reader import reading
from tests.parts.serving import provision

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(300),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KEYS = ROOT / "docs/howto/rotate-keys.md"
CITY = ROOT / scale_page.PAGE
SECRET = ("--passphrase-file", "passphrase")


def test_the_page_about_keys_does_what_it_says(tmp_path: Path) -> None:
    work = AtWork(tmp_path)
    (tmp_path / "revoked.txt").write_text("00a1b2c3d4e5f607\n")
    provision(tmp_path, "cards", "init", "--ward", "vn-00070", "--folder", "ward", *SECRET)
    old = work.enrolled("hk-042/door-1")
    followed = blocks(KEYS)
    assert len(followed) >= 20
    here = {"--host broker.example": "--host 127.0.0.1", "for broker.example": "for 127.0.0.1"}
    with work.broker, reading(tmp_path, here) as reader:
        for block in followed:
            work.follow(reader, block)
        work.broker.stop()
        work.broker.start()
        # The old issuing key is gone, and the broker is one of the new.
        assert Client(work.broker.port, old, old.with_name("ca.pem")).outcome() != "Success"
        new = work.fleet.write(tmp_path / "new", work.reopened().enrol_here("hk-042", "door-2"))
        with Client(work.broker.port, new, new.with_name("ca.pem")):
            pass


def test_every_key_in_the_table_has_its_section() -> None:
    text = KEYS.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    named = {anchor for row in rows for anchor in re.findall(r"\(#([\w-]+)\)", row)}
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    assert named == anchors - {"every-key"}


def test_the_page_about_a_city_s_broker_does_what_it_says(tmp_path: Path) -> None:
    work = AtWork(tmp_path)
    work.database.migrate()
    settings_of(tmp_path, 1, tmp_path / "ledger" / "enrolled.key")
    followed = [block for block in blocks(CITY) if block.language in {"sh", "text"}]
    with reading(tmp_path, {"ledger.toml": LEDGER_TOML}) as reader:
        for block in followed:
            reader.follow(block)
    assert len(followed) == 3
    shown = [(tmp_path / f"node-{place}/broker.pem").read_bytes() for place in (1, 2)]
    assert shown[0] != shown[1]
