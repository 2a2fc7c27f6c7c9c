"""The kiosk's side of the conversation with the enrolment server: HTTPS, bounded in time and size.

It can wait for `TIMEOUT_S` at each step, so it runs in a thread of its own or in a command.
"""

import hashlib
import http.client
import json
import socket
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from kiosk.enrolment.keys import (
    Held,
    Key,
    certificate_pem,
    certificates_in,
    held_of,
    proof,
    request_for,
    request_pem,
)
from kiosk.enrolment.wire import (
    MAX_ANSWER_BYTES,
    REDEEM,
    RENEW,
    ROOT,
    Enrolled,
    Redeem,
    Refused,
    Renew,
)
from kiosk.errors import EnrolmentError, EnrolmentRefused

TIMEOUT_S = 10.0
LOOK_S = 3.0


class Server(Protocol):
    """What renewal asks of the enrolment server."""

    def renew(self, held: Held, key: Key) -> Held:
        """Return the next certificate, for `key`, where `held` is the present one.

        Raises:
            EnrolmentRefused: It answered, and gives none.
            EnrolmentError: It cannot be reached, or answers something else.
        """


class EnrolmentServer:
    """The enrolment server at `https://HOST[:PORT]`, known by one of these root certificates."""

    def __init__(self, url: str, roots: Sequence[x509.Certificate]) -> None:
        self._url = url
        self._roots = roots
        trusted = "".join(certificate_pem(root) for root in roots)
        self._context = ssl.create_default_context(cadata=trusted)

    def redeem(self, claim: str, key: Key, site: str | None, device: str | None) -> Held:
        """Return the first certificate, for `key`.

        Raises:
            EnrolmentRefused: The claim is not taken.
            EnrolmentError: The server cannot be reached, or answers something else.
        """
        request = request_pem(request_for(key))
        said = Redeem(claim=claim, request=request, site=site, device=device)
        return held_of(key, self._ask(REDEEM, said.model_dump_json()), self._roots)

    def renew(self, held: Held, key: Key) -> Held:
        """Return the next certificate: see `Server`."""
        request = request_for(key)
        said = Renew(
            certificate=certificate_pem(held.chain[0]),
            request=request_pem(request),
            proof=proof(held, request),
        )
        return held_of(key, self._ask(RENEW, said.model_dump_json()), self._roots)

    def _ask(self, path: str, body: str) -> Enrolled:
        raw = _talk(self._url, self._context, "POST", path, body.encode())
        try:
            found = json.loads(raw)
            if isinstance(found, dict) and "refused" in found:
                refused = Refused.model_validate(found)
                raise EnrolmentRefused(refused.refused, refused.message)
            return Enrolled.model_validate(found)
        except (ValueError, ValidationError):
            raise EnrolmentError(f"{self._url}: answers as no enrolment server does") from None


def answers(url: str) -> bool:
    """Tell whether somebody listens where the enrolment server should be; blocks for `LOOK_S`."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), LOOK_S):
            return True
    except (OSError, ValueError):
        return False


def root_by_pin(url: str, pin: bytes) -> x509.Certificate:
    """Fetch the root certificate with this SHA-256, from a server that nobody trusts yet.

    Raises:
        EnrolmentError: It cannot be fetched, or is another one.
    """
    # Not verified on purpose: what comes is public, and is compared with the pin.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for found in certificates_in(_talk(url, context, "GET", ROOT, None)):
        if hashlib.sha256(found.public_bytes(Encoding.DER)).digest() == pin:
            return found
    raise EnrolmentError(f"{url}: its root certificate is not the one with this pin")


def _talk(url: str, context: ssl.SSLContext, method: str, path: str, body: bytes | None) -> bytes:
    """Return the body of an answer, whatever its status: a refusal says why in it."""
    parts = urlsplit(url)
    try:
        line = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=TIMEOUT_S, context=context
        )
    except (http.client.HTTPException, ValueError):
        raise EnrolmentError(f"{url}: no address of a server") from None
    try:
        line.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        raw = line.getresponse().read(MAX_ANSWER_BYTES + 1)
    except ssl.SSLCertVerificationError as error:
        raise EnrolmentError(f"{url}: not our server: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        raise EnrolmentError(f"{url}: cannot be reached: {error}") from None
    finally:
        line.close()
    if len(raw) > MAX_ANSWER_BYTES:
        raise EnrolmentError(f"{url}: its answer is too long")
    return raw
