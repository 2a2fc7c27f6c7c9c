"""Settings that are right: what is typed, what is default, and where each value came from."""

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.app.settings import load_eye, load_settings
from kiosk.door.machine import Passing
from kiosk.errors import SettingsError
from kiosk.identity.periods import SiteKey

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef" * 4
SMALLEST = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "toggle"
[identity]
site_key = "{KEY}"
[camera]
kind = "synthetic"
fps = 7.5
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(SMALLEST, encoding="utf-8")
    return path


def test_the_smallest_file_gives_the_documented_defaults(config: Path) -> None:
    settings = load_settings(config, {}).settings
    assert settings.kiosk.direction is Passing.TOGGLE
    door = settings.door
    assert (door.hold_off_s, door.repeat_s, door.background_s) == (2.5, 10.0, 60.0)
    assert door.stay_max_s == 12 * 3600
    assert settings.eye.silent_s == 5.0
    assert settings.eye.socket is None
    assert settings.payloads.accept == ("cccd",)
    assert [each.kind for each in settings.indicators] == ["led", "buzzer"]
    assert settings.clock.kind == "system"
    assert (settings.log.format, settings.log.level) == ("text", "info")
    assert settings.identity.device_key_file == Path("/var/lib/kiosk/device.key")


def test_an_adapter_gets_its_own_settings_checked_by_its_own_model(config: Path) -> None:
    camera = load_settings(config, {}).eye.camera
    assert isinstance(camera.settings, camera.load().Settings)
    assert camera.settings.model_dump()["fps"] == 7.5


def test_the_site_key_is_bytes_and_hides_itself(config: Path) -> None:
    settings = load_settings(config, {}).settings
    assert settings.secrets.site_key == SiteKey(bytes.fromhex(KEY))
    assert KEY not in repr(settings)
    assert repr(bytes.fromhex(KEY)) not in repr(settings)


def test_the_site_key_may_stand_in_a_file_of_its_own(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "site.key"
    file.write_text(f"{KEY}\n", encoding="ascii")
    config.write_text(
        SMALLEST.replace(f'site_key = "{KEY}"', f'site_key_file = "{file}"'), encoding="utf-8"
    )
    assert load_settings(config, {}).settings.secrets.site_key.key == bytes.fromhex(KEY)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (None, "no such file"),
        (b"", "what the file holds is 0 characters long"),
        (b"abcd\n", "what the file holds is 4 characters long"),
        (b"z" * 64, "what the file holds is 64 characters long and must be 64 hex digits"),
        (b"\xff" * 32, "the file holds other bytes than text"),
    ],
)
def test_a_site_key_file_that_holds_no_key_is_refused(
    content: bytes | None, hint: str, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "site.key"
    if content is not None:
        file.write_bytes(content)
    config.write_text(
        SMALLEST.replace(f'site_key = "{KEY}"', f'site_key_file = "{file}"'), encoding="utf-8"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(config, {})
    (told,) = str(caught.value).split("\n")
    assert told.startswith(f'{config}:6: identity.site_key_file = "')
    assert hint in told


def test_origins_name_the_line_the_variable_or_the_default(config: Path) -> None:
    origins = load_settings(config, {"KIOSK_DOOR__REPEAT_S": "30"}).origins
    assert str(origins["camera.fps"]) == f"{config}:9"
    assert str(origins["camera.kind"]) == f"{config}:8"
    assert str(origins["door.repeat_s"]) == "KIOSK_DOOR__REPEAT_S"
    assert str(origins["indicators.led.green_pin"]) == "default"


def test_lines_are_found_in_every_way_of_writing_toml(config: Path) -> None:
    text = SMALLEST.replace(
        '[eye]\ndecoders = ["zxing"]\n',
        '[eye]\ndecoders = [\n  "zxing", # cheap\n]\nzxing.try_invert = false\n"silent_s" = 9\n',
    )
    text = f"door = {{ repeat_s = 5 }}\n{text}"
    config.write_text("\ufeff" + text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    origins = load_settings(config, {}).origins
    assert str(origins["eye.decoders"]) == f"{config}:12"
    assert str(origins["eye.zxing.try_invert"]) == f"{config}:15"
    assert str(origins["eye.silent_s"]) == f"{config}:16"
    assert str(origins["door.repeat_s"]) == f"{config}:1"


def test_the_eye_is_told_nothing_but_its_own(config: Path) -> None:
    text = SMALLEST.replace(f'site_key = "{KEY}"', 'site_key_file = "/nobody/may/read/this"')
    config.write_text(text, encoding="utf-8")
    settings = load_eye(config, {"KIOSK_UPLINK__ANYTHING": "1", "KIOSK_CAMERA__FPS": "3"})
    assert settings.camera.settings.model_dump()["fps"] == 3.0
    assert [each.kind for each in settings.decoders] == ["zxing"]


def test_the_eye_still_refuses_what_is_wrong_with_its_own(config: Path) -> None:
    config.write_text(SMALLEST.replace("fps = 7.5", "fps = 0"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r":9: camera\.fps = 0: is too small"):
        load_eye(config, {})


def test_the_example_for_a_pi_is_right() -> None:
    environ = {
        "KIOSK_IDENTITY__SITE_KEY": KEY,
        "KIOSK_CAMERA__KIND": "synthetic",
        "KIOSK_EYE__DECODERS": "zxing",
    }
    loaded = load_settings(ROOT / "provisioning" / "kiosk.example.toml", environ)
    assert loaded.settings.gpio.pins == "lgpio"
    assert loaded.settings.uplink.kind == "mqtt"


def test_the_kiosk_process_checks_its_part_without_loading_a_parser(config: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kiosk.app import settings, wiring;"
        "settings.load_kiosk(Path(sys.argv[1]), {});"
        "print([m for m in sys.modules if m in ('PIL', 'zxingcpp', 'zbarlight', 'picamera2')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(config)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
