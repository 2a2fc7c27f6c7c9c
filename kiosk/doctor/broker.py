"""The broker: reached, genuine, willing, and strict with what belongs to others.

While a kiosk runs, its session is not disturbed: the fleet's broker names a client by its
certificate, and a second one would throw the first off. Then the broker is reached and proven by
TLS, and the rest is the kiosk's own word. What is published else is published to find that it is
refused; where it is taken, nobody listens at that topic.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.doctor.mqtt_probe import Login, ProbeError, Trouble, reach, session
from kiosk.errors import KioskError

_NOBODY, _FAILURE, _NOT_AUTHORISED = 0x10, 0x80, 0x87
_STOPPED = "its access list is tried only while no kiosk runs here"
_BAD_CLIENT_ID, _BAD_PASSWORD, _BAD_VERSION = 0x85, 0x86, 0x84


def _fault(name: str, means: str, fix: str, mark: Mark = Mark.FAULT) -> Diagnosis:
    return Diagnosis(f"broker.{name}", mark, means, fix)


TROUBLES = {
    Trouble.UNREACHABLE: _fault(
        "unreachable",
        "nobody answers at the broker's address and port",
        "compare uplink.host and uplink.port with what the operator wrote; is the broker on, and "
        "does the firewall let port {port} out? nc -vz {host} {port}",
    ),
    Trouble.NO_TLS: _fault(
        "no-tls",
        "TLS is asked for, and the port does not speak it",
        "uplink.port must be the broker's TLS port (8883 as a rule); tls = false only for a broker "
        "on this machine",
    ),
    Trouble.SPEAKS_TLS: _fault(
        "tls-only", "the port speaks TLS, and tls = false is set", "set uplink.tls = true"
    ),
    Trouble.UNKNOWN_AUTHORITY: _fault(
        "unknown-authority",
        "the broker's certificate was signed by somebody whom this kiosk does not know",
        "copy the operator's ca.pem to uplink.ca_file; if it is right, it is another broker: "
        "do not go on, call the operator",
    ),
    Trouble.EXPIRED: _fault(
        "expired",
        "the broker's certificate has expired, or this clock is ahead",
        "look at the line clock first; then have the operator renew the broker's certificate",
    ),
    Trouble.NOT_YET_VALID: _fault(
        "not-yet-valid",
        "the broker's certificate is not valid yet, or this clock is behind",
        "look at the line clock first: timedatectl",
    ),
    Trouble.WRONG_NAME: _fault(
        "wrong-name",
        "the broker's certificate is for another name",
        "write uplink.host as the certificate has it: openssl s_client -connect {host}:{port} "
        "</dev/null | openssl x509 -noout -ext subjectAltName",
    ),
    Trouble.UNTRUSTED: _fault(
        "untrusted",
        "the broker's certificate does not hold",
        "have the operator look at the broker's certificate",
    ),
    Trouble.CERTIFICATE_WANTED: _fault(
        "certificate-wanted",
        "the broker wants a certificate of this kiosk, and gets none",
        "enrol this kiosk (kiosk enrol); then set uplink.cert_file and uplink.key_file",
    ),
    Trouble.CERTIFICATE_EXPIRED: _fault(
        "certificate-expired",
        "the broker refuses this kiosk's certificate: it has expired",
        "have this kiosk's certificate renewed; look at the line clock too",
    ),
    Trouble.CERTIFICATE_REFUSED: _fault(
        "certificate-refused",
        "the broker refuses this kiosk's certificate: revoked, or of another authority",
        "ask the operator whether this kiosk was revoked; if not, enrol it again",
    ),
    Trouble.NO_MQTT: _fault(
        "no-mqtt",
        "somebody answers, and it is no MQTT broker for this kiosk",
        "compare uplink.host and uplink.port with what the operator wrote; read the broker's log",
    ),
}
OWN_FILES = _fault(
    "own-files",
    "the authority, the certificate or its key cannot be used",
    "put the file that is named in its place: it is PEM, and the key belongs to the certificate",
)
CREDENTIALS = _fault(
    "credentials",
    "the broker does not know this name with this password or certificate",
    "compare uplink.username and its password (kiosk config show --origin) with the broker's",
)
CLIENT_ID = _fault(
    "client-id",
    "the broker refuses the doctor's client id",
    "allow the kiosk's client id followed by _doctor at the broker",
)
OLD = _fault(
    "old", "the broker does not speak MQTT v5", "use mosquitto 2, or another broker with MQTT v5"
)
REFUSED = _fault(
    "refused", "the broker refuses the connection", "read the broker's log; its reason is above"
)
OPEN = _fault(
    "acl-open",
    "the broker lets this kiosk speak for another one",
    "give the broker an access list: only kiosk/v1/SITE/DEVICE/ to each device; "
    "kiosk-provision broker writes one",
)
CLOSED = _fault(
    "acl-closed",
    "the broker does not let this kiosk speak for itself",
    "allow {source}/# to this kiosk in the broker's access list",
)
NOBODY = _fault(
    "nobody-listens",
    "nobody is subscribed to this kiosk's topics: its events stay in the outbox",
    "start the ledger, and let it subscribe to kiosk/v1/#",
    Mark.WARNING,
)
DELIVERY = _fault(
    "delivery",
    "the broker answers the doctor, and the running kiosk does not deliver",
    "do what the line says; then: sudo systemctl restart kiosk",
)
UNDELIVERED = _fault(
    "undelivered",
    "the running kiosk is connected, and its events do not arrive",
    "nobody subscribed: start the ledger (docs/howto/run-a-ledger.md); refused with 0x87: allow "
    "{source}/# to this kiosk in the broker's access list",
    Mark.WARNING,
)
LEDGER = _fault(
    "ledger-away",
    "the broker is there and the ledger is not: nothing is lost, nothing is stored either",
    "start the ledger: docs/howto/run-a-ledger.md",
    Mark.WARNING,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Which broker, who we are to it, and how it proves who it is.

    `tls` is None where nothing is encrypted, else gives the context. `source` is the root of this
    kiosk's topics. `last_words` is the status that a kiosk leaves when it is gone.
    """

    host: str
    port: int
    source: str
    login: Login = field(repr=False)
    tls: Callable[[], ssl.SSLContext] | None
    last_words: bytes


class BrokerCheck:
    """The broker behind the uplink; `target` is None where the uplink has none."""

    name = "broker"
    after: tuple[str, ...] = (
        "network.",
        "clock.wrong",
        "keys.expired",
        "keys.unreadable",
        "keys.mismatch",
    )

    def __init__(self, target: Target | None, account: Account) -> None:
        self._target = target
        self._account = account

    def __call__(self) -> Iterable[Observation]:
        """Speak with it; the first thing that is wrong is told."""
        target = self._target
        if target is None:
            yield skipped(self.name, "this uplink has no broker")
            return
        where = f"{target.host}:{target.port}"
        try:
            tls = None if target.tls is None else target.tls()
        except KioskError as error:
            yield OWN_FILES.found(str(error))
            return
        try:
            if not self._is_alone():
                reach(target.host, target.port, tls)
                yield self._said(target, where)
                return
            yield from self._tried(target, tls, where)
        except ProbeError as error:
            diagnosis = TROUBLES[error.trouble]
            yield diagnosis.found(f"{where}: {error.what}", host=target.host, port=target.port)

    def _tried(
        self, target: Target, tls: ssl.SSLContext | None, where: str
    ) -> Iterator[Observation]:
        """Publish what must be refused; each in a session of its own, as mosquitto ends one then.

        The first of another device's topics has no listener. Only a broker that refuses it and
        still takes the second has a hole there, and then somebody hears of it.
        """
        other = f"{target.source}-doctor"
        for topic in (f"{other}/doctor", f"{other}/event/doctor"):
            with session(target.host, target.port, target.login, tls) as opened:
                if opened.connack:
                    yield _not_taken(where, opened.connack)
                    return
                code = opened.publish(topic, b"{}")
            if code < _FAILURE:
                yield OPEN.found(f"{where} takes a word for {other}")
                break
            if code != _NOT_AUTHORISED:
                yield REFUSED.found(f"{where}: reason code 0x{code:02x} to a publish")
                return
        else:
            yield fine(self.name, f"{where} takes this kiosk, and no word for another")
        if self._account.runs is False:
            yield from self._own(target, tls, where)
        else:
            yield self._said(target, where)

    def _is_alone(self) -> bool:
        """Tell whether no session of a kiosk's can be disturbed: none runs, or it has none."""
        word = self._account.word
        if word is not None and word.delivery is not None:
            return word.delivery.connected is False
        return self._account.runs is False

    def _said(self, target: Target, where: str) -> Observation:
        """Return what the running kiosk says of its own delivery."""
        word = self._account.word
        said = None if word is None else word.delivery
        if said is None:
            return fine(self.name, f"{where} is reached; {_STOPPED}")
        if not said.connected:
            return DELIVERY.found(f"the running kiosk says: {said.trouble or 'not connected'}")
        if said.trouble is not None:
            what = f"the running kiosk says: {said.trouble}"
            return UNDELIVERED.found(what, source=target.source)
        if said.ledger_online is False:
            return LEDGER.found("the running kiosk says that the ledger is gone")
        return fine(self.name, f"{where}: the running kiosk is connected; {_STOPPED}")

    def _own(self, target: Target, tls: ssl.SSLContext | None, where: str) -> Iterator[Observation]:
        """Tell whether this kiosk may speak for itself; it is gone, and that is what we say."""
        with session(target.host, target.port, target.login, tls) as opened:
            code = opened.publish(f"{target.source}/status", target.last_words)
        if code >= _FAILURE:
            what = f"{where}: reason code 0x{code:02x} to this kiosk's own status"
            yield CLOSED.found(what, source=target.source)
        elif code == _NOBODY:
            yield NOBODY.found(f"{where}: no subscriber to {target.source}/status")


def _not_taken(where: str, code: int) -> Observation:
    what = f"{where}: reason code 0x{code:02x}"
    named = {
        _BAD_PASSWORD: CREDENTIALS,
        _NOT_AUTHORISED: CREDENTIALS,
        _BAD_CLIENT_ID: CLIENT_ID,
        _BAD_VERSION: OLD,
        0x01: OLD,
    }
    return named.get(code, REFUSED).found(what)
