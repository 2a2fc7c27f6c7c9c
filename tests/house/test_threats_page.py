"""The threat model is made of the tests that prove it: no attempt without one, no invented one."""

from pathlib import Path

import pytest

from docs import threat_page
from docs.threats import THREATS, Attacker, names

MARK = "@pytest.mark.threat"
TEST = "def test_it() -> None: ...\n"


def folder_with(folder: Path, source: str, name: str = "test_one.py") -> Path:
    """Write a file of tests that proves everything, and beside it `source`."""
    tests = folder / "tests"
    tests.mkdir()
    every = ", ".join(repr(name) for name in sorted(names()))
    (tests / "test_all.py").write_text(f"{MARK}({every})\n{TEST}")
    (tests / name).write_text(source)
    return tests


def test_every_attempt_has_a_name_of_its_own_and_says_who_refuses_it() -> None:
    listed = [threat for threats in THREATS.values() for threat in threats]
    assert len({threat.name for threat in listed}) == len(listed)
    assert set(THREATS) == set(Attacker)
    for threat in listed:
        assert threat.attempt
        assert threat.refused_by


def test_the_page_shows_each_attempt_with_its_tests() -> None:
    page = (threat_page.ROOT / threat_page.PAGE).read_text("utf-8")
    drawn = threat_page.text(page)
    for threats in THREATS.values():
        for threat in threats:
            assert f"\n| {threat.attempt} | {threat.refused_by} | [" in drawn


def test_a_test_proves_what_stands_above_it(tmp_path: Path) -> None:
    tests = folder_with(tmp_path, f"{MARK}('forge-card', 'forge-list')\n{TEST}")
    found = [proof for proof in threat_page.proofs(tests) if proof.path == "tests/test_one.py"]
    assert {proof.threat for proof in found} == {"forge-card", "forge-list"}
    assert {proof.test for proof in found} == {"test_it"}


def test_an_attempt_without_a_test_fails(tmp_path: Path) -> None:
    tests = folder_with(tmp_path, "")
    source = (tests / "test_all.py").read_text().replace("'forge-card', ", "")
    (tests / "test_all.py").write_text(source)
    with pytest.raises(SystemExit, match="no test proves 'forge-card'"):
        threat_page.proofs(tests)


def test_a_test_of_an_attempt_that_nobody_lists_fails(tmp_path: Path) -> None:
    tests = folder_with(tmp_path, f"{MARK}('forge-gold')\n{TEST}")
    with pytest.raises(
        SystemExit, match=r"test_one\.py: test_it: no threat is called 'forge-gold'"
    ):
        threat_page.proofs(tests)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (f"{MARK}\n{TEST}", "test_one.py"),
        (f"{MARK}()\n{TEST}", "test_one.py"),
        (f"{MARK}(NAME)\n{TEST}", "test_one.py"),
        (f"{MARK}('forge-card')\ndef prove() -> None: ...\n", "test_one.py"),
        (f"{MARK}('forge-card')\n{TEST}", "parts.py"),
        (f"{MARK}('forge-card')\nclass TestIt: ...\n", "test_one.py"),
        (f"pytestmark = {MARK[1:]}('forge-card')\n", "test_one.py"),
        (f"from pytest import mark\n@{MARK[8:]}('forge-card')\n{TEST}", "test_one.py"),
    ],
)
def test_a_mark_that_would_prove_nothing_is_refused(tmp_path: Path, source: str, name: str) -> None:
    with pytest.raises(SystemExit, match="above a test"):
        threat_page.proofs(folder_with(tmp_path, source, name))


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="put the two lines there"):
        threat_page.text("# A page\n")
