"""Who may attack, what each may attempt, and who refuses it: the list that tests must prove.

A test says which of these it proves by `@pytest.mark.threat("NAME")`; `docs.threat_page` joins both
and refuses a threat that no test proves, and a test that proves what is not listed here.
"""

from dataclasses import dataclass
from enum import StrEnum


class Attacker(StrEnum):
    """Who attacks; the value is the name of a block of the page."""

    THIEF = "a thief with a kiosk"
    VENUE = "a venue that wants identities"
    NETWORK = "somebody on the network"
    BROKER = "a broker that is not ours"
    DOOR = "somebody at the door"
    LOST = "somebody who found a key of ours"


@dataclass(frozen=True, slots=True)
class Threat:
    """One attempt, called `name` in tests; both texts stand in the table as they are."""

    name: str
    attempt: str
    refused_by: str


_BROKER = "the broker: a certificate's name is its topics"
_CLAIMS = "the enrolment server"

THREATS: dict[Attacker, tuple[Threat, ...]] = {
    Attacker.THIEF: (
        Threat("publish-as-another", "publish events or a status as another kiosk", _BROKER),
        Threat("will-as-another", "leave a last will in another kiosk's name", _BROKER),
        Threat("read-anothers", "read another kiosk's commands, acknowledgements, events", _BROKER),
        Threat(
            "write-acknowledgement",
            "write an acknowledgement, of its own events or another's, or say that a ledger is "
            "there",
            "the broker: only a ledger's certificate may",
        ),
        Threat(
            "take-connection",
            "throw another kiosk off by its client id",
            "the broker: the client id is the certificate's name",
        ),
        Threat(
            "forge-card",
            "sign a card with what lies on the disk",
            "every kiosk: an issuer's signature; the disk has public keys only",
        ),
        Threat(
            "forge-list",
            "publish or sign a list or a drain rate",
            "the broker: only an operator's certificate may; and every kiosk: the signature",
        ),
        Threat(
            "forge-command",
            "send or sign a command",
            "the broker: only an operator's certificate may; and every kiosk: the signature",
        ),
        Threat(
            "play-broker",
            "be a broker to other kiosks",
            "every kiosk: a kiosk's certificate is none of a server",
        ),
        Threat(
            "play-enrolment-server",
            "be the enrolment server, and collect claims",
            "every kiosk: a kiosk's certificate is none of a server",
        ),
        Threat(
            "certify-another",
            "sign a certificate for another name with the stolen key",
            "the broker: a kiosk's certificate may sign none",
        ),
        Threat(
            "enrol-as-another",
            "get another kiosk's certificate, without its key or its claim",
            _CLAIMS,
        ),
        Threat(
            "go-on-after-revocation",
            "connect, speak or renew after the kiosk was revoked",
            "the broker, also on an open connection; the enrolment server",
        ),
        Threat(
            "two-with-one-key",
            "renew with a copied key beside the real kiosk",
            "the enrolment server: the second is refused, and both are seen",
        ),
        Threat(
            "earlier-periods",
            "compute handles of key periods that have ended",
            "nobody can: a key moves one way, and the old one is erased",
        ),
        Threat(
            "other-sites",
            "compute handles of another venue",
            "nobody can: each venue's keys are derived apart",
        ),
        Threat(
            "open-identities",
            "open sealed identities in the outbox",
            "nobody can but the tracing authority: the disk has its public key only",
        ),
        Threat(
            "other-keys-on-disk",
            "find a key of operator, ward, fleet or authority on the disk",
            "they are not there",
        ),
    ),
    Attacker.VENUE: (
        Threat(
            "read-identities",
            "read names or numbers in files, logs, topics or on the wire",
            "they are nowhere: kept from the parser on",
        ),
        Threat(
            "link-venues",
            "find one person at two venues",
            "nobody can: another venue, another handle",
        ),
        Threat(
            "read-support-bundle",
            "find secrets in a bundle for support",
            "the bundle: what looks secret is taken out",
        ),
        Threat(
            "look-up-person",
            "have an authority's clerk look up somebody without a trace",
            "the ledger: a reason and a line in the audit come before anything is opened",
        ),
    ),
    Attacker.NETWORK: (
        Threat("stand-between", "stand between kiosk and broker", "the kiosk: TLS, and the name"),
        Threat(
            "connect-without-certificate",
            "connect to the broker without a certificate of the fleet",
            "the broker",
        ),
        Threat(
            "stand-before-enrolment",
            "stand between a kiosk that enrols and its server",
            "the kiosk: the pin of the root, before the claim is told",
        ),
        Threat(
            "feed-enrolment-server",
            "send the enrolment server anything, and much of it",
            _CLAIMS,
        ),
    ),
    Attacker.BROKER: (
        Threat("alter-command", "make up or alter a command", "the kiosk: the signature"),
        Threat(
            "replay-command",
            "repeat a command, late, in another order, retained, or to another kiosk or start",
            "the kiosk: a command names kiosk, start, number and end",
        ),
        Threat("alter-list", "make up or alter a list or a drain rate", "the kiosk: the signature"),
        Threat(
            "old-list",
            "bring an old list or drain rate back",
            "the kiosk: no version below the highest",
        ),
        Threat(
            "list-elsewhere",
            "give a kiosk the list of another site, or one list for another",
            "the kiosk: site and name are signed",
        ),
        Threat(
            "false-acknowledgement",
            "acknowledge what was never stored",
            "the kiosk: nothing above what it sent; acknowledged rows stay for days, and a lower "
            "number brings them back",
        ),
        Threat(
            "withhold",
            "take events and deliver none, or fall silent",
            "the kiosk: it keeps and sends again what no ledger acknowledged",
        ),
        Threat(
            "alter-event",
            "alter an event, or move an identity to another one",
            "the ledger: other bytes under a stored number are kept apart; a moved identity does "
            "not open",
        ),
        Threat(
            "flood-kiosk",
            "send a kiosk too much, too large or unreadable words",
            "the kiosk: bounds of size and pace; the connection stays",
        ),
        Threat(
            "lie-about-time",
            "make a kiosk burn its site keys by a wrong clock (with a time server)",
            "the kiosk: 90 days at once, more only when the clock stands by it",
        ),
    ),
    Attacker.DOOR: (
        Threat(
            "show-forged-card",
            "show a card that was altered, or signed by a stranger",
            "the kiosk: the signature, before anything else of the card",
        ),
        Threat(
            "show-revoked-card",
            "show a card that was revoked, also when the network is cut",
            "the kiosk: the list on its disk",
        ),
        Threat(
            "hostile-picture",
            "crash, hang or fill the eye by a picture",
            "the eye: bounds; the kiosk starts it again",
        ),
        Threat(
            "hostile-eye",
            "flood the kiosk or its log from an eye that was taken over",
            "the kiosk: bounds on lines, sizes and rates; nothing of it is quoted",
        ),
        Threat(
            "leave-the-eye",
            "reach keys, outbox or network from an eye that was taken over",
            "systemd's sandbox; the eye holds none of them",
        ),
        Threat(
            "misuse-network-unit",
            "reach more than the Wi-Fi through the unit that joins networks",
            "the unit: it checks everything again, and its sandbox holds one folder",
        ),
        Threat(
            "bomb-in-card",
            "show a code that expands or nests without end",
            "the parsers: bounds before anything is expanded",
        ),
        Threat(
            "forge-onboarding-code",
            "show an onboarding code that no operator signed, with any other key of ours",
            "the kiosk: a key of the kind `onboarding`, and no other",
        ),
        Threat(
            "replay-onboarding-code",
            "show an onboarding code again: an old one, or one that another kiosk has used",
            "the kiosk: its floor; the enrolment server: the claim is spent",
        ),
        Threat(
            "move-wi-fi-by-a-code",
            "move a kiosk to another Wi-Fi by a phone's code",
            "the kiosk: only while the button inside its box is held",
        ),
        Threat(
            "read-sealed-password",
            "read the Wi-Fi password in a code that was sealed for another kiosk",
            "nobody can: it is sealed to that kiosk's bootstrap key",
        ),
    ),
    Attacker.LOST: (
        Threat(
            "key-of-another-kind",
            "sign commands, lists, cards or onboarding codes with a key of another kind",
            "the kiosk: each kind of key signs its own",
        ),
        Threat(
            "lost-operator-certificate",
            "publish with an operator's certificate for the broker, but without a signing key",
            "every kiosk: the certificate signs nothing",
        ),
        Threat(
            "lost-ledger-certificate",
            "acknowledge, with a ledger's certificate, what a kiosk has not sent",
            "every kiosk: nothing above what it sent, nothing of another outbox",
        ),
        Threat(
            "lost-issuing-key",
            "sign certificates with a lost issuing key of the fleet",
            "the broker, once the key is distrusted",
        ),
        Threat(
            "lost-claim",
            "use a claim from a label: a second time, late, or for another door",
            _CLAIMS,
        ),
        Threat(
            "lost-authority-name",
            "open identities with a key that takes the authority's name",
            "nobody can",
        ),
    ),
}


def names() -> set[str]:
    """Return what tests may say that they prove."""
    return {threat.name for threats in THREATS.values() for threat in threats}
