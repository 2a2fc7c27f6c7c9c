"""Passphrases: asked for at a terminal, or the first line of a file; never an argument.

An argument would be seen by everybody on the machine, and remembered by the shell.
"""

import getpass
import sys
import unicodedata
from pathlib import Path

from provisioning.errors import ProvisioningError

_LONGEST_BYTES = 4096


def passphrase(file: Path | None, what: str, *, new: bool = False) -> str:
    """Return the passphrase of `what`; a new one is asked for twice.

    Raises:
        ProvisioningError: There is neither file nor terminal, or the two differ.
    """
    if file is not None:
        return _normal(_first_line(file))
    if not sys.stdin.isatty():
        raise ProvisioningError("no terminal to ask for the passphrase at: --passphrase-file FILE")
    try:
        given = getpass.getpass(f"Passphrase of {what}: ")
        if new and getpass.getpass("The same again: ") != given:
            raise ProvisioningError("the two passphrases differ; nothing was made")
    except EOFError:
        raise ProvisioningError("no passphrase was given") from None
    return _normal(given)


def _first_line(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.readline(_LONGEST_BYTES).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ProvisioningError(f"{file}: the passphrase is not UTF-8") from None
    except OSError as error:
        raise ProvisioningError(f"{file}: cannot be read: {error.strerror}") from None


def _normal(given: str) -> str:
    # Keyboards write Vietnamese letters in two ways.
    return unicodedata.normalize("NFC", given)
