"""The part of the door's page that lists the rules, from the tables that the door runs on."""

from kiosk.door.rules import REFUSALS, Rule
from kiosk.door.signal import signal_of

BEGIN = "<!-- begin: rules, written by python -m docs.generate -->"
END = "<!-- end: rules -->"
ASKED: dict[Rule, str] = {
    Rule.FORMAT: "always: is it a person's card, and of a kind that opens this door?",
    Rule.READABLE: "always: does it keep its format's rules?",
    Rule.GENUINE: "of a signed card: did a trusted issuer sign it as it is?",
    Rule.VALIDITY: "of a card with dates",
    Rule.REVOKED: "always: does a list name this card?",
    Rule.BARRED: "always: does a list name this person?",
    Rule.DECLARATION: "of who comes in, where `rules.declaration` is set",
    Rule.HOURS: "of who comes in, where `rules.open_hours` are set",
    Rule.DAY_PARITY: "of who comes in with a card for even or odd days",
    Rule.QUOTA: "of who comes in, where the card or `rules.quota_visits` has one",
    Rule.PASSBACK: "where `rules.passback` is not `off`; `soft` flags and does not refuse",
    Rule.CAPACITY: "of who comes in, where `rules.capacity` is set",
}


def drawn(page: str) -> str:
    """Return the page with the block between its markers written anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"the door's page lacks the two lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{_table()}\n{END}{after}"


def _table() -> str:
    lines = ["| | Rule | Asked | Refuses with | Shown as |", "|---|---|---|---|---|"]
    for number, rule in enumerate(Rule, 1):
        reasons = REFUSALS[rule]
        signals = ", ".join(dict.fromkeys(f"*{signal_of(r)}*" for r in reasons))
        words = ", ".join(f"`{reason}`" for reason in reasons)
        lines.append(f"| {number} | {rule} | {ASKED[rule]} | {words} | {signals} |")
    return "\n".join(lines)
