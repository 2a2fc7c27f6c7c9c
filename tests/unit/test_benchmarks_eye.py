"""The benchmark from end to end on a handful of pictures, with what the kiosk itself needs."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from benchmarks import report, tally
from benchmarks.corpus import Sample, samples, spread
from benchmarks.eye import main
from benchmarks.measure import Result, run
from benchmarks.readers import KIOSK, PEERS, Kiosk, Peer, Picture, Reading, load, picture_of
from benchmarks.scenes.render import render
from benchmarks.scenes.shot import Shot
from benchmarks.truth import Truth, Verdict

TEXT = "https://diem-den.example.vn/c/Đông"
QUICK = [KIOSK, "zxing", "zbarlight"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of three pictures: a known code, one that nobody knows, and none."""
    shown = render(Shot(seed=1, content=TEXT.encode(), module_px=3.0))
    shown.save(tmp_path / "known.png")
    shown.save(tmp_path / "unknown.png")
    render(Shot(seed=2)).save(tmp_path / "none.png")
    rows = [
        {"file": "known.png", "kind": "qr", "group": "a", "text": TEXT, "licence": "none"},
        {"file": "unknown.png", "kind": "qr", "group": "a", "text": None},
        {"file": "none.png", "kind": "neg", "group": "b", "text": None},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "manifest.jsonl").write_text(lines + "\n\n", encoding="utf-8")
    return tmp_path


class Scripted:
    """A reader that reports what it is told to; notes when it was asked."""

    version = "1"

    def __init__(self, name: str, report: Callable[[int], list[bytes]], order: list[str]) -> None:
        self.name = name
        self._report, self._order, self._asked = report, order, -1

    def read(self, picture: Picture) -> Reading:
        assert picture.luma
        self._order.append(self.name)
        self._asked += 1
        return Reading(self._report(self._asked))


def sample(number: int, *, has_code: bool = True) -> Sample:
    draw = partial(Image.new, "L", (32, 24), number)
    truth = Truth(payload=b"%d" % number) if has_code else None
    return Sample(str(number), "photographs", "g", truth, draw, has_code=has_code)


def result(of: Sample, reader: str, cpu_ns: float, *, read: bool, exact: bool = False) -> Result:
    return Result(of, reader, Verdict(read=read, exact=exact, false=False), cpu_ns)


def test_readers_take_turns_in_being_first() -> None:
    order: list[str] = []
    readers = [Scripted(name, lambda _: [], order) for name in "abc"]
    run([sample(number) for number in range(4)], readers)
    warm_up, rest = order[:3], order[3:]
    assert warm_up == ["a", "b", "c"]
    assert rest == [*"abc", *"bca", *"cab", *"abc"]


def test_results_say_who_read_what() -> None:
    order: list[str] = []
    # Asked first to warm up, then for frames 0 to 2.
    good = Scripted("good", lambda asked: [b"%d" % (asked - 1)], order)
    wrong = Scripted("wrong", lambda _: [b"out of thin air"], order)
    pictures = [sample(0), sample(1), sample(2, has_code=False)]
    rates = tally.rates(run(pictures, [good, wrong]))
    assert {k: rates["good"][k] for k in ("read", "of", "exact", "false")} == {
        "read": 2,
        "of": 2,
        "exact": 2,
        "false": 1,
    }
    assert rates["wrong"]["read"] == 0
    assert rates["wrong"]["false"] == 3


def test_costs_are_relative_to_zbarlight_with_and_without_a_code() -> None:
    code, none = sample(1), sample(2, has_code=False)
    rates = tally.rates(
        [
            result(code, "zbarlight", 100.0, read=True),
            result(none, "zbarlight", 400.0, read=False),
            result(code, KIOSK, 25.0, read=True),
            result(none, KIOSK, 40.0, read=False),
        ]
    )
    assert (rates[KIOSK]["cpu_ratio_pos"], rates[KIOSK]["cpu_ratio_neg"]) == (0.25, 0.1)
    assert (rates["zbarlight"]["cpu_ratio_pos"], rates["zbarlight"]["cpu_ratio_neg"]) == (1.0, 1.0)


def test_without_zbarlight_there_is_no_ratio() -> None:
    rates = tally.rates([result(sample(1), KIOSK, 25.0, read=True)])
    assert rates[KIOSK]["cpu_ratio_pos"] is None


def test_the_union_is_of_peers_only() -> None:
    one, two, three = (sample(number) for number in (1, 2, 3))
    results = [
        result(one, "a", 1, read=True, exact=True),
        result(one, "b", 1, read=False),
        result(two, "b", 1, read=True),
        result(three, KIOSK, 1, read=True, exact=True),
    ]
    assert tally.union(results) == {"read": 2, "exact": 1, "of": 3}


def test_a_peer_that_cannot_be_imported_is_missing_and_the_others_run() -> None:
    def broken() -> Peer:
        raise ModuleNotFoundError("No module named 'somebody'")

    readers, missing = load([KIOSK, "zxing", "broken"], {"zxing": PEERS["zxing"], "broken": broken})
    assert [reader.name for reader in readers] == [KIOSK, "zxing"]
    assert missing == {"broken": "ModuleNotFoundError: No module named 'somebody'"}


def test_a_reader_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit, match="no such reader: zebra"):
        load(["zebra"])


def test_the_kiosk_is_shown_a_still_until_it_reads_it_and_a_while_at_most() -> None:
    kiosk = Kiosk()
    shown = picture_of(render(Shot(seed=1, content=TEXT.encode(), module_px=3.0)))
    assert kiosk.read(shown) == Reading([TEXT.encode()], 1)
    assert kiosk.read(picture_of(Image.new("L", (320, 240), 90))) == Reading([], kiosk.held_frames)


def test_a_corpus_is_read_as_its_manifest_says(corpus: Path) -> None:
    found = list(samples(corpus))
    assert [s.kind for s in found] == ["known", "unknown", "negative"]
    assert found[0].judge([TEXT.encode()]).exact
    assert found[1].judge([b"anything"]).read
    assert found[2].judge([b"anything"]).false
    assert found[0].draw().mode == "L"


def test_a_folder_without_a_manifest_or_with_a_wrong_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no manifest\.jsonl"):
        list(samples(tmp_path))
    (tmp_path / "manifest.jsonl").write_text('{"file": "x", "kind": "both", "group": "g"}')
    with pytest.raises(SystemExit, match=r"manifest\.jsonl:1"):
        list(samples(tmp_path))


def test_a_code_drawn_on_nothing_is_seen_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    row = {"file": "clear.png", "kind": "neg", "group": "g", "text": None}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row))
    assert next(samples(tmp_path)).draw().getextrema() == (255, 255)


def test_a_limit_takes_from_all_over() -> None:
    assert spread([*range(10)], 3) == [0, 3, 6]
    assert spread([1, 2], 3) == [1, 2]


def test_one_command_reads_a_corpus(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = figures_of(["--corpus", str(corpus), "--limit", "3"], tmp_path)
    assert set(figures["readers"]) == set(QUICK)
    assert set(figures["missing"]) == set(PEERS) - set(QUICK)
    own = figures["readers"][KIOSK]
    names = ("read", "of", "exact", "false", "unknown_read")
    assert [own[name] for name in names] == [1, 1, 1, 0, 1]
    assert 0 < own["cpu_ratio_empty"] == figures["empty_door"]["cpu_ratio_empty"]
    assert "cpu_ratio_empty" not in figures["readers"]["zbarlight"]
    assert figures["union_of_peers"] == {"read": 1, "exact": 1, "of": 1}
    assert "| kiosk | 1 of 1" in capsys.readouterr().out


def test_one_command_reads_scenes_and_visits_and_writes_a_page(
    corpus: Path, tmp_path: Path
) -> None:
    given = ["--corpus", str(corpus), "--scenes", "1", "--stream", "--limit", "1"]
    figures = figures_of(given, tmp_path)
    assert set(figures["stream"]) == {"1", "2.5", "4", "10"}
    for by_reader in figures["stream"].values():
        assert set(by_reader) == set(QUICK)
        assert all(row["of"] == 1 and row["false"] == 0 for row in by_reader.values())
    # It is an ordinary card: a machine would have to be very busy to miss all of its frames.
    assert figures["stream"]["1"][KIOSK]["read"] == 1
    assert figures["never_read"]["cards"] == 1
    page, plot = report.write(figures, tmp_path)
    text = (tmp_path / page).read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    headings = ("## Photographs", "## Door scenes", "## An empty door", "## In real time")
    for heading in (*headings, "## Beyond"):
        assert heading in text
    bars = ET.fromstring((tmp_path / plot).read_text(encoding="utf-8"))
    words = [each.text for each in bars.iter() if each.text]
    assert words.count(KIOSK) == len(figures["sets"])


def figures_of(given: list[str], folder: Path) -> dict[str, Any]:
    out = folder / "figures.json"
    quick = ["--readers", ",".join(QUICK), "--empty", "6"]
    assert main([*given, *quick, "--json", str(out)]) == 0
    figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return figures


@pytest.mark.parametrize(
    "given", [[], ["--stream"], ["--corpus", "x", "--stream"], ["--negatives", "3"]]
)
def test_what_cannot_be_done_is_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(given)
    assert refused.value.code == 2
