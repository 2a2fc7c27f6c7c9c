"""Whatever fails, and whenever the process dies: register and paper change together."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning.cards.desk import Desk
from provisioning.cards.register import Card
from provisioning.errors import ProvisioningError
from tests.parts import clerk
from tests.parts.clerk import DEFAULTS, LAST, FailingFiles, desk, listed, press

YEAR = timedelta(days=365)


def issue(at: Desk, target: Path, text: str = clerk.PEOPLE) -> list[Card]:
    return at.issue(listed(text), DEFAULTS, press(target))


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"register.db"}


@pytest.mark.parametrize("what", ["issue", "replace", "extend"])
@pytest.mark.parametrize("fault", ["write", "draw", "key", "present"])
def test_what_fails_before_the_end_changes_nothing(tmp_path: Path, what: str, fault: str) -> None:
    files = FailingFiles(refuses=fault)
    with desk(tmp_path) as at:
        (card,) = issue(at, tmp_path / "a.pdf", "name\nLê An\n")
        before = at.register.search()
    target = tmp_path / ("a.pdf" if fault == "present" else "b.pdf")
    paper = press(target)

    def refuse(*_: object) -> bytes:
        raise ProvisioningError("the key cannot be opened") if fault == "key" else OSError(5, "I/O")

    if fault == "draw":
        paper = replace(paper, draw=refuse)
    if fault == "key":
        paper = replace(paper, issuer=refuse)  # type: ignore[arg-type]  # it never returns
    with desk(tmp_path, files=files) as at:
        with pytest.raises(ProvisioningError):
            {
                "issue": lambda: at.issue(listed("name\nTrần B\n"), DEFAULTS, paper),
                "replace": lambda: at.replace([card], "", None, paper),
                "extend": lambda: at.extend([card], LAST + YEAR, paper),
            }[what]()
        assert at.register.search() == before
        assert at.settle() == []
    assert leftovers(tmp_path) == {"a.pdf"}
    assert set(clerk.printed(tmp_path / "a.pdf")) == {1}


def test_a_file_that_cannot_get_its_name_gets_it_next_time(tmp_path: Path) -> None:
    with desk(tmp_path, files=FailingFiles(refuses="rename")) as at:
        with pytest.raises(ProvisioningError, match="the next command tries again"):
            issue(at, tmp_path / "a.pdf")
        assert len(at.register.search()) == 3
    assert not (tmp_path / "a.pdf").exists()
    with desk(tmp_path) as at:
        (told,) = at.settle()
        assert "a.pdf is there now" in told
        assert at.settle() == []
    assert set(clerk.printed(tmp_path / "a.pdf")) == {1, 2, 3}
    assert leftovers(tmp_path) == {"a.pdf"}


def test_a_draft_that_is_gone_is_told_and_can_be_printed_again(tmp_path: Path) -> None:
    with (
        desk(tmp_path, files=FailingFiles(refuses="rename")) as at,
        pytest.raises(ProvisioningError),
    ):
        issue(at, tmp_path / "a.pdf")
    (draft,) = tmp_path.glob("*.draft")
    draft.unlink()
    with desk(tmp_path) as at:
        (told,) = at.settle()
        assert "is gone: cards reprint --printing 1" in told
        at.reprint(at.register.cards_of(1), press(tmp_path / "a.pdf"))
    assert set(clerk.printed(tmp_path / "a.pdf")) == {1, 2, 3}


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.parts import clerk

class Deadly(clerk.FailingFiles):
    def _do(self, what):
        if what == self.refuses:
            os.kill(os.getpid(), signal.SIGKILL)

    def write_new(self, path, raw):
        super().write_new(path, raw)
        if self.refuses == "written":
            os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
with clerk.desk(folder, files=Deadly(refuses=sys.argv[2])) as at:
    at.issue(clerk.listed(), clerk.DEFAULTS, clerk.press(folder / "a.pdf"))
"""


@pytest.mark.parametrize(("moment", "exist"), [("write", 0), ("written", 0), ("rename", 3)])
def test_killed_at_any_moment_the_next_command_ends_or_undoes_it(
    tmp_path: Path, moment: str, exist: int
) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment],
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "ignore"},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "a.pdf").exists()
    with desk(tmp_path) as at:
        assert len(at.settle()) == 1
        assert len(at.register.search()) == exist
        assert leftovers(tmp_path) == ({"a.pdf"} if exist else set())
        if not exist:
            assert [card.number for card in issue(at, tmp_path / "a.pdf")] == [1, 2, 3]
    assert set(clerk.printed(tmp_path / "a.pdf")) == {1, 2, 3}


def test_a_file_in_the_way_keeps_nobody_from_working(tmp_path: Path) -> None:
    with (
        desk(tmp_path, files=FailingFiles(refuses="rename")) as at,
        pytest.raises(ProvisioningError),
    ):
        issue(at, tmp_path / "a.pdf")
    with desk(tmp_path, files=FailingFiles(refuses="rename")) as at:
        (told,) = at.settle()
        assert "left by a command that was cut off: No space left" in told
        at.revoke([at.register.card(1)], "")
    (tmp_path / "a.pdf").write_bytes(b"another file")
    with desk(tmp_path) as at:
        (told,) = at.settle()
        assert "a-1.pdf is there now" in told
    assert (tmp_path / "a.pdf").read_bytes() == b"another file"
    assert set(clerk.printed(tmp_path / "a-1.pdf")) == {1, 2, 3}
    assert leftovers(tmp_path) == {"a.pdf", "a-1.pdf"}
