"""The ward's folder: key, register and public key beside each other, and one command at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.durable import make_durable
from kiosk.payloads.parts.trust import Algorithm, IssuerKey
from provisioning import key_file
from provisioning.cards.code import Issuer
from provisioning.cards.register import Register, Ward
from provisioning.errors import ProvisioningError
from provisioning.issuer_file import IssuerFile


class Files:
    """What is done to files of cards; a fake in tests fails where a disk does."""

    def write_new(self, path: Path, raw: bytes) -> None:
        """Write a file that is not there yet, for its owner only, down to the disk."""
        key_file.write_new(path, raw)

    def rename(self, draft: Path, target: Path) -> None:
        """Give a file its name, for good."""
        draft.rename(target)
        with contextlib.suppress(OSError):  # Not every file system takes this of a folder.
            make_durable(target.parent)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)


class Folder:
    """Where the ward keeps what makes cards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = path / "issuer.pem"
        self.register = path / "register.db"
        self.public = path / "issuer.json"
        self._next = path / "issuer.pem.next"

    def make(self, ward: str, title: str, contact: str, passphrase: str) -> Issuer:
        """Make a key, an empty register and the public key's file: all of them or none.

        Raises:
            ProvisioningError: One of them is there already, or cannot be written.
        """
        there = [path for path in (self.key, self.register, self.public) if path.exists()]
        if there:
            raise ProvisioningError(f"{there[0]}: is there already; nothing was changed")
        issuer = Issuer(ward, Ed25519PrivateKey.generate())
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.locked(), self._or_nothing():
                key_file.write(self.key, issuer.private, passphrase)
                Register.create(self.register, Ward(ward, issuer.kid, title, contact))
                self.public.write_text(_public(issuer), encoding="ascii")
        except OSError as error:
            raise ProvisioningError(f"{self.path}: cannot be used: {error.strerror}") from None
        return issuer

    def open_key(self, passphrase: str, ward: Ward) -> Issuer:
        """Return the ward's key.

        Raises:
            ProvisioningError: It cannot be opened, or it is not the one of this register.
        """
        for key in (self.key, self._next):
            # The next one counts as soon as the register says so, whatever its name is yet.
            if key.exists() or key is self.key:
                issuer = Issuer(ward.issuer, key_file.read(key, passphrase))
                if issuer.kid == ward.kid:
                    self._keep(key, issuer)
                    return issuer
        raise ProvisioningError(f"{self.key}: is not the key of {self.register}")

    def rekey(self, register: Register, passphrase: str) -> tuple[Issuer, Path]:
        """Make the ward's next key, which signs from now on; the one before is gone.

        Returns the new one, and the file that still tells doors the public half of the one before.
        Cut off at any moment it is the one key or the other, and what is left is put in order when
        the key is used next.

        Raises:
            ProvisioningError: The passphrase is not that of the key before, or a disk is full.
        """
        before = self.open_key(passphrase, register.ward)
        issuer, kept = Issuer(before.name, Ed25519PrivateKey.generate()), self._kept(before)
        try:
            self._next.unlink(missing_ok=True)
            kept.write_text(_public(before), encoding="ascii")
        except OSError as error:
            raise ProvisioningError(f"{kept}: cannot be written: {error.strerror}") from None
        key_file.write(self._next, issuer.private, passphrase)
        with register.change():
            register.sign_with(issuer.kid)
        self._keep(self._next, issuer)
        return issuer, kept

    def _keep(self, key: Path, issuer: Issuer) -> None:
        """Give the key in use its own name, and tell doors of it; done already: nothing."""
        if key == self.key:
            return
        draft = self.public.with_suffix(".draft")
        try:
            draft.write_text(_public(issuer), encoding="ascii")
            draft.replace(self.public)
            Files().rename(key, self.key)
        except OSError as error:
            raise ProvisioningError(f"{self.key}: cannot be replaced: {error.strerror}") from None

    def _kept(self, issuer: Issuer) -> Path:
        return self.path / f"issuer-{issuer.kid.hex()}.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other command work here meanwhile.

        Raises:
            ProvisioningError: Another one does.
        """
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ProvisioningError(f"{self.path}: cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise ProvisioningError(f"{self.path}: another command is at work here") from None
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            for path in (self.key, self.register, self.public):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise


def _public(issuer: Issuer) -> str:
    key = IssuerKey(issuer.kid, Algorithm.EDDSA, issuer.public, issuer.name, frozenset({"card"}))
    return IssuerFile.of(key).text()
