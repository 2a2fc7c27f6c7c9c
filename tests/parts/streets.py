"""Two kiosks of one venue, an operator and a ledger at the fleet's broker, and who wants to cheat.

Everybody has a real certificate of one fleet, kiosks have keys, lists and settings as the product
makes them, and nobody outside these tests trusts any of it.
"""

import base64
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.enrolment.keys import held_in
from kiosk.identity.periods import Terms, as_text, derived, period_at
from kiosk.lists.form import ListName, manifest_topic, shard_topic
from kiosk.onboarding import bootstrap
from provisioning.fleet import broker_files, many
from provisioning.fleet.names import Role
from provisioning.lists.making import Made
from tests.e2e.door import Sections, mqtt
from tests.parts.authorities import office
from tests.parts.commands import commander
from tests.parts.fleets import Client, Fleet, FleetBroker
from tests.parts.issuers import ward
from tests.parts.lists import a_list, entries, issuers, operator, pem_of
from tests.parts.stolen import BOOTSTRAP, DEVICE_KEY, OUTBOX, SITE_KEY, Disk

THIEF, VICTIM = "hk-042/door-1", "hk-042/door-2"
SITE_ROOT = bytes(range(64, 96))
"""What all venues' keys are derived from; the operator's, and on no kiosk."""
PERIOD_DAYS = 14


class Street:
    """Everything but the kiosks runs once `broker` does; `published` are versions of lists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fleet = Fleet(folder / "fleet")
        self._held = {
            role.value: self._fleet.write(
                folder / role.value, self._fleet.registrar.service(role.value, role)
            )
            for role in Role
        }
        self.broker = FleetBroker(folder, self._fleet)
        self.root: x509.Certificate = self._fleet.folder.root_certificate()
        self.published: set[int] = set()

    @property
    def newest(self) -> int:
        """The newest version of the lists."""
        return max(self.published)

    def client(self, role: Role) -> Client:
        """Return the connection of an operator or a ledger."""
        held = self._held[role.value]
        return Client(self.broker.port, held, held.with_name(many.ROOT))

    def stolen(self, disk: Disk) -> Client:
        """Return a connection with what a thief found."""
        held = disk.folder / many.KEY
        return Client(self.broker.port, held, held.with_name(many.ROOT))

    def publish(self, version: int) -> int:
        """Have the operator publish the lists of issuers and of revoked cards."""
        self.published.add(version)
        with self.client(Role.OPERATOR) as desk:
            for made in (
                issuers(ward().key(), version=version),
                a_list(version=version, held=entries(version % 7 + 1)),
            ):
                _put(desk, made)
        return version

    def kiosk(self, name: str) -> tuple[Path, Sections]:
        """Enrol a kiosk and make its disk; return its folder and its settings."""
        folder = self._folder / name.replace("/", "-")
        self._held[name] = self._fleet.write(folder, self._fleet.enrolled(name))
        site, _, _ = name.partition("/")
        key = derived(SITE_ROOT, Terms(site, PERIOD_DAYS), period_at(time.time(), PERIOD_DAYS))
        (folder / SITE_KEY).write_text(as_text(key), "ascii")
        bootstrap.load_or_make(folder / BOOTSTRAP)
        for file, pem in (("lists.pub", pem_of(operator())), ("commands.pub", pem_of(commander()))):
            (folder / file).write_bytes(pem)
        public = office().private.public_key()
        info = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "authority.pub").write_bytes(info)
        return folder, self._sections(folder, name)

    def moved(self, disk: Disk, name: str) -> tuple[Path, Sections]:
        """Copy a disk for a kiosk whose settings give it another name; its keys stay."""
        folder = self._folder / f"{name.replace('/', '-')}-by-a-thief"
        shutil.copytree(disk.folder, folder)
        return folder, self._sections(folder, name)

    def impostor(self, disk: Disk) -> FleetBroker:
        """Return a server that shows the certificate on a stolen disk as its own."""
        folder = self._folder / "impostor"
        folder.mkdir()
        made = FleetBroker(folder, self._fleet)
        stolen = (disk.folder / many.KEY).read_bytes()
        for name in (broker_files.CERTIFICATE, broker_files.KEY):
            (made.files / name).write_bytes(stolen)
        return made

    def secrets(self) -> dict[str, bytes]:
        """Return every secret that is no kiosk's own, by whose it is; and the victim's."""
        raw = {
            "commands": commander().private_bytes_raw(),
            "lists": operator().private_bytes_raw(),
            "ward": bytes([1]) * 32,
            "authority": office().private.private_bytes_raw(),
            "sites": SITE_ROOT,
        }
        numbers = {"issuing key": self._fleet.signers[-1].key}
        numbers |= {name: held_in(path.read_bytes()).key for name, path in self._others().items()}
        return raw | {
            name: key.private_numbers().private_value.to_bytes(32, "big")
            for name, key in numbers.items()
        }

    def _others(self) -> Mapping[str, Path]:
        return {name: path for name, path in self._held.items() if name != THIEF}

    def _sections(self, folder: Path, name: str) -> Sections:
        site, _, device = name.partition("/")
        held = folder / many.KEY
        files = {"ca_file": folder / many.ROOT, "cert_file": held, "key_file": held}
        return {
            "kiosk": {"site": site, "device": device},
            "identity": {
                "site_key": None,
                "site_key_file": folder / SITE_KEY,
                "device_key_file": folder / DEVICE_KEY,
                "authority_key_file": folder / "authority.pub",
            },
            "outbox": {"path": folder / OUTBOX},
            "payloads": {"accept": ["cccd", "card"]},
            "lists": {"folder": folder / "lists", "signers": [str(folder / "lists.pub")]},
            "commands": {
                "signers": [str(folder / "commands.pub")],
                "direction_file": folder / "direction.json",
            },
            **mqtt(self.broker.port, tls=True, **files),
        }


def found_in(files: Mapping[str, bytes], secret: bytes) -> list[str]:
    """Return the files that hold a secret: as it is, in hexadecimal, or in base64."""
    forms = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    forms += [encode(secret) for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    return [name for name, raw in files.items() if any(form in raw for form in forms)]


def _put(desk: Client, made: Made) -> None:
    name: ListName = made.manifest.name
    messages = {shard_topic(name, None, first): body for first, body in made.shards.items()}
    for topic, body in {**messages, manifest_topic(name, None): made.raw}.items():
        assert desk.says(topic, body, retain=True) != "Not authorized"
