"""A kiosk that nobody has provisioned, before a drawn camera, and the codes of a real fleet."""

import hashlib
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.door import PATIENCE_S, Door, Sections
from tests.parts.fleets import Fleet
from tests.parts.lists import pem_of
from tests.parts.onboarding_codes import onboarder, onboarding_code

EXIT_RESTART = 75


class Newcomer(Door):
    """A kiosk that knows who may onboard it, and nothing else of who it is."""

    def __init__(self, folder: Path, sections: Sections | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        signers = folder / "onboarding.pub"
        signers.write_bytes(pem_of(onboarder()))
        self.held, self.root = folder / "enrolled.key", folder / "root.pem"
        self.left, self.code = folder / "onboarded.toml", folder / "onboarding.code"
        self.site_key = folder / "site.key"
        own: Sections = {
            "kiosk": {"site": None, "device": None},
            "identity": {"site_key": None, "site_key_file": self.site_key},
            "uplink": {"kind": "mqtt", "will_delay_s": 0},
            "enrolment": {"key_file": self.held, "ca_file": self.root},
            "onboarding": {
                "signers": [str(signers)],
                "file": self.left,
                "bootstrap_key_file": folder / "bootstrap.key",
                "network_socket": folder / "network",
            },
        }
        for name, values in (sections or {}).items():
            own[name] = {**own.get(name, {}), **values}
        super().__init__(folder, own)

    def shows(self, signal: str, **facts: Any) -> None:
        """Wait until the lights say this to whoever onboards the kiosk."""
        self.next("onboarding", shown=signal, **facts)

    def is_onboarded(self) -> None:
        """Wait until it has ended for the door to start, and holds nothing of the code any more."""
        assert self.wait() == EXIT_RESTART, self.tail()
        assert self.left.exists(), self.tail()
        assert not self.code.exists()

    def ends_onboarded(self) -> bool:
        """Tell whether this start goes on with a code, and wait for its end; else a door starts."""
        with self._changed:
            self._changed.wait_for(lambda: self._says_which() is not None, PATIENCE_S)
        if not self._says_which():
            return False
        self.is_onboarded()
        return True

    def _says_which(self) -> bool | None:
        for line in self.facts[self._at :]:
            if line["event"] in ("onboarding", "starting"):
                return bool(line["event"] == "onboarding")
        return None

    def starts_again(self) -> None:
        """Start it as systemd would."""
        self.wait()
        self.start()


def pin_of(fleet: Fleet) -> bytes:
    root = fleet.folder.root_certificate()
    return hashlib.sha256(root.public_bytes(Encoding.DER)).digest()


def claim_for(fleet: Fleet, site: str = "hk-042", device: str = "door-1") -> bytes:
    fleet.add_sites(site)
    return fleet.registrar.claim_for(site, device)[0]


def code_of(
    fleet: Fleet, server: str, port: int, key: Ed25519PrivateKey | None = None, **changed: Any
) -> str:
    """Return the text of a code for a door of this fleet, with a new claim and without Wi-Fi."""
    said: dict[str, Any] = {
        "server": server,
        "pin": pin_of(fleet),
        "host": "127.0.0.1",
        "port": port,
        "issued_s": int(time.time()),
        "wifi": None,
        **changed,
    }
    if "claim" not in said:
        where = said.get("site", "hk-042"), said.get("device", "door-1")
        said["claim"] = claim_for(fleet, *where)
    return onboarding_code(key, **said).decode()
