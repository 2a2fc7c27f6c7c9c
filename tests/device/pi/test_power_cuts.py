"""The plug is pulled under the shipped kiosk: nothing that the green pin showed is lost.

A sample of `python -m benchmarks.power_pulled`, which says what is done and makes as many cuts as
one likes. The control must lose, or the sample proves nothing.
"""

import json
from pathlib import Path

import pytest

from benchmarks import power_pulled
from benchmarks.pulled.disks import copy_sparse, make_empty, make_ext4
from benchmarks.pulled.judge import Owed, examine
from tests.device.pi.parts import note

CUTS = 30


@pytest.mark.timeout(300)
def test_a_sample_of_cuts_loses_no_green_and_the_control_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    sizes = {"cuts": CUTS, "control": CUTS, "boots": 1, "cards": 4, "seed": 1, "workers": 2}
    options = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    code = power_pulled.main([*options, "--json", str(file)])
    said = capsys.readouterr().out
    assert code == 0, said
    figures = json.loads(file.read_text("utf-8"))
    ours, control = figures["variants"]
    assert ours["cuts"] == control["cuts"] == CUTS
    assert ours["greens"] >= 8
    assert ours["owing"] > CUTS / 10
    assert (ours["lost"], ours["corrupt"], ours["wrong"]) == (0, 0, 0)
    assert control["lost"] > 0
    note("power cuts, no green lost", CUTS, "cuts")
    note("power cuts, greens that the control lost", control["lost"], "greens")


def test_a_disk_that_is_not_mounted_is_repaired_or_said_to_be_lost(scratch: Path) -> None:
    shown = Owed(frozenset({"0123456789abcdef:1"}))
    disk = make_ext4(scratch / "disk", 256)
    assert not examine(disk, scratch / "place", Owed()).corrupt
    # Another file: of one that was mounted just now the kernel may still have the old blocks.
    torn = scratch / "torn"
    copy_sparse(disk, torn)
    with torn.open("r+b") as file:
        # The second sector of the superblock, under one checksum with the first.
        file.seek(1024 + 512)
        file.write(b"torn")
    found = examine(torn, scratch / "place", shown)
    assert (found.is_mended, found.corrupt, found.lost) == (True, "", 1)
    nothing = examine(make_empty(scratch / "nothing", 8), scratch / "place", shown)
    assert "not mounted" in nothing.corrupt
    assert nothing.lost == 1
