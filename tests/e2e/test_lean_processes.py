"""What the two processes of a kiosk never load: each of these takes memory for years.

The interpreter itself tells what it imports, in the real processes, up to a card that was taken.
"""

import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.eye.people import person
from provisioning.broker import Broker
from tests.e2e.door import Door, mqtt
from tests.e2e.test_two_processes import eye_of

AN = person(random.Random(11))
TOLD = {"PYTHONPROFILEIMPORTTIME": "1"}
_LINE = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)

BOTH = {
    "asyncio": "3 MB; threads and queues do all that is done here",
    "kiosk.app.cli": "the other commands and their library: they end, these two do not",
    "kiosk.app.config_cli": "a command",
    "kiosk.doctor": "a command",
    "pydantic_settings": "4 MB, for what forty lines of ours read from the environment",
    "rich": "2 MB; draws in terminals",
    "structlog": "11 MB with what it loads; kiosk.app.logs says the same lines",
    "typer": "4 MB; reads the options of commands",
}
EYE = {
    "cryptography": "8 MB, and the eye holds no key",
    "gpiozero": "2 MB, and the eye drives no pin",
    "kiosk.app.sections": "what a door is described with, and what that is made of",
    "kiosk.app.wiring": "the other process",
    "kiosk.door.event": "what is recorded; the eye only reads",
    "kiosk.door.machine": "decides",
    "kiosk.identity": "keys",
    "paho": "the eye has no network",
    "sqlite3": "the eye writes nothing",
}
KIOSK = {
    "PIL": "3 MB; pictures are the eye's business",
    "kiosk.eye.cameras.synthetic": "a camera",
    "kiosk.eye.look": "looks at pictures",
    "segno": "draws codes",
    "zbarlight": "2 MB; a decoder",
    "zxingcpp": "2 MB; a decoder",
}


def test_both_processes_load_only_what_they_use(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="eye-") as folder, Broker(tmp_path) as broker:
        sections = {**mqtt(broker.port), "eye": {"socket": f"{folder}/eye.sock"}}
        with Door(tmp_path / "door", sections, TOLD) as door, eye_of(door, TOLD):
            door.next("eye up")
            door.passes(AN)
            door.stop()
        kiosk = imported(str(fact.get("line", "")) for fact in door.facts)
        eye = imported(door.config.with_name("eye.log").read_text("utf-8").splitlines())
    # Seen at work, or nothing below would prove anything.
    assert {"kiosk.app.daemon", "paho.mqtt.client", "sqlite3"} <= kiosk
    assert {"kiosk.eye.watch", "zxingcpp", "PIL.Image"} <= eye
    assert loaded(kiosk, {**BOTH, **KIOSK}) == {}
    assert loaded(eye, {**BOTH, **EYE}) == {}


def imported(lines: Iterable[str]) -> set[str]:
    """Return the modules that an interpreter told of."""
    return set(_LINE.findall("\n".join(lines)))


def loaded(modules: set[str], unwanted: Mapping[str, str]) -> dict[str, str]:
    """Return what is there and should not be, and why it should not."""
    return {
        name: why
        for name, why in unwanted.items()
        if any(module == name or module.startswith(f"{name}.") for module in modules)
    }
