"""The run as an animated picture for the README: what the camera sees, the lights, the event.

The scenes are drawn by the synthetic camera's own artist, as a program of its own: the
demonstration never imports the eye.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk.door.signal import Signal, Step, pattern_of
from provisioning.demo.play import Outcome
from provisioning.demo.screen import describe

_SIZE_PX = (720, 300)
_VIEW_PX = (360, 270)
_MARGIN_PX = 15
_PAPER, _INK, _FAINT = (250, 250, 247), (32, 32, 32), (120, 120, 120)
_GREEN, _RED, _DARK = (20, 170, 70), (215, 40, 40), (205, 205, 200)
_SHORTEST_MS = 60
_AFTER_MS = 700
_COLORS = 48


def draw_run(outcomes: Sequence[Outcome], path: Path, folder: Path) -> None:
    """Draw each case with the lights as they were played, and write a GIF that loops.

    Raises:
        RuntimeError: A scene could not be drawn.
    """
    frames: list[Image.Image] = []
    lengths_ms: list[int] = []
    palette: Image.Image | None = None
    for number, outcome in enumerate(outcomes):
        view = _view(outcome, folder / f"scene-{number}")
        if palette is None:
            # One palette for all frames, taken where both lights are lit, keeps their colours.
            lit = Step(0, green=1, red=1)
            palette = _frame(outcome, view, lit, None).quantize(_COLORS)
        for step, signal in _steps(outcome):
            frames.append(_frame(outcome, view, step, signal))
            lengths_ms.append(max(_SHORTEST_MS, step.for_ms))
    small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    small[0].save(
        path, save_all=True, append_images=small[1:], duration=lengths_ms, loop=0, optimize=True
    )


def _view(outcome: Outcome, stem: Path) -> Image.Image:
    scene, picture = stem.with_suffix(".json"), stem.with_suffix(".png")
    scene.write_text(json.dumps(outcome.case.scenes[-1]), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "kiosk.eye.scenes", str(scene), str(picture)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the scene {outcome.case.name!r} was not drawn: {done.stderr.strip()}")
    return Image.open(picture).resize(_VIEW_PX).convert("RGB")


def _steps(outcome: Outcome) -> Iterator[tuple[Step, Signal | None]]:
    yield Step(400), None
    for facts in outcome.facts:
        signal = Signal(facts["signal"])
        for step in pattern_of(signal).steps:
            yield step, signal
    yield Step(_AFTER_MS), None


def _frame(outcome: Outcome, view: Image.Image, step: Step, signal: Signal | None) -> Image.Image:
    frame = Image.new("RGB", _SIZE_PX, _PAPER)
    frame.paste(view, (_MARGIN_PX, _MARGIN_PX))
    draw = ImageDraw.Draw(frame)
    left = _VIEW_PX[0] + 2 * _MARGIN_PX
    draw.text((left, 20), outcome.case.name, _INK, ImageFont.load_default(17))
    for place, (value, color) in enumerate(((step.green, _GREEN), (step.red, _RED))):
        x = left + 30 + place * 90
        draw.ellipse((x, 65, x + 60, 125), fill=color if value else _DARK, outline=_FAINT)
    tone = f"{step.tone_hz} Hz" if step.tone_hz else ""
    draw.text((left + 205, 85), tone, _INK, ImageFont.load_default(17))
    for line, text in enumerate(_lines(outcome, signal)):
        draw.text((left, 150 + 26 * line), text, _FAINT, ImageFont.load_default(14))
    return frame


def _lines(outcome: Outcome, signal: Signal | None) -> list[str]:
    if signal is None:
        return []
    facts = next(f for f in outcome.facts if f["signal"] == signal.value)
    lines = [describe(signal), f"{signal.value} after {facts['latency_ms']:.0f} ms"]
    if "reason" in facts:
        lines.append(f"recorded: {facts['verdict']}, {facts['reason']}")
    lines += [f"on the broker: ...{e['id'][-6:]}" for e in outcome.received[:1]]
    return lines
