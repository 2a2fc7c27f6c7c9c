"""`KIOSK_SECTION__KEY` overrides the file, and a variable that overrides nothing is a mistake."""

from pathlib import Path

import pytest

from kiosk.app.settings import load_settings
from kiosk.errors import SettingsError

KEY = "0123456789abcdef" * 4
TEXT = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{KEY}"
[camera]
kind = "synthetic"
seed = 7
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[outbox]
kind = "memory"
[uplink]
kind = "mqtt"
host = "127.0.0.1"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def problem(config: Path, environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environ)
    (line,) = str(caught.value).split("\n")
    return line


def test_variables_override_keys_of_sections_and_of_adapters(config: Path) -> None:
    environ = {
        "KIOSK_UPLINK__HOST": "broker.example",
        "KIOSK_INDICATORS__LED__GREEN_PIN": "5",
        "KIOSK_KIOSK__DIRECTION": "out",
        "PATH": "/usr/bin",
    }
    settings = load_settings(config, environ).settings
    assert settings.uplink.settings.model_dump()["host"] == "broker.example"
    assert settings.indicators[0].settings.model_dump()["green_pin"] == 5
    assert settings.kiosk.direction == "out"


@pytest.mark.parametrize("value", ["console,relay", '["console", "relay"]', " console , relay "])
def test_a_list_is_written_with_commas_or_as_json(value: str, config: Path) -> None:
    settings = load_settings(config, {"KIOSK_INDICATORS__USE": value}).settings
    assert [each.kind for each in settings.indicators] == ["console", "relay"]


def test_a_kind_from_the_environment_brings_its_own_settings(config: Path) -> None:
    # `host` in the file belongs to mqtt, and stdout does not know it.
    settings = load_settings(config, {"KIOSK_UPLINK__KIND": "stdout"}).settings
    assert settings.uplink.kind == "stdout"


def test_the_same_kind_from_the_environment_keeps_the_file(config: Path) -> None:
    eye = load_settings(config, {"KIOSK_CAMERA__KIND": "synthetic"}).eye
    assert eye.camera.settings.model_dump()["seed"] == 7


def test_a_site_key_from_the_environment_replaces_the_file_s_key_file(config: Path) -> None:
    config.write_text(
        TEXT.replace(f'site_key = "{KEY}"', 'site_key_file = "/nowhere/site.key"'),
        encoding="utf-8",
    )
    other = "f" * 64
    settings = load_settings(config, {"KIOSK_IDENTITY__SITE_KEY": other}).settings
    assert settings.secrets.site_key.key == b"\xff" * 32


def test_a_section_may_come_from_the_environment_alone(config: Path) -> None:
    config.write_text(TEXT.replace('[gpio]\npins = "mock"\n', ""), encoding="utf-8")
    loaded = load_settings(config, {"KIOSK_GPIO__PINS": "lgpio"})
    assert loaded.settings.gpio.pins == "lgpio"
    assert str(loaded.origins["gpio.pins"]) == "KIOSK_GPIO__PINS"


def test_settings_of_an_indicator_that_is_not_in_use_may_stand_there(config: Path) -> None:
    assert load_settings(config, {"KIOSK_INDICATORS__RELAY__PIN": "6"}).settings.kiosk.site


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("KIOSK_UPLINK__HOTS", "KIOSK_UPLINK__HOST"),
        ("KIOSK_UPLINK_HOST", "KIOSK_UPLINK__HOST"),
        ("KIOSK_UPLNK__PORT", "KIOSK_UPLINK__PORT"),
        ("KIOSK_INDICATORS__LED__GREN_PIN", "KIOSK_INDICATORS__LED__GREEN_PIN"),
    ],
)
def test_a_misspelt_variable_names_the_nearest_and_never_its_value(
    name: str, near: str, config: Path
) -> None:
    told = problem(config, {name: "hunter2"})
    assert told.startswith(f"{name}: overrides nothing; did you mean {near}?")
    assert "hunter2" not in told


def test_a_variable_like_nothing_is_refused_all_the_same(config: Path) -> None:
    assert problem(config, {"KIOSK_ZZZZ": "1"}).startswith("KIOSK_ZZZZ: overrides nothing; a var")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KIOSK_UPLINK__PORT", "99999", 'uplink.port = "99999": is too large; allowed: 1 to 65535'),
        ("KIOSK_UPLINK__PORT", "many", 'uplink.port = "many": must be a whole number'),
        ("KIOSK_GPIO__PINS", "lgpoi", 'gpio.pins = "lgpoi": is not one of the choices'),
        ("KIOSK_EYE__DECODERS", "zxin", 'eye.decoders = "zxin": no such adapter'),
        ("KIOSK_EYE__DECODERS", '["zxing"', 'eye.decoders = "[\\"zxing\\"": must be a list'),
        ("KIOSK_CAMERA__KIND", "camcorder", 'camera.kind = "camcorder": no such adapter'),
        ("KIOSK_IDENTITY__SITE_KEY", "hunter2", "identity.site_key = ********: is 7 characters"),
    ],
)
def test_a_wrong_value_is_told_at_its_variable(
    name: str, value: str, told: str, config: Path
) -> None:
    line = problem(config, {name: value})
    assert line.startswith(f"{name}: {told}")
    assert "hunter2" not in line
