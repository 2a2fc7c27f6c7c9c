"""TLS as a source's settings describe it."""

import ssl
from pathlib import Path

from ledger.errors import SettingsError


def tls_context(
    ca_file: Path | None, cert_file: Path | None, key_file: Path | None
) -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, or the system's list, and shows `cert_file`.

    Raises:
        SettingsError: A file cannot be used.
    """
    key = "ca_file"
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        if cert_file is not None:
            key = "cert_file"
            context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"source.{key}: cannot be used: {error}") from error
    return context
