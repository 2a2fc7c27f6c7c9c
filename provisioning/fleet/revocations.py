"""What is revoked, as brokers read it: one file, with one list for each issuing key.

Whoever writes it opens the keys that there are now, perhaps fewer than another process; the list of
a key that is not open here stays as it is.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from provisioning.errors import ProvisioningError
from provisioning.fleet import certificates
from provisioning.fleet.folder import FleetFolder, locked, write
from provisioning.fleet.issuing_keys import IssuingKeys

_LIST_END = b"-----END X509 CRL-----\n"


class Revocations:
    """The file beside the roll; any thread, each call opens the roll for itself."""

    def __init__(self, folder: FleetFolder, issuing: IssuingKeys, now_s: Callable[[], int]) -> None:
        self._folder = folder
        self._issuing = issuing
        self._now_s = now_s

    def read(self) -> bytes:
        """Return what is revoked, writing it first where there is no file.

        Raises:
            ProvisioningError: It cannot be read or written.
        """
        try:
            return self._folder.revocations.read_bytes()
        except FileNotFoundError:
            return self.write()
        except OSError as error:
            raise ProvisioningError(
                f"{self._folder.revocations}: cannot be read: {error.strerror}"
            ) from None

    def write(self) -> bytes:
        """Write what is revoked by now; return it.

        Raises:
            ProvisioningError: It cannot be written, or an issuing key cannot be opened.
        """
        # One after the other, in whatever process: an older list must not replace a newer one.
        with locked(self._folder.path):
            return self.write_locked()

    def write_locked(self) -> bytes:
        """Write what is revoked by now, for whoever keeps others from the folder already.

        Raises:
            ProvisioningError: As `write`.
        """
        now_s, lists = self._now_s(), list[x509.CertificateRevocationList]()
        before, signers = _lists_in(self._folder.revocations), self._issuing.now()
        with closing(self._folder.roll()) as roll:
            for number, issuing in self._folder.issuing():
                signer = signers.get(number)
                if signer is not None:
                    revoked = roll.revoked(number, now_s)
                    lists.append(certificates.revocations(signer, revoked, now_s, now_s))
                elif issuing.subject in before:
                    # Made since we began: whoever made it keeps its list.
                    lists.append(before[issuing.subject])
        raw = b"".join(each.public_bytes(Encoding.PEM) for each in lists)
        write(self._folder.revocations, raw, 0o644)
        return raw


def _lists_in(path: Path) -> dict[x509.Name, x509.CertificateRevocationList]:
    """Return the lists in a file, by who signed them; none where there is no file."""
    try:
        parts = path.read_bytes().split(_LIST_END)[:-1]
        found = [x509.load_pem_x509_crl(part + _LIST_END) for part in parts]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ProvisioningError(f"{path}: cannot be read; remove it: it is made anew") from None
    return {each.issuer: each for each in found}
