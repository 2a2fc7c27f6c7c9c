"""Does a door take the ward's cards, and no others? Issued, printed, held up, read and judged.

Cards are issued from a list of synthetic people, printed to PDF, rasterised at 150 dots an inch and
put into door scenes of nominal difficulty (seeds from 1000: nothing was tuned on them). The real
eye reads them, and formats, lists and rules judge what it read. Bad cards must be refused with
their own reason, and a photocopy of a photocopy must be taken like the card itself.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.card_cases import NOW_S, TODAY, WARD, Case, Issued, cases, issuer, new_register
from benchmarks.card_prints import cut_out, face_of_card, photocopied
from benchmarks.readers import Kiosk, picture_of
from benchmarks.scenes.conditions import plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.render import render
from kiosk.door.credential import Credential
from kiosk.door.reason import Rules
from kiosk.door.rules import Case as Held
from kiosk.door.rules import conclude, findings
from kiosk.door.standing import UNLISTED
from kiosk.lists.book import Book
from kiosk.payloads import formats, read
from provisioning.cards import printing
from provisioning.cards.form import Form
from provisioning.cards.register import Register

LEAST_ACCEPTED = 0.99
MOST_SECONDS = 20.0
MANY = 1000
_NO_HANDLE = "0" * 32
_RULES = Rules(frozenset({"card"}))
UNREAD = "unread"


@dataclass(slots=True)
class Tally:
    """What became of the cards of one case in one form."""

    case: str
    form: str
    wanted: str
    shown: int = 0
    read: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share of those shown of which the door said what it must."""
        return self.reasons.get(self.wanted, 0) / max(1, self.shown)

    @property
    def wrong(self) -> int:
        """How many were read and judged otherwise."""
        return self.read - self.reasons.get(self.wanted, 0)

    @property
    def good(self) -> bool:
        """Tell whether the target is met: a wrong answer is never forgiven, a miss is."""
        return self.wrong == 0 and self.share >= LEAST_ACCEPTED


def judged(payloads: Sequence[bytes], code: str, book: Book) -> str:
    """Return the reason that a door gives for what was read, or that nothing was."""
    if code.encode() not in payloads:
        return UNREAD if not payloads else "misread"
    content = read(code.encode(), formats(), book.context)
    standing = UNLISTED
    if isinstance(content, Credential):
        standing = book.standing(content, _NO_HANDLE)
    return conclude(findings(Held(content, _RULES, NOW_S, standing)), _RULES).reason.value


def look(case: Case, form: Form, issued: Issued, book: Book, seed: int, *, copied: bool) -> Tally:
    """Print one case's cards, hold each up once, and count what the door says."""
    kiosk = Kiosk()
    name = f"{case.name}, copied" if copied else case.name
    tally = Tally(name, form.value, case.reason.value)
    pdf = printing.pdf(case.cards, issued.register.ward, form)
    prints = cut_out(pdf, form, len(case.cards))
    for number, ((_, code), card) in enumerate(zip(case.cards, prints, strict=True)):
        rng = dice(seed, "card", name, form, number)
        seen = photocopied(card, rng) if copied else card
        reason = judged(_read(kiosk, seen, form, seed, number), code, book)
        tally.shown += 1
        tally.read += reason != UNREAD
        tally.reasons[reason] = tally.reasons.get(reason, 0) + 1
    return tally


def _read(kiosk: Kiosk, card: Image.Image, form: Form, seed: int, number: int) -> list[bytes]:
    shot = replace(plain(dice(seed, "shot", form, number), number), prop="card")
    frame = render(shot, face_of_card(card, form, shot.contrast))
    return kiosk.read(picture_of(frame)).payloads


def measured(cards: int, bad: int, seed: int, many: int) -> dict[str, Any]:
    """Return every figure: what the door said, and how long printing takes."""
    ward = issuer(WARD, 1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with Register.opened(new_register(folder, ward)) as register:
            issued = Issued(register, ward, folder)
            every = cases(issued, cards, bad)
            book = issued.book(ward)
            tallies = [
                look(case, form, issued, book, seed, copied=False)
                for case in every
                for form in Form
            ]
            tallies += [look(every[0], form, issued, book, seed, copied=True) for form in Form]
            seconds = {form.value: _seconds(issued, form, many) for form in Form} if many else {}
    return {
        "seed": seed,
        "cases": [
            asdict(each) | {"share": each.share, "wrong": each.wrong, "good": each.good}
            for each in tallies
        ],
        "printed": many,
        "seconds": seconds,
        "met": all(each.good for each in tallies)
        and all(each <= MOST_SECONDS for each in seconds.values()),
    }


def _seconds(issued: Issued, form: Form, many: int) -> float:
    """Return how many seconds it takes from a list of people to a file for the printer."""
    begun_s = time.monotonic()
    issued.cards(f"many {form}", many, (TODAY, TODAY), form)
    return time.monotonic() - begun_s


def table(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{'card':18} {'form':6} {'shown':>6} {'read':>6} {'as it must':>11}  said"]
    for each in figures["cases"]:
        said = ", ".join(f"{reason} {count}" for reason, count in each["reasons"].items())
        lines.append(
            f"{each['case']:18} {each['form']:6} {each['shown']:6d} {each['read']:6d}"
            f" {each['share']:11.1%}  {said}"
        )
    for form, seconds in figures["seconds"].items():
        lines.append(f"{figures['printed']} cards issued and printed as {form}: {seconds:.1f} s")
    lines.append("all targets met" if figures["met"] else "A TARGET WAS MISSED")
    return "\n".join(lines)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cards", description=__doc__)
    parser.add_argument("--cards", type=int, default=150, metavar="N", help="good cards a form")
    parser.add_argument("--bad", type=int, default=20, metavar="N", help="of each bad kind a form")
    parser.add_argument("--seed", type=int, default=1000, metavar="S")
    parser.add_argument("--many", type=int, default=MANY, metavar="N", help="printed for the time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a target is missed."""
    options = _arguments(sys.argv[1:] if given is None else given)
    figures = measured(options.cards, options.bad, options.seed, options.many)
    sys.stdout.write(table(figures) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
