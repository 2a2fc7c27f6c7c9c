"""Write the generated part of the documentation, or check that it is in step with the code.

`python -m docs.generate` writes; `python -m docs.generate --check` writes nothing, names what
drifted and exits with 1. What is generated comes from the code that runs, so it cannot be wrong in
another way than the code is.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from docs import (
    asyncapi_page,
    commands_page,
    delivery_page,
    doctor_page,
    ledger_page,
    mount_page,
    onboarding_page,
    rules_page,
    scale_page,
    settings_page,
    status_page,
    threat_page,
    wire_page,
)
from kiosk import errors
from kiosk.app.settings import load_settings
from kiosk.app.wiring_drawing import as_svg
from kiosk.app.wiring_plan import Row, rows_of
from kiosk.door.event import CheckInEvent
from kiosk.door.machine import TRANSITIONS, Phase
from kiosk.door.signal import (
    FAILURE_BLINKS,
    Failure,
    Fault,
    OnboardingSignal,
    Pattern,
    Signal,
    Step,
    onboarding_pattern,
    pattern_of,
)
from kiosk.door.signal_names import FAILURES, FAULTS, ONBOARDING, SIGNALS

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = "docs/reference/settings.md"
DOOR_PAGE = "docs/explanation/door.md"
BEGIN = "<!-- begin: states, written by python -m docs.generate -->"
END = "<!-- end: states -->"
_NOTE = "<!-- Written by `python -m docs.generate`; do not edit. -->"
_COLOURS = {
    (False, False): "tắt/dark",
    (True, False): "xanh/green",
    (False, True): "đỏ/red",
    (True, True): "xanh và đỏ/green and red",
}

EXAMPLE_ENVIRON = {
    # The example names a key file that only a kiosk has, and libraries that only a Pi has.
    "KIOSK_IDENTITY__SITE_KEY": "00" * 32,
    "KIOSK_CAMERA__KIND": "synthetic",
    "KIOSK_EYE__DECODERS": "zxing",
}


def pages() -> dict[str, str]:
    """Return every generated file: its path from the root, and its text."""
    before = _committed(SETTINGS_PAGE)
    return {
        SETTINGS_PAGE: f"{_NOTE}\n{settings_page.text(before)}",
        "docs/reference/ledger.md": f"{_NOTE}\n{ledger_page.text()}",
        "docs/reference/checkin.schema.json": checkin_schema(),
        asyncapi_page.PAGE: asyncapi_page.text(),
        "docs/reference/commands.md": f"{_NOTE}\n{commands_page.text()}",
        "docs/reference/errors.md": f"{_NOTE}\n{errors_page()}",
        "docs/reference/signals.md": f"{_NOTE}\n{signals_page()}",
        "docs/reference/status.md": f"{_NOTE}\n{status_page.text()}",
        "docs/reference/wiring.svg": wiring_svg(),
        DOOR_PAGE: door_page(_committed(DOOR_PAGE)),
        delivery_page.PAGE: delivery_page.text(_committed(delivery_page.PAGE)),
        onboarding_page.PAGE: onboarding_page.text(_committed(onboarding_page.PAGE)),
        doctor_page.PAGE: doctor_page.text(_committed(doctor_page.PAGE)),
        scale_page.PAGE: scale_page.text(_committed(scale_page.PAGE)),
        threat_page.PAGE: threat_page.text(_committed(threat_page.PAGE)),
        wire_page.PAGE: wire_page.text(_committed(wire_page.PAGE), _rows("led,buzzer,relay")),
        **mount_page.pages({name: _committed(name) for name in mount_page.PAGES}),
    }


def _committed(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def checkin_schema() -> str:
    """Return the JSON Schema of the event as it is written, where every field is present."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CheckInEvent.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def errors_page() -> str:
    """Return the errors, their remedies, and what each remedy means."""
    classes = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, errors.KioskError) and each is not errors.KioskError
    ]
    classes.sort(key=lambda each: inspect.getsourcelines(each)[1])
    lines = ["# Errors", "", "The daemon chooses by class, never by text.", ""]
    lines += ["| Error | Is a | Remedy | Meaning |", "|---|---|---|---|"]
    for each in classes:
        meaning = inspect.cleandoc(each.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        parent = each.__bases__[0].__name__
        lines.append(f"| `{each.__name__}` | `{parent}` | {each.remedy} | {meaning} |")
    lines += ["", "## Remedies", "", "| Remedy | What the daemon does |", "|---|---|"]
    lines += [f"| {name} | {meaning} |" for name, meaning in _remedies().items()]
    return "\n".join(lines) + "\n"


def _remedies() -> dict[str, str]:
    """Return what stands below each remedy; such docstrings exist in the source only."""
    tree = ast.parse(inspect.getsource(errors.Remedy)).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for entry, below in pairwise(body):
        if (
            isinstance(entry, ast.Assign)
            and isinstance(entry.value, ast.Constant)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[str(entry.value.value)] = inspect.cleandoc(str(below.value.value))
    return found


def signals_page() -> str:
    """Return what people see and hear, Vietnamese first."""
    lines = [
        "# Tín hiệu · Signals",
        "",
        "| Ý nghĩa | Meaning | Signal | Đèn và nhịp · Lights and rhythm | Âm · Tone |",
        "|---|---|---|---|---|",
    ]
    lines += [
        _signal_row(SIGNALS[signal], signal.value, pattern_of(signal))
        for signal in Signal
        if signal is not Signal.OUT_OF_ORDER
    ]
    for fault in Fault:
        name = f"{Signal.OUT_OF_ORDER.value}, {fault.value}"
        pattern = pattern_of(Signal.OUT_OF_ORDER, fault)
        lines.append(_signal_row(FAULTS[fault], name, pattern))
    unnamed = pattern_of(Signal.OUT_OF_ORDER)
    lines.append(_signal_row(SIGNALS[Signal.OUT_OF_ORDER], Signal.OUT_OF_ORDER.value, unnamed))
    return "\n".join([*lines, *_onboarding_rows()]) + "\n"


def _onboarding_rows() -> Iterator[str]:
    """Yield what is shown to whoever onboards a kiosk; residents are told none of it."""
    yield from (
        "",
        "## Cài đặt máy bằng mã · Onboarding by a code",
        "",
        (
            "Cho kỹ thuật viên. Xanh và đỏ cùng sáng không bao giờ có nghĩa là đã ghi nhận. · For "
            "the technician. Green and red together never mean that somebody was recorded."
        ),
        "",
        "| Ý nghĩa | Meaning | Signal | Đèn và nhịp · Lights and rhythm | Âm · Tone |",
        "|---|---|---|---|---|",
    )
    for signal in OnboardingSignal:
        if signal is not OnboardingSignal.FAILED:
            yield _signal_row(ONBOARDING[signal], signal.value, onboarding_pattern(signal))
    for failure in Failure:
        name = f"{OnboardingSignal.FAILED.value}, {failure.value}"
        pattern = onboarding_pattern(OnboardingSignal.FAILED, failure)
        vietnamese, english = FAILURES[failure]
        count = FAILURE_BLINKS[failure]
        yield _signal_row((f"{vietnamese} ({count})", f"{english} ({count})"), name, pattern)


def _signal_row(names: tuple[str, str], signal: str, pattern: Pattern) -> str:
    vietnamese, english = names
    tones = dict.fromkeys(f"{s.tone_hz} Hz" for s in pattern.steps if s.tone_hz)
    tone = ", ".join(tones) or "im lặng · silent"
    return f"| {vietnamese} | {english} | `{signal}` | {_rhythm(pattern)} | {tone} |"


def _rhythm(pattern: Pattern) -> str:
    # Steps that differ only in tone are one light.
    merged: list[tuple[str, int]] = []
    for step in pattern.steps:
        light = _light(step)
        if merged and merged[-1][0] == light:
            merged[-1] = (light, merged[-1][1] + step.for_ms)
        else:
            merged.append((light, step.for_ms))
    steps = ", ".join(f"{light} {for_ms} ms" for light, for_ms in merged)
    return f"{steps}; lặp lại · repeats" if pattern.repeats else steps


def _light(step: Step) -> str:
    colour = _COLOURS[bool(step.green), bool(step.red)]
    brightness = max(step.green, step.red)
    return colour if brightness in (0, 1) else f"{colour} {brightness:.0%}"


def wiring_svg() -> str:
    """Return the drawing for the example settings."""
    return as_svg(_rows("led,buzzer"))


def _rows(indicators: str) -> tuple[Row, ...]:
    """Return the wires of the example settings with these indicators in use."""
    example = ROOT / "provisioning" / "kiosk.example.toml"
    environ = {**EXAMPLE_ENVIRON, "KIOSK_INDICATORS__USE": indicators}
    return rows_of(load_settings(example, environ).settings)


def state_diagram() -> str:
    """Return the door's phases as Mermaid, from the table that the door runs on."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_node(Phase.STARTING)}"]
    for (phase, turn), after in TRANSITIONS.items():
        lines.append(f"    {_node(phase)} --> {_node(after)}: {turn.value}")
    return "\n".join([*lines, "```"])


def _node(phase: Phase) -> str:
    return phase.value.replace("-", "_")


def door_page(page: str) -> str:
    """Return the page with the blocks between its markers drawn anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{DOOR_PAGE}: put the two lines there: {BEGIN} and {END}")
    return rules_page.drawn(f"{before}{BEGIN}\n{state_diagram()}\n{END}{after}")


def drifted(root: Path = ROOT) -> list[str]:
    """Return the generated files that differ from what the code says now."""
    wrong = []
    for name, text in pages().items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong.append(name)
    return wrong


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    if arguments == ["--check"]:
        wrong = drifted()
        for name in wrong:
            sys.stderr.write(f"{name}: not in step with the code; run python -m docs.generate\n")
        return 1 if wrong else 0
    if arguments:
        sys.stderr.write("usage: python -m docs.generate [--check]\n")
        return 2
    for name, text in pages().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
