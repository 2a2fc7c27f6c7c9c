"""The boards that a virtual Pi can be: what the firmware of each tells Linux, as a device tree.

gpiozero asks for the revision, people and our logs for the model, lgpio for the chip. All of them
read it where they do on a Pi; nothing is patched. The pins are the kernel's simulated GPIO chip.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Board:
    """One kind of Pi; `lines` counts what its GPIO chip has, of which the header shows 28."""

    model: str
    compatible: tuple[str, str]
    revision: int
    chip: str
    lines: int


PI_4 = Board(
    model="Raspberry Pi 4 Model B Rev 1.5",
    compatible=("raspberrypi,4-model-b", "brcm,bcm2711"),
    revision=0xC03115,
    chip="pinctrl-bcm2711",
    lines=58,
)
PI_5 = Board(
    model="Raspberry Pi 5 Model B Rev 1.0",
    compatible=("raspberrypi,5-model-b", "brcm,bcm2712"),
    revision=0xC04170,
    chip="pinctrl-rp1",
    lines=54,
)
BOARDS = {"pi-4": PI_4, "pi-5": PI_5}

_SERIAL = "100000000badcafe"


def source(board: Board) -> str:
    """Return the device tree's source."""
    names = ["ID_SDA", "ID_SCL", *(f"GPIO{number}" for number in range(2, board.lines))]
    return f"""/dts-v1/;
/ {{
    model = "{board.model}";
    compatible = {_strings(board.compatible)};
    serial-number = "{_SERIAL}";
    #address-cells = <1>;
    #size-cells = <1>;
    system {{
        linux,revision = <0x{board.revision:08x}>;
    }};
    pins {{
        compatible = "gpio-simulator";
        bank {{
            gpio-controller;
            #gpio-cells = <2>;
            ngpios = <{board.lines}>;
            gpio-sim,label = "{board.chip}";
            gpio-line-names = {_strings(names)};
        }};
    }};
}};
"""


def write(board: Board, path: Path) -> Path:
    """Write the device tree as the kernel reads it, and return where."""
    subprocess.run(
        ["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path, "-"],
        input=source(board),
        text=True,
        check=True,
    )
    return path


def _strings(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
