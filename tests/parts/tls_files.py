"""Certificates for a broker and a kiosk, made by the fleet's own code, good or bad as asked."""

import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.keys import key_pem
from provisioning.fleet.certificates import (
    Signer,
    client,
    make_issuing,
    make_root,
    new_key,
    server,
)

DAY_S = 86400


@dataclass(frozen=True)
class TlsFiles:
    """An authority of this test's own, and a folder to put files into."""

    folder: Path
    signer: Signer

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self._put("ca.pem", self.signer.certificate.public_bytes(Encoding.PEM))

    def broker(self, host: str = "127.0.0.1", age_days: float = 0) -> tuple[Path, Path]:
        """Return certificate and key of a broker, from an issuing key of the same age."""
        key = new_key()
        at_s = round(time.time() - age_days * DAY_S)
        issuing = make_issuing(self.signer, "test", 1, at_s)
        made = server(issuing, key.public_key(), [host], at_s)
        pem = b"".join(c.public_bytes(Encoding.PEM) for c in (made, issuing.certificate))
        return self._put("broker.pem", pem), self._put("broker.key", key_pem(key))

    def kiosk(self, name: str, age_days: float = 0, days: int = 90) -> tuple[Path, Path]:
        """Return certificate and key of a kiosk; `age_days` below 0: it begins in the future."""
        key = new_key()
        at_s = round(time.time() - age_days * DAY_S)
        made = client(self.signer, key.public_key(), name, at_s, days)
        pem = made.public_bytes(Encoding.PEM)
        return self._put("kiosk.pem", pem), self._put("kiosk.key", key_pem(key))

    def _put(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path


def tls_files(folder: Path) -> TlsFiles:
    """Return an authority that has been there for two years."""
    folder.mkdir()
    return TlsFiles(folder, make_root("test", round(time.time() - 730 * DAY_S)))
