"""Which starts of the program do without the command line, and that none of them means another."""

from pathlib import Path

import pytest
import typer.main

from kiosk.app import services, settings
from kiosk.app.cli import app
from kiosk.app.services import SERVICES, options_of

DEFAULT = Path("/etc/kiosk/config.toml")


def test_the_units_and_the_kiosk_itself_start_without_the_command_line() -> None:
    assert options_of("run", ["--config", "k.toml"]) == {"config": Path("k.toml")}
    assert options_of("run", []) == {"config": DEFAULT} == {"config": settings.DEFAULT_PATH}
    started = ["--child", "--config", "k.toml", "--socket", "/run/kiosk/eye"]
    expected = {"config": Path("k.toml"), "child": True, "socket": Path("/run/kiosk/eye")}
    assert options_of("eye", started) == expected


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("run", ["--help"]),
        ("run", ["--confg", "k.toml"]),
        ("run", ["--config"]),
        ("run", ["--config", "--child"]),
        ("run", ["--config=k.toml"]),
        ("run", ["--child"]),
        ("run", ["k.toml"]),
        ("eye", ["--stats", "--socket"]),
        ("off", []),
        ("", []),
    ],
)
def test_whatever_else_is_for_the_command_line(name: str, written: list[str]) -> None:
    assert options_of(name, written) is None


def test_both_know_the_same_options() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group
    for name, (_, paths, switches) in SERVICES.items():
        options = {param.name: param for param in commands[name].params}
        assert set(options) == paths | switches
        assert {param for param, option in options.items() if option.is_flag} == switches
        assert options["config"].default == DEFAULT


def test_an_error_of_ours_is_lines_and_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "1")  # `main` sets it for a process of its own
    with pytest.raises(SystemExit) as ended:
        services.main(["run", "--config", str(tmp_path / "none.toml")])
    assert ended.value.code == 78
    assert capsys.readouterr().err.startswith(f"{tmp_path}/none.toml: no such file")
