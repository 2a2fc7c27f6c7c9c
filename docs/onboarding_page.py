"""The diagram of onboarding's stages, from the table that it runs on."""

from kiosk.onboarding.stages import TRANSITIONS, Stage

PAGE = "docs/explanation/onboarding.md"
BEGIN = "<!-- begin: stages, written by python -m docs.generate -->"
END = "<!-- end: stages -->"


def text(page: str) -> str:
    """Return the page with the block between its markers drawn anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE}: put the two lines there: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{diagram()}\n{END}{after}"


def diagram() -> str:
    """Return the stages, as Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Stage.WAITING.value}"]
    lines += [
        f"    {stage.value} --> {after.value}: {turn.value}"
        for (stage, turn), after in TRANSITIONS.items()
    ]
    return "\n".join([*lines, f"    {Stage.ONBOARDED.value} --> [*]", "```"])
