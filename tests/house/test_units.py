"""The systemd units: known keys only, hardened, and in step with the settings that they carry."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import EXIT_SETTINGS
from tests.parts.markdown import ROOT
from tests.parts.units import COUNTERS, SERVICES, UNITS, settings_of

PROGRAM = "/opt/door-kiosk/current/venv/bin/kiosk"

MOST_EXPOSURE = {"kiosk.service": 14, "kiosk-eye.service": 6}
"""What `systemd-analyze security` may say at most, in tenths; systemd 252 says 13 and 6, and each
version of it weighs a little differently."""


def tool(name: str) -> str:
    """Return where a systemd tool is; skips the test where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: this is no systemd machine")
    return found


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        # A colon at the end adds systemd's own units, which ours are ordered after.
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def copied(folder: Path) -> Path:
    """Copy the units, with a program in them that every machine has."""
    for name in (*SERVICES, *COUNTERS):
        text = (UNITS / name).read_text(encoding="utf-8")
        assert (PROGRAM in text) is (name in SERVICES)
        (folder / name).write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def sysusers() -> dict[str, list[list[str]]]:
    """The lines of kiosk.sysusers, by their first letter."""
    lines: dict[str, list[list[str]]] = defaultdict(list)
    for line in (UNITS / "kiosk.sysusers").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, *rest = line.split()
            lines[kind].append(rest)
    return lines


def test_verify_has_nothing_to_say(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    units = (f"./{name}" for name in (*SERVICES, *COUNTERS))
    done = run(analyze, "verify", *units, folder=copied(tmp_path))
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("line", "told"),
    [("ProtectSytem=strict", "ProtectSytem"), ("Restart=sometimes", "sometimes")],
)
def test_verify_would_tell_a_mistake(tmp_path: Path, line: str, told: str) -> None:
    """It only warns, and exits with 0: so any word of it has to count."""
    analyze = tool("systemd-analyze")
    unit = copied(tmp_path) / "kiosk-eye.service"
    unit.write_text(unit.read_text(encoding="utf-8") + f"[Service]\n{line}\n", encoding="utf-8")
    done = run(analyze, "verify", "./kiosk-eye.service", folder=tmp_path)
    assert told in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_exposure_stays_low(tmp_path: Path, name: str) -> None:
    analyze = tool("systemd-analyze")
    command = (analyze, "security", "--offline=true", "--no-pager")
    limit = MOST_EXPOSURE[name]
    done = run(*command, f"--threshold={limit}", f"./{name}", folder=copied(tmp_path))
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    # A threshold that nothing can exceed would prove nothing.
    done = run(*command, "--threshold=1", f"./{name}", folder=tmp_path)
    assert done.returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="systemd-sysusers works for root only")
def test_users_and_groups_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = run(
        tool("systemd-sysusers"),
        f"--root={tmp_path}",
        str(UNITS / "kiosk.sysusers"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    groups = {}
    for line in (tmp_path / "etc/group").read_text(encoding="utf-8").splitlines():
        group, _, _, members = line.split(":")
        groups[group] = set(filter(None, members.split(",")))
    assert groups["kiosk-link"] == {"kiosk", "kiosk-eye"}
    assert groups["gpio"] == {"kiosk"}
    assert groups["video"] == {"kiosk-eye"}
    # The keys are readable by this group: the parser of hostile pictures may not be in it.
    assert groups["kiosk"] == set()


@pytest.mark.parametrize("name", SERVICES)
def test_the_units_name_users_and_groups_that_are_made(
    name: str, sysusers: dict[str, list[list[str]]]
) -> None:
    unit = settings_of(name)
    users = {user for user, *_ in sysusers["u"]}
    groups = users | {group for group, *_ in sysusers["g"]}
    assert set(unit["User"]) <= users
    assert {*unit["Group"], *unit["SupplementaryGroups"]} <= groups


def test_the_socket_is_the_one_of_the_example_and_the_eye_may_use_it() -> None:
    example = tomllib.loads((ROOT / "provisioning/kiosk.example.toml").read_text(encoding="utf-8"))
    kiosk, eye = settings_of("kiosk.service"), settings_of("kiosk-eye.service")
    assert example["eye"]["socket"] == f"/run/{kiosk['RuntimeDirectory'][0]}/eye.sock"
    # The socket's group is its maker's primary group, and its mode lets that group write.
    assert kiosk["Group"][0] in eye["SupplementaryGroups"]
    assert "kiosk" not in eye["SupplementaryGroups"] + eye["Group"]


def test_the_outbox_is_in_the_state_folder() -> None:
    example = tomllib.loads((ROOT / "provisioning/kiosk.example.toml").read_text(encoding="utf-8"))
    folder = f"/var/lib/{settings_of('kiosk.service')['StateDirectory'][0]}"
    assert Path(example["outbox"]["path"]).parent == Path(folder)
    assert folder in {
        p.removeprefix("-") for p in settings_of("kiosk-eye.service")["InaccessiblePaths"]
    }


def test_the_eye_can_read_no_secret() -> None:
    closed = {p.removeprefix("-") for p in settings_of("kiosk-eye.service")["InaccessiblePaths"]}
    secret = set()
    for line in (UNITS / "kiosk.tmpfiles").read_text(encoding="utf-8").splitlines():
        match = re.match(r"z (\S+) +(\d+) (\S+) +(\S+)", line)
        if match and match[1].endswith((".key", ".env")):
            secret.add(match[1])
            assert match[4] != "kiosk-link"
            assert match[2] in {"0600", "0640"}
    assert secret
    assert {s for s in secret if not any(Path(s).is_relative_to(c) for c in closed)} == set()


def test_the_eye_has_no_network_and_the_kiosk_no_camera() -> None:
    kiosk, eye = settings_of("kiosk.service"), settings_of("kiosk-eye.service")
    assert eye["PrivateNetwork"] == ["yes"]
    assert not {"AF_INET", "AF_INET6"} & set(eye["RestrictAddressFamilies"])
    assert "char-gpiochip" not in eye["DeviceAllow"]
    assert [word for word in kiosk["DeviceAllow"] if word.startswith("char-")] == ["char-gpiochip"]
    assert "video" not in kiosk["SupplementaryGroups"]


@pytest.mark.parametrize("name", SERVICES)
def test_wrong_settings_are_not_tried_again(name: str) -> None:
    assert settings_of(name)["RestartPreventExitStatus"] == [str(EXIT_SETTINGS)]


def test_the_door_does_not_wait_for_a_network() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read(UNITS / "kiosk.service", encoding="utf-8")
    ordering = " ".join(parser["Unit"].get(key, "") for key in ("After", "Wants", "Requires"))
    # Its own socket is a file, and asked only when somebody shows another Wi-Fi.
    assert "network" not in ordering.lower().replace("kiosk-network.socket", "")


def test_lights_go_off_whatever_ends_the_kiosk() -> None:
    after = settings_of("kiosk.service")["ExecStopPost"]
    # Through __main__, which turns the pins off before it loads the rest.
    python = PROGRAM.removesuffix("kiosk") + "python"
    assert after[:5] == [f"-{python}", "-I", "-m", "kiosk", "off"]


KIOSK, EYE, STRANGER = 60_996, 60_995, 60_994
KIOSK_GROUP, LINK_GROUP = 60_996, 60_997

BECOME = """
import os, sys
from pathlib import Path
from kiosk.eye.link import EyeEnd, KioskEnd
from kiosk.eye.messages import Hello

def become(user, group, *groups):
    # The interpreter may lie where only root may look, so everything is imported before this.
    os.setgroups(groups); os.setresgid(group, group, group); os.setresuid(user, user, user)
    os.umask(0o077)

folder = Path(sys.argv[1])
socket, key = folder / "run/eye.sock", folder / "site.key"
def refused(what):
    try:
        what()
    except PermissionError:
        return
    raise AssertionError("that should have been refused")
"""
AS_KIOSK = f"""
become({KIOSK}, {LINK_GROUP}, {KIOSK_GROUP})
assert key.read_text() == "secret"
end = KioskEnd(socket, lambda report: print(type(report).__name__, flush=True))
print("listening", flush=True)
sys.stdin.read()
end.close()
"""
AS_EYE = f"""
become({EYE}, {EYE}, {LINK_GROUP})
EyeEnd(socket).send(Hello(camera="replay", decoders=("zxing",)))
refused(key.read_text)
refused((folder / "run/other.sock").touch)
refused(socket.unlink)
"""
AS_STRANGER = f"""
become({STRANGER}, {STRANGER})
refused(lambda: EyeEnd(socket))
refused(key.read_text)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder laid out as the units and kiosk.tmpfiles do, through which all may pass."""
    with tempfile.TemporaryDirectory(prefix="kiosk-units-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "run").mkdir(mode=0o750)
        os.chown(folder / "run", KIOSK, LINK_GROUP)
        (folder / "site.key").write_text("secret", encoding="ascii")
        (folder / "site.key").chmod(0o640)
        os.chown(folder / "site.key", 0, KIOSK_GROUP)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_eye_reaches_the_socket_and_no_key_and_a_stranger_neither(place: Path) -> None:
    def python(script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", BECOME + script, str(place)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with python(AS_KIOSK) as kiosk:
        assert kiosk.stdout is not None
        assert kiosk.stdout.readline() == "listening\n"
        for script in (AS_STRANGER, AS_EYE):
            with python(script) as other:
                assert other.wait(60) == 0
        assert kiosk.stdout.readline() == "Heard\n"
        kiosk.communicate("", timeout=60)
        assert kiosk.returncode == 0
