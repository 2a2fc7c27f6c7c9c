"""What may be called how: names that become levels of topics, user names and common names."""

import re
from enum import StrEnum

from provisioning.errors import ProvisioningError
from provisioning.fleet.certificates import LONGEST_NAME

_LEVEL = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NO_SITE = ("lists", "config", "ledger")
_NO_DEVICE = ("lists", "event", "status", "ack", "cmd")
"""Levels of our own topics stand there: who may use one could pass for the other."""


class Role(StrEnum):
    """What a service may do at the broker."""

    LEDGER = "ledger"
    """Reads events and statuses, writes acknowledgements."""
    OPERATOR = "operator"
    """Writes lists, settings and commands, reads their replies and statuses."""


def check_site(site: str) -> None:
    """Refuse what cannot be a site.

    Raises:
        ProvisioningError: It cannot.
    """
    if not _LEVEL.fullmatch(site) or site in _NO_SITE:
        raise ProvisioningError(
            f"{site!r} is no name of a site: 1 to 63 lower-case letters, digits and hyphens, and "
            f"not {', '.join(_NO_SITE)}"
        )


def check_device(site: str, device: str) -> None:
    """Refuse what cannot be a device of a site.

    Raises:
        ProvisioningError: It cannot.
    """
    check_site(site)
    if not _LEVEL.fullmatch(device) or device in _NO_DEVICE:
        raise ProvisioningError(
            f"{device!r} is no name of a device: 1 to 63 lower-case letters, digits and hyphens, "
            f"and not {', '.join(_NO_DEVICE)}"
        )
    if len(f"{site}/{device}") > LONGEST_NAME:
        raise ProvisioningError(
            f"{site}/{device}: is longer than the {LONGEST_NAME} characters of a certificate's name"
        )


def check_service(name: str) -> None:
    """Refuse what cannot be a service.

    Raises:
        ProvisioningError: It cannot.
    """
    if not _LEVEL.fullmatch(name):
        raise ProvisioningError(
            f"{name!r} is no name of a service: 1 to 63 lower-case letters, digits and hyphens"
        )


def split(name: str) -> tuple[str, str]:
    """Return site and device of `SITE/DEVICE`.

    >>> split("hk-042/door-1")
    ('hk-042', 'door-1')

    Raises:
        ProvisioningError: It is no such name.
    """
    site, slash, device = name.partition("/")
    if not slash:
        raise ProvisioningError(f"{name!r}: write SITE/DEVICE, as in hk-042/door-1")
    check_device(site, device)
    return site, device
