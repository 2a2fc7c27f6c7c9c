"""The benchmark of parsers asks every format, at every length, and shows what it measured."""

import json
from pathlib import Path

import pytest

from benchmarks import parsers
from kiosk.door.credential import Credential, Damaged, Foreign
from kiosk.errors import PayloadError
from kiosk.payloads import MAX_PAYLOAD_BYTES, formats

SHAPES = [(name, shape) for name, shapes in parsers.SHAPES.items() for shape in shapes]


def test_no_format_is_left_out() -> None:
    assert set(parsers.SHAPES) == {*formats(), "foreign", "any"}


@pytest.mark.parametrize(("name", "shape"), SHAPES, ids=[f"{n}: {s}" for n, s in SHAPES])
def test_lengths_double_up_to_what_a_code_holds(name: str, shape: str) -> None:
    parse = parsers.parser_of(name)
    raws = [parsers.SHAPES[name][shape](length) for length in parsers.LENGTHS]
    assert parsers.LENGTHS[-1] == MAX_PAYLOAD_BYTES
    assert MAX_PAYLOAD_BYTES * 0.8 < len(raws[-1]) <= MAX_PAYLOAD_BYTES
    # A whole envelope has a least length, so the shortest may be alike.
    assert [len(raw) for raw in raws] == sorted(len(raw) for raw in raws)
    assert len(raws[0]) < 200
    for raw in raws:
        assert isinstance(parse(raw), Credential | Damaged | Foreign | PayloadError | None)


def test_the_largest_of_a_format_s_own_are_its_own() -> None:
    for name, shape in (
        ("cccd", "a long address"),
        ("covid_qr", "a long EXT"),
        ("bhyt", "a long name"),
    ):
        raw = parsers.SHAPES[name][shape](MAX_PAYLOAD_BYTES)
        assert isinstance(parsers.parser_of(name)(raw), Credential)
    forged = parsers.SHAPES["certificate"]["a forged envelope"](MAX_PAYLOAD_BYTES)
    assert str(parsers.parser_of("certificate")(forged)) == "signature: does not match"


@pytest.mark.parametrize("power", [0, 1, 2])
def test_the_exponent_is_that_of_the_growth(power: int) -> None:
    times = [3.0 * length**power for length in parsers.LENGTHS]
    assert parsers.exponent(parsers.LENGTHS, times) == pytest.approx(power)


def test_figures_are_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parsers.main(["--format", "covid_qr", "--json", str(tmp_path / "growth.json")]) == 0
    shown = capsys.readouterr().out.splitlines()
    written = json.loads((tmp_path / "growth.json").read_text())
    assert len(shown) == len(written) == len(parsers.SHAPES["covid_qr"])
    for line, figures in zip(shown, written, strict=True):
        assert figures["shape"] in line
        assert f"exponent {figures['exponent']:5.2f}" in line
        assert all(each > 0 for each in figures["micros"])
