"""The guide to a venue's rules tells the truth, and so does the table on the door's page."""

import json
import tomllib
from pathlib import Path

import pytest

from docs.rules_page import ASKED
from kiosk.app.conduct import conduct_of
from kiosk.app.settings import load_kiosk
from kiosk.door.rules import REFUSALS, Passback, Reason, Rule
from tests.parts.markdown import ROOT, blocks
from tests.parts.page_reader import reading

TUTORIAL = ROOT / "docs/tutorial/first-door.md"
GUIDE = ROOT / "docs/howto/rules.md"
SAVED = {b.marks["save"]: b.text for b in blocks(GUIDE) if "save" in b.marks}


def door_toml(folder: Path) -> Path:
    """Leave the tutorial's settings there, with the key that they name."""
    saved = {b.marks["save"]: b.text for b in blocks(TUTORIAL) if "save" in b.marks}
    settings = saved["door.toml"].partition("[uplink]")[0] + '[uplink]\nkind = "stdout"\n'
    (folder / "site.key").write_text("5e" * 32, encoding="ascii")
    (folder / "card.json").write_text(saved["card.json"], encoding="utf-8")
    path = folder / "door.toml"
    path.write_text(settings, encoding="utf-8")
    return path


def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    door_toml(tmp_path)
    with reading(tmp_path, {}) as reader:
        draw = next(b for b in blocks(TUTORIAL) if "scenes card.json card.png" in b.text)
        reader.follow(draw)
        for block in blocks(GUIDE):
            reader.follow(block)


@pytest.mark.parametrize("name", SAVED)
def test_every_venue_s_settings_can_be_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sections = tomllib.loads(SAVED[name])
    environ = {
        f"KIOSK_{section}__{key}".upper(): value if isinstance(value, str) else json.dumps(value)
        for section, keys in sections.items()
        for key, value in keys.items()
    }
    rules = conduct_of(load_kiosk(door_toml(tmp_path), environ)).rules
    facts = {
        "market.toml": rules.accept == {"card"} and rules.passback is Passback.TIMED,
        "shop.toml": rules.capacity == 20,
        "school.toml": rules.declaration and rules.passback is Passback.SOFT,
    }
    assert facts[name]


def test_the_table_of_rules_has_every_rule_and_every_refusal() -> None:
    assert list(REFUSALS) == list(ASKED) == list(Rule)
    told = [reason for reasons in REFUSALS.values() for reason in reasons]
    assert len(told) == len(set(told))
    assert set(Reason) - set(told) == {Reason.OK, Reason.CLOCK_UNTRUSTED}
