"""The layer of settings that onboarding leaves, and a kiosk that waits for it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.app.config_show import as_toml
from kiosk.app.doctor_checks import Visit, checks_of, look_up
from kiosk.app.onboarding_section import NotOnboarded, Unprovisioned, onboarded_at
from kiosk.app.settings import Settings, load_kiosk, load_run, load_settings
from kiosk.doctor import Mark
from kiosk.doctor.machine import Machine
from kiosk.enrolment.keys import certificate_pem
from kiosk.errors import SettingsError
from kiosk.onboarding.onboarded import Onboarded
from tests.parts.certificates import ROOT
from tests.parts.lists import pem_of
from tests.parts.onboarding_codes import SETUP, onboarder

NEW: dict[str, dict[str, Any]] = {
    "kiosk": {"direction": "in"},
    "identity": {"site_key_file": "site.key"},
    "camera": {"kind": "synthetic"},
    "eye": {"decoders": ["zxing"]},
    "gpio": {"pins": "mock"},
    "outbox": {"kind": "memory"},
    "uplink": {"kind": "mqtt"},
    "enrolment": {"key_file": "enrolled.key", "ca_file": "root.pem"},
    "onboarding": {"signers": ["onboarding.pub"], "file": "onboarded.toml"},
}
PATHS = {"site_key_file", "key_file", "ca_file", "file", "signers"}


def written(folder: Path, **sections: dict[str, Any]) -> Path:
    """Write the settings of a kiosk out of its box; `sections` change them, None takes away."""
    (folder / "onboarding.pub").write_bytes(pem_of(onboarder()))
    lines = []
    for name in {**NEW, **sections}:
        lines.append(f"[{name}]")
        for key, value in {**NEW.get(name, {}), **sections.get(name, {})}.items():
            if value is None:
                continue
            here: Any = value
            if key in PATHS:
                many = [str(folder / each) for each in value] if isinstance(value, list) else None
                here = str(folder / value) if many is None else many
            lines.append(f"{key} = {json.dumps(here)}")
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def left(folder: Path, **changed: Any) -> Path:
    """Leave what onboarding leaves."""
    setup = replace(SETUP, **changed)
    made = Onboarded.of(setup, held=folder / "enrolled.key", root=folder / "root.pem")
    path = folder / "onboarded.toml"
    path.write_text(made.text(), "utf-8")
    return path


def test_a_kiosk_out_of_its_box_waits_for_a_code(tmp_path: Path) -> None:
    found = load_run(written(tmp_path), {})
    assert isinstance(found, Unprovisioned)
    assert found.enrolment.key_file == tmp_path / "enrolled.key"
    for load in (load_kiosk, load_settings):
        with pytest.raises(NotOnboarded, match="is not onboarded yet"):
            load(written(tmp_path), {})


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"door": {"repeat_s": -1}}, "door.repeat_s"),
        ({"kiosk": {"direction": None}}, "kiosk.direction"),
        ({"uplink": {"kind": "stdout"}}, "uplink"),
        ({"gpio": {"pins": "none"}}, "gpio.pins"),
        ({"onboarding": {"signers": ["missing.pub"]}}, "onboarding.signers"),
        ({"onboarding": {"signer": "x"}}, "onboarding.signer"),
        ({"identity": {"authority_key_file": "missing"}}, "authority_key_file"),
    ],
)
def test_what_would_stop_the_door_is_found_before_a_code_comes(
    tmp_path: Path, sections: dict[str, dict[str, Any]], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        load_run(written(tmp_path, **sections), {})
    assert not isinstance(raised.value, NotOnboarded)


def test_without_signers_a_missing_site_is_what_it_always_was(tmp_path: Path) -> None:
    config = written(tmp_path, onboarding={"signers": None})
    with pytest.raises(SettingsError, match=r"kiosk\.site"):
        load_run(config, {})


def test_a_site_in_the_settings_or_the_environment_makes_a_door_of_it(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text("5a" * 32)
    uplink = {"kind": "stdout"}
    config = written(tmp_path, kiosk={"site": "hk-001", "device": "door-9"}, uplink=uplink)
    assert isinstance(load_run(config, {}), Settings)
    given = {"KIOSK_KIOSK__SITE": "hk-001", "KIOSK_KIOSK__DEVICE": "door-9"}
    assert isinstance(load_run(written(tmp_path, uplink=uplink), given), Settings)


def ready(folder: Path) -> None:
    """Put there what onboarding leaves besides its settings."""
    (folder / "root.pem").write_text(certificate_pem(ROOT.certificate))
    (folder / "site.key").write_text("5a" * 32)


def test_what_onboarding_left_counts_above_the_file_and_below_the_environment(
    tmp_path: Path,
) -> None:
    ready(tmp_path)
    path = left(tmp_path)
    config = written(tmp_path, kiosk={"site": "hk-001", "device": "door-9"})
    loaded = load_settings(config, {"KIOSK_UPLINK__PORT": "9999"})
    settings, uplink = loaded.settings, loaded.settings.uplink.settings.model_dump()
    assert (settings.kiosk.site, settings.kiosk.device) == ("hk-042", "door-1")
    assert settings.kiosk.direction == "in"
    assert settings.enrolment.server == SETUP.server
    assert (uplink["host"], uplink["port"], uplink["tls"]) == (SETUP.host, 9999, True)
    assert uplink["cert_file"] == uplink["key_file"] == tmp_path / "enrolled.key"
    assert uplink["ca_file"] == tmp_path / "root.pem"
    shown = as_toml(loaded, with_origin=True)
    lines = path.read_text().splitlines()
    number = lines.index('site = "hk-042"') + 1
    assert f'site = "hk-042"  # {path}:{number}' in shown
    assert "port = 9999  # KIOSK_UPLINK__PORT" in shown
    assert f'direction = "in"  # {config}:' in shown


def test_an_onboarded_kiosk_is_a_door_whatever_becomes_of_its_signers(tmp_path: Path) -> None:
    ready(tmp_path)
    left(tmp_path)
    assert isinstance(load_run(written(tmp_path), {}), Settings)
    assert isinstance(load_run(written(tmp_path, onboarding={"signers": None}), {}), Settings)


@pytest.mark.parametrize("text", ["", "issued = 1\n", "[kiosk]\nsite = 1\n", "site"])
def test_a_damaged_file_is_said_and_never_half_believed(tmp_path: Path, text: str) -> None:
    path = left(tmp_path)
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"onboarded\.toml"):
        load_run(written(tmp_path), {})


def test_nothing_but_what_onboarding_writes_can_come_through_that_file(tmp_path: Path) -> None:
    path = left(tmp_path)
    path.write_text(path.read_text() + "[gpio]\npins = 'mock'\n")
    with pytest.raises(SettingsError, match="is not as onboarding leaves it"):
        load_run(written(tmp_path), {})


def test_the_file_says_what_the_code_said(tmp_path: Path) -> None:
    found = onboarded_at(left(tmp_path))
    assert found is not None
    assert found.is_by(SETUP)
    assert not found.is_by(replace(SETUP, device="door-2"))
    assert not found.is_by(replace(SETUP, issued_s=SETUP.issued_s + 1))
    # Neither the claim nor the password is anywhere in it.
    text = (tmp_path / "onboarded.toml").read_text()
    assert SETUP.wifi is not None
    assert SETUP.wifi.password is not None
    assert SETUP.wifi.password not in text
    assert SETUP.claim.hex() not in text


def test_the_doctor_says_that_it_waits_and_no_fault(tmp_path: Path) -> None:
    visit = Visit(written(tmp_path), {}, Machine(tmp_path), lambda _: None, is_root=True)
    seen = look_up(visit)
    (told, *_) = [each for each in checks_of(visit, seen) if each.name == "settings"]
    (observation,) = told()
    assert observation.diagnosis == "settings.not-onboarded"
    assert observation.mark is Mark.WARNING
