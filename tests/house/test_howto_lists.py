"""The how-to about lists does what it says, from an operator's key to a kiosk without a network."""

import json
from pathlib import Path

import pytest

from kiosk.identity.periods import SiteKey, Terms, as_text
from provisioning.broker import Broker
from provisioning.issuer_file import IssuerFile
from tests.parts.broker import program
from tests.parts.issuers import ward
from tests.parts.markdown import ROOT, Block, blocks
from tests.parts.page_reader import reading

PAGE = ROOT / "docs/howto/publish-lists.md"
NOT_FOLLOWED = ("toml",)
"""What goes into a kiosk's settings; the settings of this test have it."""


def settings(folder: Path) -> str:
    sections: dict[str, dict[str, object]] = {
        "kiosk": {"site": "hk-042", "device": "door-1", "direction": "in"},
        "identity": {"site_key_file": "site.key", "device_key_file": "device.key"},
        "camera": {"kind": "synthetic"},
        "gpio": {"pins": "mock"},
        "outbox": {"kind": "sqlite", "path": "outbox.db"},
        "uplink": {"kind": "stdout"},
        "lists": {"folder": "held", "signers": ["operator.pem.pub"]},
    }
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines).replace('"site.key"', json.dumps(str(folder / "site.key"))) + "\n"


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    key = SiteKey(bytes(range(32)), Terms("hk-042", 14), 1500)
    (tmp_path / "site.key").write_text(as_text(key))
    (tmp_path / "issuer.json").write_text(IssuerFile.of(ward().key()).text())
    (tmp_path / "door.toml").write_text(settings(tmp_path))
    (tmp_path / "broker").mkdir()
    here = {"sudo ": "", "/etc/kiosk/config.toml": "door.toml"}
    followed = [follow for follow in map(_step, blocks(PAGE)) if follow is not None]
    with (
        Broker(tmp_path / "broker") as broker,
        reading(tmp_path, {**here, "18831": str(broker.port)}) as reader,
    ):
        for block in followed:
            reader.follow(block)
    assert len(followed) > 20


def _step(block: Block) -> Block | None:
    is_acl = block.language == "text" and block.text.startswith("user operator")
    return None if is_acl or block.language in NOT_FOLLOWED else block
