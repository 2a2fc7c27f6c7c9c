"""`kiosk config check|show` and `kiosk wiring`, as a technician types them."""

import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from kiosk.app.config_cli import config_app, wiring

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
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[indicators]
use = ["led", "relay"]
[outbox]
kind = "sqlite"
path = "/var/lib/a \\"b\\" \\u007f.db"
[uplink]
kind = "mqtt"
host = "127.0.0.1"
username = "kiosk"
password = "hunter2"
"""

app = typer.Typer()
app.add_typer(config_app, name="config")
app.command("wiring")(wiring)
runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_check_says_ok(config: Path) -> None:
    done = runner.invoke(app, ["config", "check", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (0, f"{config}: ok\n")
    without = [line.removeprefix(f"{config}: works without ") for line in done.stderr.splitlines()]
    assert [line.partition(":")[0] for line in without] == ["key periods", "sealed identities"]


def test_check_says_where_a_crop_would_stretch_the_picture(config: Path) -> None:
    crop = 'kind = "picamera2"\ncrop = [0.25, 0, 0.5, 1]'
    config.write_text(TEXT.replace('kind = "synthetic"', crop), encoding="utf-8")
    done = runner.invoke(app, ["config", "check", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (0, f"{config}: ok\n")
    said = f"{config}: works without square pixels: camera.crop = [0.25, 0.0, 0.5, 1.0]: another"
    assert [line for line in done.stderr.splitlines() if line.startswith(said)]
    config.write_text(TEXT.replace('kind = "synthetic"', crop.replace("0.5, 1", "0.5, 0.5")))
    done = runner.invoke(app, ["config", "check", "--config", str(config)])
    assert "square pixels" not in done.stderr


def test_check_prints_each_problem_on_its_own_line_and_exits_78(config: Path) -> None:
    config.write_text(TEXT.replace("hk-042", "HK").replace('"mock"', '"wood"'), encoding="utf-8")
    done = runner.invoke(app, ["config", "check", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (78, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{config}:2: kiosk.site")
    assert second.startswith(f"{config}:12: gpio.pins")


@pytest.mark.parametrize("command", [["config", "show"], ["wiring"]])
def test_a_missing_file_is_one_line_for_every_command(command: list[str], tmp_path: Path) -> None:
    done = runner.invoke(app, [*command, "--config", str(tmp_path / "none.toml")])
    assert (done.exit_code, done.stdout) == (78, "")
    assert len(done.stderr.splitlines()) == 1


def test_the_environment_counts_in_check(config: Path) -> None:
    environ = {"KIOSK_UPLINK__PORT": "0"}
    done = runner.invoke(app, ["config", "check", "--config", str(config)], env=environ)
    assert done.exit_code == 78
    assert done.stderr.startswith("KIOSK_UPLINK__PORT: uplink.port")


def test_show_is_toml_with_the_effective_values_and_no_secret(config: Path) -> None:
    done = runner.invoke(app, ["config", "show", "--config", str(config)])
    shown = tomllib.loads(done.stdout)
    assert done.exit_code == 0
    assert shown["outbox"]["path"] == '/var/lib/a "b" \x7f.db'
    assert shown["door"]["hold_off_s"] == 2.5
    assert shown["indicators"]["led"] == {"green_pin": 17, "red_pin": 27, "active_high": True}
    assert shown["uplink"]["password"] == shown["identity"]["site_key"] == "********"
    assert "hunter2" not in done.stdout
    assert KEY not in done.stdout


def test_what_is_shown_can_be_loaded_again(config: Path, tmp_path: Path) -> None:
    shown = runner.invoke(app, ["config", "show", "--config", str(config)]).stdout
    again = tmp_path / "again.toml"
    # The mask is no key, on purpose: a secret is not copied by copying what is on the screen.
    again.write_text(
        shown.replace('site_key = "********"', f'site_key = "{KEY}"'), encoding="utf-8"
    )
    done = runner.invoke(app, ["config", "show", "--config", str(again)])
    assert (done.exit_code, done.stdout) == (0, shown)


def test_show_origin_names_line_variable_and_default(config: Path) -> None:
    done = runner.invoke(
        app,
        ["config", "show", "--origin", "--config", str(config)],
        env={"KIOSK_LOG__LEVEL": "debug"},
    )
    lines = done.stdout.splitlines()
    assert f'site = "hk-042"  # {config}:2' in lines
    assert 'level = "debug"  # KIOSK_LOG__LEVEL' in lines
    assert "port = 8883  # default" in lines
    assert tomllib.loads(done.stdout)["log"]["level"] == "debug"


def test_wiring_prints_the_pins_and_draws_them(config: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "wiring.svg"
    done = runner.invoke(app, ["wiring", "--config", str(config), "--svg", str(drawing)])
    assert done.exit_code == 0
    rows = [line.split()[:3] for line in done.stdout.splitlines()[1:]]
    assert rows == [["GPIO17", "11", "9"], ["GPIO27", "13", "14"], ["GPIO22", "15", "14"]]
    assert ET.fromstring(drawing.read_text(encoding="utf-8")).tag.endswith("svg")


def test_a_drawing_that_cannot_be_written_is_one_line(config: Path, tmp_path: Path) -> None:
    done = runner.invoke(app, ["wiring", "--config", str(config), "--svg", str(tmp_path)])
    assert done.exit_code == 73
    assert done.stderr == f"{tmp_path}: cannot be written: Is a directory\n"
