"""Pictures of cards, made here for a system that cannot draw any.

`python -m tests.device.arm64.pictures FOLDER`. Beside each `N.png` lies `N.txt`, with exactly the
bytes of its code.
"""

import sys
from pathlib import Path

import segno

from tests.parts.qr import cards

COUNT = 6
_SEED = 6


def main(folder: Path) -> None:
    """Draw cards of people who do not exist."""
    folder.mkdir(parents=True)
    for number, text in enumerate(cards(COUNT, _SEED)):
        segno.make_qr(text).save(str(folder / f"{number}.png"), scale=6, border=4)
        (folder / f"{number}.txt").write_bytes(text.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
