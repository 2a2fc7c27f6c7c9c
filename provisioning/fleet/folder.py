"""The folder of a fleet: its terms, its root, its issuing keys, its roll, its revocations.

After `ca init` the file `root.key` belongs into a safe: only a new issuing key needs it. All the
rest is what issues certificates, and lies encrypted where that is done.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from provisioning import key_file
from provisioning.errors import ProvisioningError
from provisioning.fleet import certificates
from provisioning.fleet.certificates import Signer
from provisioning.fleet.roll import Roll

_ISSUING = re.compile(r"issuing-([1-9][0-9]*)\.pem")
_LARGEST_BYTES = 64_000


class Terms(BaseModel):
    """What holds for the whole fleet: `fleet.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    name: str = Field(pattern=r"^[\w .-]{1,40}$", description="What certificates call the fleet.")
    server: str | None = Field(
        default=None, max_length=100, description="Where claims are redeemed: https://..."
    )
    device_days: int = Field(default=90, ge=1, le=825, description="How long a certificate lasts.")
    grace_days: int = Field(
        default=365, ge=0, le=3650, description="How long after its end it may still renew."
    )
    claim_hours: int = Field(default=24, ge=1, le=24 * 90, description="How long a claim waits.")


class FleetFolder:
    """The files of a fleet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root_key = path / "root.key"
        self.root = path / "root.pem"
        self.roll_path = path / "roll.db"
        self.revocations = path / "crl.pem"
        self._terms = path / "fleet.json"

    def make(self, terms: Terms, root_phrase: str, issuing_phrase: str, now_s: int) -> None:
        """Make a fleet in a new or empty folder.

        Raises:
            ProvisioningError: Something is there already, or a passphrase is too short.
        """
        if self._terms.exists():
            raise ProvisioningError(f"{self.path}: holds a fleet already; nothing was made")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ProvisioningError(f"{self.path}: cannot be made: {error.strerror}") from None
        root = certificates.make_root(terms.name, now_s)
        key_file.write(self.root_key, root.key, root_phrase)
        write(self.root, root.certificate.public_bytes(Encoding.PEM), 0o644)
        signer = self._add_issuing(root, terms, issuing_phrase, now_s)
        nothing = certificates.revocations(signer, (), now_s, now_s)
        write(self.revocations, nothing.public_bytes(Encoding.PEM), 0o644)
        write(self._terms, (terms.model_dump_json(indent=1) + "\n").encode(), 0o644)
        Roll(self.roll_path, new=True).close()

    def terms(self) -> Terms:
        """Return what holds for this fleet.

        Raises:
            ProvisioningError: There is no fleet here, or its file was damaged.
        """
        try:
            return Terms.model_validate_json(self._terms.read_bytes())
        except OSError:
            raise ProvisioningError(
                f"{self.path}: holds no fleet: kiosk-provision ca init {self.path}"
            ) from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise ProvisioningError(f"{self._terms}: {where}: {first['msg']}") from None

    def root_certificate(self) -> x509.Certificate:
        """Return the root's certificate, which every kiosk has."""
        return _certificate(self.root)

    def roll(self) -> Roll:
        """Open the roll; whoever does closes it."""
        return Roll(self.roll_path)

    def issuing(self) -> list[tuple[int, x509.Certificate]]:
        """Return the issuing keys' certificates that are trusted, by their numbers."""
        found = {int(m[1]): p for p in self.path.iterdir() if (m := _ISSUING.fullmatch(p.name))}
        return [(number, _certificate(found[number])) for number in sorted(found)]

    def signers(self, phrase: str) -> list[Signer]:
        """Return all issuing keys; the last one signs what is new.

        Raises:
            ProvisioningError: One cannot be opened.
        """
        found = [
            Signer(key_file.read_curve(self._key_of(number), phrase), certificate, number)
            for number, certificate in self.issuing()
        ]
        if not found:
            raise ProvisioningError(f"{self.path}: has no issuing key: kiosk-provision ca issuing")
        return found

    def add_issuing(self, root_key: Path, root_phrase: str, phrase: str, now_s: int) -> int:
        """Make one more issuing key; return its number.

        Raises:
            ProvisioningError: The root's key is another one, or a passphrase is wrong.
        """
        terms = self.terms()
        root = Signer(key_file.read_curve(root_key, root_phrase), self.root_certificate())
        if root.key.public_key() != root.certificate.public_key():
            raise ProvisioningError(f"{root_key}: is not the key of {self.root}")
        # The same passphrase opens all of them: it is tried before anything is made.
        self.signers(phrase)
        return self._add_issuing(root, terms, phrase, now_s).number

    def distrust(self, number: int) -> None:
        """Remove an issuing key: a broker takes nothing that it signed, and renewals replace it.

        Raises:
            ProvisioningError: There is none of this number, or it is the last.
        """
        held = [each for each, _ in self.issuing()]
        if number not in held:
            raise ProvisioningError(f"{self.path}: has no issuing key {number}")
        if len(held) == 1:
            raise ProvisioningError("make the next one first: kiosk-provision ca issuing")
        # The certificate first: without it the key is none, to a server that looks meanwhile too.
        for path in (self._certificate_of(number), self._key_of(number)):
            path.unlink(missing_ok=True)

    def _add_issuing(self, root: Signer, terms: Terms, phrase: str, now_s: int) -> Signer:
        number = max((each for each, _ in self.issuing()), default=0) + 1
        made = certificates.make_issuing(root, terms.name, number, now_s)
        key_file.write(self._key_of(number), made.key, phrase)
        write(self._certificate_of(number), made.certificate.public_bytes(Encoding.PEM), 0o644)
        return made

    def _key_of(self, number: int) -> Path:
        return self.path / f"issuing-{number}.key"

    def _certificate_of(self, number: int) -> Path:
        return self.path / f"issuing-{number}.pem"


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Make `content` the file at `path`: all of it, or what was there.

    Raises:
        ProvisioningError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        target = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(target, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(target)
        draft.replace(path)
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes, and other threads, from the same place in the code."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def pems(found: Sequence[x509.Certificate]) -> str:
    """Return certificates as they stand in a file."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in found)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()[:_LARGEST_BYTES])
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise ProvisioningError(f"{path}: is no certificate") from None
