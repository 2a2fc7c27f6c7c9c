"""TLS as a source's settings describe it, and as the files that they name are now.

A session lasts for weeks, and a certificate is renewed on the disk meanwhile: so the files are read
again before each connection, and nobody has to restart anything.
"""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import structlog

from ledger.errors import SettingsError

log = structlog.get_logger()


class Encryption:
    """One context for all connections of a source; `renew` before each of them."""

    def __init__(self, ca_file: Path | None, cert_file: Path | None, key_file: Path | None) -> None:
        """Read the files.

        Raises:
            SettingsError: A file cannot be used.
        """
        self._files = ca_file, cert_file, key_file
        self._trouble = ""
        self.context = tls_context(*self._files)

    def renew(self) -> None:
        """Let the next connection use what the files hold now; on the thread that connects.

        Files that cannot be used, one that is half written above all, leave those of before in
        use, and are told once. An authority that was added is trusted beside the one before.
        """
        try:
            # Elsewhere first: a context that has taken half of a pair has lost the one before.
            tls_context(*self._files)
            ca_file, cert_file, key_file = self._files
            if ca_file is not None:
                with _one_line("ca_file"):
                    self.context.load_verify_locations(ca_file)
            _show(self.context, cert_file, key_file)
        except SettingsError as error:
            if str(error) != self._trouble:
                log.warning("the certificate of before stays in use", why=str(error))
            self._trouble = str(error)
        else:
            self._trouble = ""


def tls_context(
    ca_file: Path | None, cert_file: Path | None, key_file: Path | None
) -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, or the system's list, and shows `cert_file`.

    Raises:
        SettingsError: A file cannot be used.
    """
    with _one_line("ca_file"):
        context = ssl.create_default_context(cafile=ca_file)
    _show(context, cert_file, key_file)
    return context


def _show(context: ssl.SSLContext, cert_file: Path | None, key_file: Path | None) -> None:
    if cert_file is not None:
        with _one_line("cert_file"):
            context.load_cert_chain(cert_file, key_file)


@contextlib.contextmanager
def _one_line(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"source.{key}: cannot be used: {error}") from error
