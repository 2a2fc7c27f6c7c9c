"""What is before a virtual Pi's camera: pictures of cards that nobody has, and of an empty door."""

import random
from pathlib import Path

from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw

NOBODY = ""
AN, BINH, CHI = (person(random.Random(seed)) for seed in (1, 2, 3))
_SIZE_PX = (1280, 720)
_NOISE = 4.0


def put(folder: Path, *texts: str, frozen: bool = False) -> None:
    """Draw what is before the camera, in place of what is there; the camera reads it when it opens.

    It plays the pictures in turn. Each text has three, which differ in noise, as a sensor's do: one
    picture that never changes at all is a frozen camera.
    """
    for old in folder.iterdir():
        old.unlink()
    shown = texts if frozen else [text for text in texts for _ in range(3)]
    for number, text in enumerate(shown):
        codes = () if text == NOBODY else (SceneCode(text=text, size=0.6),)
        scene = Scene(codes=codes, noise=_NOISE)
        # libcamera decodes colour JPEGs into NV12, as a sensor's picture arrives.
        picture = draw(scene, _SIZE_PX, 1, number).convert("RGB")
        picture.save(folder / f"{number}.jpg", quality=90)
