"""A kiosk's whole disk in the hands of a thief, and everything that he can sign with what is on it.

Every secret of 32 bytes is an Ed25519 key for whoever wants one, so each of them is tried, and the
one real signing key besides; under its own name and under the name of whoever is to be played.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.door.event import CheckInEvent
from kiosk.enrolment.keys import Held, held_in
from kiosk.identity.periods import site_key_in
from kiosk.lists.signed import kid_of
from kiosk.onboarding import bootstrap
from kiosk.payloads.parts.trust import Algorithm
from provisioning.fleet import many
from tests.parts.issuers import Issuer

OUTBOX, SITE_KEY, DEVICE_KEY, BOOTSTRAP = "outbox.db", "site.key", "device.key", "bootstrap.key"
PRIVATE_KEYS = frozenset({many.KEY, BOOTSTRAP})
"""Files of a kiosk that hold a private key: for the broker, and for Wi-Fi passwords."""


@dataclass(frozen=True)
class Disk:
    """What lies in a kiosk's folders, copied after its plug was pulled."""

    folder: Path

    @property
    def held(self) -> Held:
        """The key and the certificate for the broker."""
        return held_in((self.folder / many.KEY).read_bytes())

    def files(self) -> dict[str, bytes]:
        """Return every file, by its path on the disk."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def secrets(self) -> dict[str, bytes]:
        """Return every secret on it, 32 bytes each, by its file."""
        number = self.held.key.private_numbers().private_value
        return {
            SITE_KEY: site_key_in((self.folder / SITE_KEY).read_text("ascii")).key,
            DEVICE_KEY: (self.folder / DEVICE_KEY).read_bytes(),
            many.KEY: number.to_bytes(32, "big"),
            BOOTSTRAP: bootstrap.load_or_make(self.folder / BOOTSTRAP).private_bytes_raw(),
        }

    def events(self) -> list[CheckInEvent]:
        """Return the check-ins in its outbox."""
        with closing(sqlite3.connect(self.folder / OUTBOX)) as db:
            rows = db.execute("SELECT body FROM event WHERE name = 'checkin' ORDER BY row")
            return [CheckInEvent.model_validate_json(body) for (body,) in rows]

    def unsent(self) -> list[str]:
        """Return the ids of the events that no broker has taken over."""
        with closing(sqlite3.connect(self.folder / OUTBOX)) as db:
            rows = db.execute("SELECT event_id FROM event JOIN unsent USING (row)")
            return [event_id for (event_id,) in rows]

    def forgers(self, name: str, kid: bytes) -> Iterator[Issuer]:
        """Yield whoever the thief can be who calls himself `name`, and his key `kid` or its own."""
        for secret in self.secrets().values():
            key = Ed25519PrivateKey.from_private_bytes(secret)
            for said in (kid, kid_of(key.public_key().public_bytes_raw())):
                yield Issuer(name, said, Algorithm.EDDSA, key, "card")
        yield Issuer(name, kid, Algorithm.ES256, self.held.key, "card")
