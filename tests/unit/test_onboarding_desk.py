"""The operator's desk: a claim becomes a picture or a page that a kiosk reads and redeems."""

import io
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from typer.testing import CliRunner

from kiosk.errors import OnboardingRefused
from kiosk.network.wifi import Wifi
from kiosk.onboarding.bootstrap import public_text
from kiosk.onboarding.form import opened
from provisioning import key_file
from provisioning.cli import app
from provisioning.errors import ProvisioningError
from provisioning.onboarding.desk import broker_of
from tests.parts.onboarding_codes import bootstrap, trusting_onboarders
from tests.parts.onboarding_desk import (
    BROKER,
    DOOR,
    KEY_PHRASE,
    Desk,
    pages_of,
    shown_by,
    taken,
    words_of,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_picture_holds_all_that_a_kiosk_needs_and_its_claim_is_good_once(desk: Desk) -> None:
    code, said = desk.run("code", DOOR, "door.png", *desk.wifi())
    assert code == 0, said
    assert f"{DOOR}: {desk.path('door.png')}, good once, until" in said
    assert "whoever sees it can read the Wi-Fi password" in said
    raw = desk.path("door.png").read_bytes()
    assert stat.S_IMODE(desk.path("door.png").stat().st_mode) == 0o600
    (shown,) = shown_by(Image.open(io.BytesIO(raw)))
    setup = taken(shown)
    assert (setup.site, setup.device) == ("hk-042", "door-1")
    assert (setup.host, setup.port, setup.server) == (BROKER, 8883, "https://127.0.0.1:1")
    assert setup.wifi == Wifi("Phòng khám", "12345678")
    assert desk.redeems(setup)
    assert not desk.redeems(setup)


def test_a_page_says_the_same_and_what_to_do_with_it(desk: Desk) -> None:
    assert desk.run("code", DOOR, "door.pdf", *desk.wifi())[0] == 0
    (page,) = pages_of(desk.path("door.pdf"))
    (shown,) = shown_by(page)
    assert taken(shown).wifi == Wifi("Phòng khám", "12345678")
    words = words_of(desk.path("door.pdf"))
    assert DOOR in words
    assert "Wi-Fi: Phòng khám" in words
    assert "12345678" not in words
    assert "chờ mã cài đặt" in words
    assert "waiting for an onboarding code" in words
    assert "Ai chụp được mã này đều đọc được mật khẩu Wi-Fi." in words


def test_a_text_is_for_whoever_draws_it_otherwise(desk: Desk) -> None:
    assert desk.run("code", DOOR, "door.txt", "--broker", "192.0.2.7:18883")[0] == 0
    setup = taken(desk.path("door.txt").read_bytes().rstrip(b"\n"))
    assert (setup.host, setup.port, setup.wifi) == ("192.0.2.7", 18_883, None)


def test_a_password_is_sealed_where_the_kiosks_key_is_known(desk: Desk) -> None:
    public = public_text(bootstrap().public_key())
    code, said = desk.run("code", DOOR, "door.pdf", *desk.wifi(), "--bootstrap", public)
    assert code == 0
    assert "the Wi-Fi password is sealed to this kiosk" in said
    (shown,) = shown_by(pages_of(desk.path("door.pdf"))[0])
    assert taken(shown).wifi == Wifi("Phòng khám", "12345678")
    with pytest.raises(OnboardingRefused, match="sealed to another"):
        opened(shown, trusting_onboarders(), 0, bootstrap(52))
    assert "mật khẩu" not in words_of(desk.path("door.pdf"))


@pytest.mark.threat("replay-onboarding-code")
def test_a_new_code_puts_the_one_before_out_of_use(desk: Desk) -> None:
    desk.run("code", DOOR, "first.txt")
    desk.run("code", DOOR, "second.txt")
    first, second = (
        taken(desk.path(name).read_bytes().rstrip(b"\n")) for name in ("first.txt", "second.txt")
    )
    assert not desk.redeems(first)
    assert desk.redeems(second)


def fleet_table(desk: Desk) -> str:
    path = desk.path("fleet.csv")
    public = public_text(bootstrap().public_key())
    path.write_text(
        "site,device,title,bootstrap,ssid,wifi password\n"
        f"hk-001,door-1,Nhà văn hóa,{public},Nhà văn hóa,mot mat khau\n"
        "hk-001,door-2,,,,\n"
        "hk-002,door-1,Chợ,,Chợ,\n"
    )
    return str(path)


def test_a_fleet_file_becomes_a_page_for_each_kiosk(desk: Desk) -> None:
    code, said = desk.run("codes", fleet_table(desk), "all.pdf", *desk.wifi())
    assert code == 0, said
    pages = pages_of(desk.path("all.pdf"))
    setups = [taken(shown) for page in pages for shown in shown_by(page)]
    assert [f"{each.site}/{each.device}" for each in setups] == [
        "hk-001/door-1",
        "hk-001/door-2",
        "hk-002/door-1",
    ]
    # What a line says of the Wi-Fi comes before what the command says for all.
    assert [each.wifi for each in setups] == [
        Wifi("Nhà văn hóa", "mot mat khau"),
        Wifi("Phòng khám", "12345678"),
        Wifi("Chợ"),
    ]
    assert [line.rpartition("; ")[2] for line in said.splitlines()] == [
        "the Wi-Fi password is sealed to this kiosk",
        "whoever sees it can read the Wi-Fi password",
        "no password is in it",
    ]
    assert all(desk.redeems(setup) for setup in setups)


def test_a_folder_of_pictures_has_one_for_each_door(desk: Desk) -> None:
    assert desk.run("codes", fleet_table(desk), "codes")[0] == 0
    found = sorted(desk.path("codes").rglob("*.png"))
    assert [str(path.relative_to(desk.path("codes"))) for path in found] == [
        "hk-001/door-1.png",
        "hk-001/door-2.png",
        "hk-002/door-1.png",
    ]
    for path in found:
        (shown,) = shown_by(Image.open(path))
        setup = taken(shown)
        assert path.match(f"{setup.site}/{setup.device}.png")
    assert stat.S_IMODE(found[0].parent.stat().st_mode) == 0o700


def test_who_has_a_code_is_left_alone_and_a_file_is_not_overwritten(desk: Desk) -> None:
    table = fleet_table(desk)
    assert desk.run("codes", table, "all.pdf")[0] == 0
    before = desk.path("all.pdf").read_bytes()
    code, said = desk.run("codes", table, "all.pdf", "--again")
    assert code == 1
    assert "is there" in said
    code, said = desk.run("codes", table, "more.pdf")
    assert code == 0
    assert said.count("its claim waits already; left alone") == 3
    assert not desk.path("more.pdf").exists()
    assert desk.path("all.pdf").read_bytes() == before
    assert desk.run("codes", table, "again.pdf", "--again")[0] == 0
    assert len(pages_of(desk.path("again.pdf"))) == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--broker", "https://broker"), "is no broker"),
        (("--broker", "broker:0"), "is no broker"),
        (("--broker", "broker:65536"), "is no broker"),
        (("--hidden",), "needs its name: --ssid"),
        (("--ssid", "x" * 33), "Wi-Fi name"),
        (("--bootstrap", "AAAAAAA"), "--bootstrap: no bootstrap key"),
        (("--server", "http://enrol.example.org"), "is no address"),
        (("--server", "https://enrol_here.example.org"), "names that a kiosk does not take"),
        (("--broker", "b" * 250, "--server", f"https://{'e' * 240}"), "too large for a phone"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_no_claim_is_made(
    desk: Desk, more: tuple[str, ...], said: str
) -> None:
    code, output = desk.run("code", DOOR, "door.png", *more)
    assert code == 1
    assert said in output
    assert output.count("\n") == 1
    assert not desk.path("door.png").exists()
    assert desk.claims() == 0


@pytest.mark.parametrize(
    ("command", "what", "out", "said"),
    [
        ("code", DOOR, "door.jpg", "name a file that ends with"),
        ("code", "hk-042", "door.png", "write SITE/DEVICE"),
        ("code", "hk-099/door-1", "door.png", "hk-099"),
        ("code", DOOR, "fleet/fleet.json/door.png", "cannot be made"),
        ("codes", "none.csv", "all.pdf", "cannot be read"),
        ("codes", "none.csv", "all.zip", "neither a .pdf nor a folder"),
    ],
)
def test_what_cannot_be_done_is_said(
    desk: Desk, command: str, what: str, out: str, said: str
) -> None:
    code, output = desk.run(command, what, out)
    assert code == 1
    assert said in output
    assert output.count("\n") == 1


def test_a_title_that_cannot_be_printed_costs_no_claim(desk: Desk) -> None:
    path = desk.path("fleet.csv")
    path.write_text("site,device,title\na,b,Buôn Êban Blŭk\n")
    code, said = desk.run("codes", str(path), "all.pdf")
    assert code == 1
    assert "a/b: letters that cannot be printed: ŭ" in said
    assert desk.claims() == 0


def test_a_network_whose_name_cannot_be_printed_is_onboarded_all_the_same(desk: Desk) -> None:
    assert desk.run("code", DOOR, "door.pdf", "--ssid", "Quán 🍜")[0] == 0
    assert "Wi-Fi: Quán ?" in words_of(desk.path("door.pdf"))
    (shown,) = shown_by(pages_of(desk.path("door.pdf"))[0])
    assert taken(shown).wifi == Wifi("Quán 🍜")


def test_the_key_is_made_once_and_says_whose_settings_name_it(tmp_path: Path) -> None:
    phrase, path = tmp_path / "phrase", tmp_path / "onboarding.pem"
    phrase.write_text(KEY_PHRASE)
    command = ["onboarding", "key", str(path), "--passphrase-file", str(phrase)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    assert "for onboarding.signers of every image" in done.output
    assert isinstance(key_file.read(path, KEY_PHRASE), Ed25519PrivateKey)
    assert b"PUBLIC KEY" in path.with_name("onboarding.pem.pub").read_bytes()
    assert CliRunner().invoke(app, command).exit_code == 1


@pytest.mark.parametrize("text", ["", "a b", "-a", "a:", ":1", "[::1]:1", "a:1:2", "ạ"])
def test_what_is_no_broker_is_refused(text: str) -> None:
    with pytest.raises(ProvisioningError, match="is no broker"):
        broker_of(text)
