"""From a claim to a code: what an operator's desk puts together for one kiosk after the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.enrolment.claim import CLAIM_BYTES, Code
from kiosk.errors import OnboardingRefused, PayloadError
from kiosk.lists.signed import signing
from kiosk.network.wifi import Wifi, checked
from kiosk.onboarding.bootstrap import read_public
from kiosk.onboarding.form import KIND, USUAL_PORT, Setup, opened
from provisioning.errors import ProvisioningError
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.many import Done, Made
from provisioning.onboarding.making import code_text
from provisioning.passphrase import passphrase

_BROKER = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::([0-9]{1,5}))?")
_MOST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Terms:
    """What all codes of one run have in common. `wifi` is for rows that name none of their own."""

    host: str
    port: int
    wifi: Wifi | None
    key: Ed25519PrivateKey = field(repr=False)
    issued_s: int


@dataclass(frozen=True, slots=True)
class Claims:
    """Where the claims of one run are redeemed, and the pin of the fleet's root."""

    server: str
    pin: bytes

    def tried(self, row: Row) -> Made:
        """Return what a claim for this kiosk would be: to see whether a code can be drawn.

        A claim made for a code that cannot be drawn would put the one before it out of use.
        """
        return Made(row, Done.CLAIM, 0, Code(self.server, bytes(CLAIM_BYTES), self.pin))


@dataclass(frozen=True, slots=True)
class Onboarding:
    """One code: the claim in it, what a symbol says, and the network that it names."""

    made: Made
    text: str = field(repr=False)
    wifi: Wifi | None
    sealed: bool

    @property
    def is_open(self) -> bool:
        """Tell whether whoever sees the code can read a Wi-Fi password in it."""
        return self.wifi is not None and self.wifi.password is not None and not self.sealed


def broker_of(text: str) -> tuple[str, int]:
    """Return host and port of a broker.

    >>> broker_of("broker.example.org"), broker_of("127.0.0.1:18883")
    (('broker.example.org', 8883), ('127.0.0.1', 18883))

    Raises:
        ProvisioningError: It is none.
    """
    match = _BROKER.fullmatch(text)
    port = int(match[2] or USUAL_PORT) if match else 0
    if match is None or not 1 <= port <= _MOST_PORT:
        raise ProvisioningError(f"{text!r} is no broker: write HOST or HOST:PORT")
    return match[1], port


def wifi_of(ssid: str | None, password_file: Path | None, *, hidden: bool) -> Wifi | None:
    """Return the network that options name; None for a cable.

    Raises:
        ProvisioningError: No network can be like that, or the file cannot be read.
    """
    if ssid is None:
        if password_file is not None or hidden:
            raise ProvisioningError("what is said of the Wi-Fi needs its name: --ssid")
        return None
    password = None if password_file is None else passphrase(password_file, ssid)
    try:
        return checked(Wifi(ssid, password, hidden=hidden))
    except PayloadError as error:
        raise ProvisioningError(str(error)) from None


def codes(made: Sequence[Made], terms: Terms) -> Iterator[Onboarding]:
    """Yield a code for each kiosk that has a new claim; the others have one, or need none."""
    for each in made:
        if each.code is not None:
            yield code_for(each, terms)


def code_for(made: Made, terms: Terms) -> Onboarding:
    """Return the code of one kiosk; its Wi-Fi password is sealed where its key is known.

    Raises:
        ProvisioningError: There is no claim, or nothing can be sealed to the key.
    """
    row, claim = made.row, made.code
    if claim is None:
        raise ProvisioningError(f"{row.name}: has no claim to make a code with")
    wifi = Wifi(row.ssid, row.wifi_password or None) if row.ssid else terms.wifi
    setup = Setup(
        row.site,
        row.device,
        claim.server,
        claim.pin,
        claim.claim,
        terms.host,
        terms.port,
        terms.issued_s,
        wifi,
    )
    _check(setup, terms)
    sealed_to = read_public(row.bootstrap) if row.bootstrap else None
    try:
        text = code_text(setup, terms.key, sealed_to)
    except ValueError:
        raise ProvisioningError(f"{row.name}: nothing can be sealed to its key") from None
    return Onboarding(made, text, wifi, sealed=sealed_to is not None)


def _check(setup: Setup, terms: Terms) -> None:
    """Refuse what a kiosk would: here somebody can still change it."""
    signers = signing([terms.key.public_key().public_bytes_raw()], KIND)
    try:
        opened(code_text(setup, terms.key).encode(), signers, terms.issued_s - 1, None)
    except OnboardingRefused:
        raise ProvisioningError(
            f"{setup.server}, {setup.host}: names that a kiosk does not take; letters, digits,"
            " hyphens and dots"
        ) from None
