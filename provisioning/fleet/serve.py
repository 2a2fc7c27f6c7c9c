"""The enrolment server: redeems claims, renews certificates, tells the root and what is revoked.

HTTPS without client certificates: an expired one would be refused before anybody could look at it.
Whoever asks is believed only by a claim or by a signature. Every request is bounded in size, in
time and in number; signing happens in threads, so that a slow disk holds up nobody's connection.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.enrolment.wire import (
    CRL,
    MAX_REQUEST_BYTES,
    REDEEM,
    RENEW,
    ROOT,
    Enrolled,
    Redeem,
    Refusal,
    Refused,
    Renew,
)
from kiosk.errors import EnrolmentRefused
from provisioning.errors import ProvisioningError
from provisioning.fleet.allowance import Allowance
from provisioning.fleet.registrar import Registrar
from provisioning.fleet.requests import refuse

log = structlog.get_logger("enrolment")

BODY_S = 10.0
EACH_MOST, EACH_HZ = 120, 2.0
"""One address: a bench with fifty kiosks, or a district, may stand behind one."""
ALL_MOST, ALL_HZ = 200, 50.0
_STATUS = {Refusal.BUSY: 429, Refusal.REQUEST: 400}
_FORBIDDEN = 403
_EVERYBODY = ""

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class EnrolmentServer:
    """The routes over one registrar."""

    def __init__(self, registrar: Registrar, monotonic_s: Callable[[], float]) -> None:
        self._registrar = registrar
        self._each = Allowance(EACH_MOST, EACH_HZ, monotonic_s)
        self._all = Allowance(ALL_MOST, ALL_HZ, monotonic_s)

    def app(self) -> Starlette:
        """Return what a web server runs."""
        return Starlette(
            routes=[
                Route(REDEEM, self._bounded(self._redeem), methods=["POST"]),
                Route(RENEW, self._bounded(self._renew), methods=["POST"]),
                Route(ROOT, self._bounded(self._root), methods=["GET"]),
                Route(CRL, self._bounded(self._crl), methods=["GET"]),
            ]
        )

    def _bounded(self, handler: Handler) -> Handler:
        """Answer within the allowance, and say in one form what is refused."""

        async def answer(request: Request) -> Response:
            address = request.client.host if request.client is not None else "unknown"
            try:
                if not self._each.take(address) or not self._all.take(_EVERYBODY):
                    refuse(Refusal.BUSY, "too many requests: later")
                return await handler(request)
            except EnrolmentRefused as error:
                refusal = Refusal(error.refusal)
                log.warning("refused", refusal=refusal.value, path=request.url.path, by=address)
                said = Refused(refused=refusal, message=str(error)[:300])
                return _json(said, _STATUS.get(refusal, _FORBIDDEN))
            except ProvisioningError as error:
                log.error("cannot enrol", what=str(error))  # noqa: TRY400 - a person's to mend: no trace
                said = Refused(refused=Refusal.BUSY, message="the server is out of order: later")
                return _json(said, 503)

        return answer

    async def _redeem(self, request: Request) -> Response:
        asked = await _read(request, Redeem)
        made = await run_in_threadpool(self._registrar.redeem, asked)
        return _enrolled("redeemed", made)

    async def _renew(self, request: Request) -> Response:
        asked = await _read(request, Renew)
        made = await run_in_threadpool(self._registrar.renew, asked)
        return _enrolled("renewed", made)

    async def _root(self, _request: Request) -> Response:
        return Response(self._registrar.root, media_type="application/x-pem-file")

    async def _crl(self, _request: Request) -> Response:
        raw = await run_in_threadpool(self._registrar.revocations.read)
        return Response(raw, media_type="application/x-pem-file")


async def _read(request: Request, model: type[Model]) -> Model:
    try:
        async with asyncio.timeout(BODY_S):
            raw = await _body(request)
        return model.model_validate(json.loads(raw))
    except (TimeoutError, ClientDisconnect):
        refuse(Refusal.REQUEST, "the request did not come to its end")
    except (ValueError, RecursionError, ValidationError):
        # What pydantic says would quote the claim.
        refuse(Refusal.REQUEST, "this is no request of a kiosk")


async def _body(request: Request) -> bytes:
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_REQUEST_BYTES:
            refuse(Refusal.REQUEST, "the request is too long")
    return raw


def _enrolled(what: str, made: Enrolled) -> Response:
    log.info(what, site=made.site, device=made.device)
    return _json(made, 200)


def _json(said: BaseModel, status: int) -> Response:
    return Response(said.model_dump_json(), status, media_type="application/json")
