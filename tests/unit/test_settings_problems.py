"""Everything wrong with a settings file is said in one line: where, what, and how to mend it."""

from pathlib import Path

import pytest

from kiosk.app.settings import load_settings
from kiosk.errors import SettingsError

KEY = "00112233445566778899aabbccddeeff" * 2
GOOD = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"

[identity]
site_key = "{KEY}"

[camera]
kind = "synthetic"

[eye]
decoders = ["zxing"]

[gpio]
pins = "mock"

[indicators]
use = ["led", "buzzer"]

[indicators.led]
green_pin = 17

[outbox]
kind = "sqlite"
path = "/var/lib/kiosk/outbox.db"

[uplink]
kind = "mqtt"
host = "127.0.0.1"
port = 1883
"""

# name: (what is replaced, by what, line, key and value as printed, what the rest must contain)
CASES = {
    "key misspelt": ('device = "door-1"', 'devise = "door-1"', 3, "kiosk.devise", "mean device?"),
    "section misspelt": ("[camera]", "[kamera]", 9, "kamera", "mean camera?"),
    "adapter's key misspelt": ("port = 1883", "prot = 1883", 31, "uplink.prot", "mean port?"),
    "adapter's section misspelt": (
        "[indicators.led]",
        "[indicators.ledd]",
        21,
        "indicators.ledd",
        "mean led?",
    ),
    "kind misspelt": (
        'kind = "sqlite"',
        'kind = "sqlight"',
        25,
        'outbox.kind = "sqlight"',
        "sqlite?",
    ),
    "kind's key misspelt": ('kind = "sqlite"', 'knd = "sqlite"', 25, "outbox.knd", "mean kind?"),
    "kind missing": ('kind = "sqlite"\n', "", 24, "outbox.kind", "add: kind ="),
    "kind no text": ('kind = "sqlite"', "kind = 3", 25, "outbox.kind = 3", "must be text"),
    "unknown adapter": (
        'kind = "mqtt"',
        'kind = "carrier-pigeon"',
        29,
        'uplink.kind = "carrier-pigeon"',
        "known: mqtt, stdout",
    ),
    "unknown indicator": (
        '"buzzer"]',
        '"buzer"]',
        19,
        'indicators.use = "buzer"',
        "mean buzzer?",
    ),
    "indicator named twice": (
        '"buzzer"]',
        '"led"]',
        19,
        'indicators.use = ["led", "led"]',
        "names led twice",
    ),
    "unknown decoder": ('["zxing"]', '["zxin"]', 13, 'eye.decoders = "zxin"', "mean zxing?"),
    "no decoder": ('["zxing"]', "[]", 13, "eye.decoders = []", "allowed: not empty"),
    "text for a list": ('["zxing"]', '"zxing"', 13, 'eye.decoders = "zxing"', "a list of text"),
    "wrong type": ("port = 1883", 'port = "mqtt"', 31, 'uplink.port = "mqtt"', "a whole number"),
    "too large": ("port = 1883", "port = 99999", 31, "uplink.port = 99999", "allowed: 1 to 65535"),
    "too small": (
        "[gpio]",
        "[door]\nhold_off_s = 0.1\n[gpio]",
        16,
        "door.hold_off_s = 0.1",
        "is too small; allowed: 0.5 to 30",
    ),
    "not a number": (
        "[gpio]",
        "[door]\nrepeat_s = nan\n[gpio]",
        16,
        "door.repeat_s = NaN",
        "allowed: 0 to 600",
    ),
    "no such choice": (
        'direction = "in"',
        'direction = "togle"',
        4,
        'kiosk.direction = "togle"',
        "mean toggle?; allowed: in, out, toggle",
    ),
    "not a topic level": (
        'site = "hk-042"',
        'site = "Hoàn Kiếm"',
        2,
        'kiosk.site = "Hoàn Kiếm"',
        "lower-case letters, digits and hyphens",
    ),
    "pin out of range": (
        "green_pin = 17",
        "green_pin = 28",
        22,
        "indicators.led.green_pin = 28",
        "allowed: 2 to 27",
    ),
    "unknown format": (
        "[gpio]",
        '[payloads]\naccept = ["cccdd"]\n[gpio]',
        16,
        'payloads.accept = ["cccdd"]',
        "mean cccd?",
    ),
    "section missing": ('[gpio]\npins = "mock"\n', "", 29, "gpio", "add the line [gpio] and below"),
    "key missing": ('device = "door-1"\n', "", 1, "kiosk.device", 'add: device = "door-1"'),
    "adapter's key missing": ('host = "127.0.0.1"\n', "", 28, "uplink.host", "add: host ="),
    "value for a section": (
        '[camera]\nkind = "synthetic"\n',
        "",
        1,
        "camera",
        "write [camera] on a line of its own",
    ),
    "section for a value": (
        'site = "hk-042"\ndevice = "door-1"\ndirection = "in"\n',
        'device = "door-1"\ndirection = "in"\n[kiosk.site]\nname = "hk-042"\n',
        4,
        "kiosk.site",
        "must be a value: site = ...",
    ),
    "value above all sections": ("[kiosk]", 'lang = "vi"\n[kiosk]', 1, "lang", "in no section"),
    "broken TOML": ('site = "hk-042"', "site = hk-042", 2, "", "is not TOML (column 8)"),
    "unclosed text": ('site = "hk-042"', 'site = "hk-042', 2, "", "is not TOML"),
    "unclosed to the end": ("port = 1883", 'port = """1883', 31, "", "is not TOML"),
    "key twice": (
        'direction = "in"',
        'direction = "in"\nsite = "hk-043"',
        5,
        "kiosk.site",
        "stands twice, first on line 2",
    ),
    "last key twice": (
        "port = 1883",
        "port = 1883\nport = 8883",
        32,
        "uplink.port",
        "first on line 31",
    ),
    "section twice": ("[outbox]", "[kiosk]", 24, "kiosk", "stands twice, first on line 1"),
    "no site key": (f'site_key = "{KEY}"\n', "", 6, "identity", "exactly one of site_key and"),
    "two site keys": (
        "[identity]",
        '[identity]\nsite_key_file = "/key"',
        6,
        "identity",
        "exactly one of site_key and",
    ),
}


def problems(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    return str(caught.value).split("\n")


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_is_one_line_with_its_place_and_its_remedy(name: str, tmp_path: Path) -> None:
    old, new, line, key, hint = CASES[name]
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    if name == "value for a section":
        text = f'camera = "synthetic"\n{text}'
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    (told,) = problems(path)
    assert told.startswith(f"{path}:{line}: {key}")
    assert told.removeprefix(f"{path}:{line}: {key}").startswith((": ", "is ") if key else "is ")
    assert hint in told


def test_the_text_that_the_cases_break_is_right(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_settings(path, {}).settings.kiosk.site == "hk-042"


def test_a_pin_used_twice_names_both_keys_and_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(GOOD + "\n[indicators.buzzer]\npin = 17\n", encoding="utf-8")
    (told,) = problems(path)
    assert told == (
        f"{path}:34: indicators.buzzer.pin = 17: GPIO 17 is taken by indicators.led.green_pin"
        f" ({path}:22); give each its own pin"
    )


def test_a_pin_that_collides_with_a_default_is_told_at_the_line_that_was_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(GOOD.replace("green_pin = 17", "green_pin = 18"), encoding="utf-8")
    (told,) = problems(path)
    assert told.startswith(f"{path}:22: indicators.led.green_pin = 18: ")
    assert "indicators.buzzer.pin (default)" in told


def test_pins_of_an_indicator_that_is_not_in_use_are_free(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(GOOD + "\n[indicators.relay]\npin = 17\n", encoding="utf-8")
    assert [each.kind for each in load_settings(path, {}).settings.indicators] == ["led", "buzzer"]


def test_many_mistakes_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = GOOD.replace("port = 1883", "port = 0").replace('"hk-042"', '""')
    path.write_text(text.replace('pins = "mock"', 'pins = "wood"'), encoding="utf-8")
    told = problems(path)
    assert [line.removeprefix(f"{path}:").split(":")[0] for line in told] == ["2", "16", "31"]


SECRET = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'site_key = "{KEY}"', f'site_key = "{SECRET}"'),
        (f'site_key = "{KEY}"', f'site_kye = "{SECRET}"'),
        (f'site_key = "{KEY}"', f'site_key = ["{SECRET}"]'),
        (f'site_key = "{KEY}"', f'site_key = "{SECRET}'),
        (f'[identity]\nsite_key = "{KEY}"\n', f'[uplink.password]\nvalue = "{SECRET}"\n'),
        ("port = 1883", f'password = "{SECRET}"'),
        ("port = 1883", f'pasword = "{SECRET}"'),
        ('kind = "mqtt"', f'kind = "mqtt"\nusername = 3\npassword = "{SECRET}"'),
        (f'[identity]\nsite_key = "{KEY}"\n', ""),
    ],
)
def test_a_secret_is_never_printed(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = GOOD.replace(old, new)
    if new == "":
        text = f'identity = "{SECRET}"\n{text}'
    assert SECRET in text
    path.write_text(text, encoding="utf-8")
    told = "\n".join(problems(path))
    assert SECRET not in told


def test_a_value_with_line_breaks_stays_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(GOOD.replace('"hk-042"', '"a\\nb\\u001b[31m"'), encoding="utf-8")
    (told,) = problems(path)
    assert told.isprintable()
