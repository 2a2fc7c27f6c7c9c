"""A file that is replaced: all of it or what was there, and in this order."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.durable import make_durable, replace_file, replace_secret

ROOT = Path(__file__).parents[2]
Replace = Callable[[Path, bytes], None]
BOTH = pytest.mark.parametrize("replace", [replace_file, replace_secret])
_CALL = re.compile(r"\b(fsync|rename\w*|write|pwrite64|openat)\((.*)")


def calls(folder: Path, replace: str) -> list[str]:
    """Return what replacing `target` in a folder asks of the kernel there, in order."""
    code = f"from pathlib import Path; from kiosk.durable import {replace} as replace; "
    code += "import sys; replace(Path(sys.argv[1]), b'new')"
    log = folder.with_name("calls")
    traced = "trace=openat,write,pwrite64,fsync,?rename,?renameat,renameat2"
    strace = ["strace", "-y", "-o", str(log), "-e", traced]
    command = [*strace, sys.executable, "-c", code, str(folder / "target")]
    subprocess.run(command, cwd=ROOT, check=True)
    found = []
    for line in log.read_text().splitlines():
        match = _CALL.match(line)
        if match is not None and str(folder) in match[2]:
            names = re.findall(rf"{re.escape(str(folder))}(?:/([\w.]+))?", match[2])
            found.append(" ".join([match[1], names[0] or "."]))
    return [each for each in found if not each.startswith("openat")]


@BOTH
def test_a_file_is_there_for_its_owner_only(tmp_path: Path, replace: Replace) -> None:
    file = tmp_path / "site.key"
    replace(file, b"first")
    replace(file, b"second")
    assert file.read_bytes() == b"second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["site.key"]


def test_another_mode_holds_whatever_the_process_takes_away(tmp_path: Path) -> None:
    code = "from kiosk.durable import replace_file; from pathlib import Path; import os, sys; "
    code += "os.umask(0o077); replace_file(Path(sys.argv[1]), b'root', 0o644)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "ca.pem")], cwd=ROOT, check=True)
    assert (tmp_path / "ca.pem").stat().st_mode & 0o777 == 0o644


@BOTH
def test_what_a_cut_has_left_is_in_nobody_s_way(tmp_path: Path, replace: Replace) -> None:
    file = tmp_path / "site.key"
    file.write_text("old")
    # What a cut leaves before the rename, and what the next attempt makes of it.
    (tmp_path / "site.key.draft").write_text("half of something longer")
    replace(file, b"new")
    assert (file.read_text(), [each.name for each in tmp_path.iterdir()]) == ("new", ["site.key"])


@BOTH
def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, replace: Replace) -> None:
    file = tmp_path / "site.key"
    file.write_text("old")
    (tmp_path / "site.key.draft").mkdir()
    with pytest.raises(OSError, match="draft"):
        replace(file, b"new")
    assert file.read_text() == "old"


@pytest.mark.parametrize(("replace", "left"), [(replace_file, b"old"), (replace_secret, bytes(3))])
def test_only_a_secret_is_written_over(tmp_path: Path, replace: Replace, left: bytes) -> None:
    file, other = tmp_path / "site.key", tmp_path / "other"
    file.write_bytes(b"old")
    # A second name shows what becomes of the blocks that the first one leaves.
    other.hardlink_to(file)
    replace(file, b"new")
    assert (file.read_bytes(), other.read_bytes()) == (b"new", left)


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_all_else(
    tmp_path: Path,
) -> None:
    folder = tmp_path.resolve() / "held"
    folder.mkdir()
    named = ["write target.draft", "fsync target.draft", "rename target.draft", "fsync ."]
    assert calls(folder, "replace_file") == named
    *before, over, synced = calls(folder, "replace_secret")
    assert before == named
    # Only now, when nobody needs the old one any more.
    assert over.startswith("pwrite64 target")
    assert synced.startswith("fsync target")


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    make_durable(tmp_path)
    with pytest.raises(FileNotFoundError):
        make_durable(tmp_path / "nowhere")
