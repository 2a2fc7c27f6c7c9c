"""Takes commands: judges each, has it done, answers, and counts. Owned by the main thread.

Judging costs what a signed card costs. A refusal is answered now and then only, so that whoever
sends nonsense gets less back than he sends; what an operator signed for this start is answered
always.
"""

import secrets
from collections import Counter
from collections.abc import Callable

from kiosk.app.logs import Log
from kiosk.commands.form import NONCE_BYTES, Command, digest_of
from kiosk.commands.judging import Refusal, Refused, Taken, Terms, judge
from kiosk.commands.wire import CommandStatus, Reply
from kiosk.payloads.parts.trust import Context
from kiosk.uplink import Commanded
from kiosk.uplink.delivery.pace import Pace

_log = Log()

REFUSALS_HZ = 1.0
"""Answers to what is refused, after a burst; the others are only counted."""

Obey = Callable[[Command], str | Refused]
"""Does what a command says, and returns in words what was done, or why it was not."""
Answer = Callable[[str, bytes], None]


def terms_of(source: str, signers: Context) -> Terms | None:
    """Return the terms of this start, with a nonce that no other start has; None: nobody signs."""
    return Terms(source, secrets.token_bytes(NONCE_BYTES), signers) if signers.keys else None


class Commanding:
    """The commands of one start; `terms` None: none is taken. `status`: what is said of them."""

    def __init__(self, terms: Terms | None, obey: Obey, answer: Answer) -> None:
        self._terms = terms
        self._obey = obey
        self._answer = answer
        self._highest: dict[str, int] = {}
        self._done: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._dropped = 0
        self._pace = Pace(REFUSALS_HZ)
        self.status = self._told()

    def take(self, message: Commanded, now_s: float, up_s: float) -> None:
        """Do what a message commands, or refuse it; `up_s` is how long this start lasts."""
        if self._terms is None:
            return
        self._dropped += message.dropped
        judged = judge(message, self._terms, self._highest, up_s)
        if isinstance(judged, Refused):
            self._refuse(message, judged, now_s)
        else:
            self._do(message, judged)
        self.status = self._told()

    def _do(self, message: Commanded, judged: Taken) -> None:
        # Before it is done: what fails half-way is not done again by a second copy of it.
        self._highest[judged.issuer] = judged.command.counter
        done = self._obey(judged.command)
        facts = {"name": message.name, "issuer": judged.issuer, "counter": judged.command.counter}
        if isinstance(done, Refused):
            self._refused[done.refusal.value] += 1
            _log.warning("command not done", **facts, why=done.refusal.value)
            self._reply(message, done.why, done.refusal)
        else:
            self._done[message.name] += 1
            _log.info("command", **facts)
            self._reply(message, done, None)

    def _told(self) -> CommandStatus | None:
        """Return what the status says of commands."""
        if self._terms is None:
            return None
        return CommandStatus(
            nonce=self._terms.nonce.hex(),
            highest=dict(self._highest),
            done=dict(self._done),
            refused=dict(self._refused),
            dropped=self._dropped,
        )

    def _refuse(self, message: Commanded, refused: Refused, now_s: float) -> None:
        self._refused[refused.refusal.value] += 1
        if self._pace.room(now_s) < 1:
            return
        self._pace.spend(1)
        _log.warning("command refused", why=refused.refusal.value)
        if not refused.silent:
            self._reply(message, refused.why, refused.refusal)

    def _reply(self, message: Commanded, words: str, refusal: Refusal | None) -> None:
        too_large = refusal is Refusal.TOO_LARGE
        reply = Reply(
            to=None if too_large else digest_of(message.body),
            name=message.name,
            done=refusal is None,
            refusal=None if refusal is None else refusal.value,
            words=words,
        )
        self._answer(message.name, reply.model_dump_json().encode())
