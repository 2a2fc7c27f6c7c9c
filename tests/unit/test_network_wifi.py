"""Wi-Fi codes as phones and routers' stickers draw them, and networks that cannot be."""

import pytest

from kiosk.errors import PayloadError
from kiosk.network.wifi import MAX_CODE_BYTES, Wifi, checked, read_wifi_code

TAKEN = {
    "as a phone draws it": (
        "WIFI:T:WPA;S:Quan Pho 9;P:xin-chao-99;;",
        Wifi("Quan Pho 9", "xin-chao-99"),
    ),
    "hidden": (
        "WIFI:T:WPA;S:kho;P:xin-chao-99;H:true;;",
        Wifi("kho", "xin-chao-99", hidden=True),
    ),
    "said not to be hidden": (
        "WIFI:T:WPA;S:kho;P:xin-chao-99;H:false;;",
        Wifi("kho", "xin-chao-99"),
    ),
    "in another order": ("WIFI:P:xin-chao-99;S:kho;T:WPA;;", Wifi("kho", "xin-chao-99")),
    "open": ("WIFI:T:nopass;S:cong-vien;;", Wifi("cong-vien")),
    "open, with an empty password": ("WIFI:T:nopass;S:cong-vien;P:;;", Wifi("cong-vien")),
    "open, and no word of it": ("WIFI:S:cong-vien;;", Wifi("cong-vien")),
    "WPA3": ("WIFI:T:SAE;S:kho;P:xin-chao-99;;", Wifi("kho", "xin-chao-99")),
    "in small letters": ("WIFI:T:wpa2;S:kho;P:xin-chao-99;;", Wifi("kho", "xin-chao-99")),
    "with one semicolon at its end": (
        "WIFI:T:WPA;S:kho;P:xin-chao-99;",
        Wifi("kho", "xin-chao-99"),
    ),
    "in Vietnamese": (
        "WIFI:T:WPA;S:Nhà văn hoá;P:xin-chao-99;;",
        Wifi("Nhà văn hoá", "xin-chao-99"),
    ),
    "with every escape": (
        r"WIFI:T:WPA;S:a\;b\:c\,d\"e\\f;P:\\\\\;\;\:\:\,\";;",
        Wifi('a;b:c,d"e\\f', r"\\;;::," + '"'),
    ),
    "with colons that nobody escaped": ("WIFI:T:WPA;S:a:b;P:1:2:3:4:5;;", Wifi("a:b", "1:2:3:4:5")),
    "with a backslash before nothing special": (
        r"WIFI:T:WPA;S:kho;P:xin\-chao-99;;",
        Wifi("kho", "xin-chao-99"),
    ),
    "in quotes": ('WIFI:T:WPA;S:"ABCD";P:"12345678";;', Wifi("ABCD", "12345678")),
    "with quotes that are its own": (
        r"WIFI:T:WPA;S:\"ABCD\";P:12345678;;",
        Wifi('"ABCD"', "12345678"),
    ),
    "with one quote": ('WIFI:T:WPA;S:";P:12345678;;', Wifi('"', "12345678")),
    "with fields for phones only": (
        "WIFI:T:WPA;R:1;K:abc;S:kho;P:xin-chao-99;;",
        Wifi("kho", "xin-chao-99"),
    ),
    "with the key itself": (f"WIFI:T:WPA;S:kho;P:{'0aF9' * 16};;", Wifi("kho", "0aF9" * 16)),
    "as long as may be": (
        f"WIFI:T:WPA;S:{'s' * 32};P:{'p' * 63};;",
        Wifi("s" * 32, "p" * 63),
    ),
}
REFUSED = {
    "no name": "WIFI:T:WPA;P:xin-chao-99;;",
    "an empty name": "WIFI:T:WPA;S:;P:xin-chao-99;;",
    "nothing": "WIFI:",
    "an end and nothing else": "WIFI:;;",
    "a name twice": "WIFI:S:kho;S:other;;",
    "no end": "WIFI:T:WPA;S:kho;P:xin-chao-99",
    "an end in an escape": "WIFI:T:WPA;S:kho;P:xin-chao-99\\;",
    "something after its end": "WIFI:S:kho;;;",
    "a field without a value": "WIFI:S:kho;hidden;;",
    "a short password": "WIFI:T:WPA;S:kho;P:sieben7;;",
    "a long password": f"WIFI:T:WPA;S:kho;P:{'p' * 65};;",
    "64 characters that are no key": f"WIFI:T:WPA;S:kho;P:{'p' * 64};;",
    "a password in Vietnamese": "WIFI:T:WPA;S:kho;P:mật-khẩu-99;;",
    "no password": "WIFI:T:WPA;S:kho;;",
    "a password for an open network": "WIFI:T:nopass;S:kho;P:xin-chao-99;;",
    "a password and no kind": "WIFI:S:kho;P:xin-chao-99;;",
    "33 bytes of name": f"WIFI:S:{'ô' * 16}x;;",
    "a control character": "WIFI:S:kho\x1b[2J;;",
    "a line's end in the name": "WIFI:S:kho\nhidden=true;;",
    "a line's end in the password": "WIFI:T:WPA;S:kho;P:xin-chao-99\npsk=x;;",
    "neither true nor false": "WIFI:S:kho;H:PEAP;;",
    "an unknown kind": "WIFI:T:WAPI;S:kho;P:xin-chao-99;;",
    "more than a code holds": f"WIFI:S:kho;K:{'k' * MAX_CODE_BYTES};;",
}
NAMED = {
    "WEP": "WIFI:T:WEP;S:kho;P:12345;;",
    "enterprise": "WIFI:T:WPA2-EAP;S:kho;E:PEAP;I:somebody;P:xin-chao-99;;",
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_code_that_phones_take_is_taken(how: str) -> None:
    text, wifi = TAKEN[how]
    assert read_wifi_code(text.encode()) == wifi


@pytest.mark.parametrize("how", REFUSED)
def test_a_code_that_cannot_be_used_is_refused_and_says_nothing_of_itself(how: str) -> None:
    with pytest.raises(PayloadError) as refused:
        read_wifi_code(REFUSED[how].encode())
    told = str(refused.value)
    assert not [word for word in ("kho", "xin-chao", "other", "psk=", "mật") if word in told]


@pytest.mark.parametrize("what", NAMED)
def test_what_cannot_be_joined_is_refused_by_its_name(what: str) -> None:
    with pytest.raises(PayloadError, match=what):
        read_wifi_code(NAMED[what].encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PayloadError, match="UTF-8"):
        read_wifi_code(b"WIFI:S:\xff\xfe;;")


@pytest.mark.parametrize("other", [b"", b"wifi:S:kho;;", b"DKSETUP:1:ABC", b" WIFI:S:kho;;"])
def test_another_code_is_none(other: bytes) -> None:
    assert read_wifi_code(other) is None


def test_text_that_is_no_unicode_is_no_name() -> None:
    with pytest.raises(PayloadError, match="Unicode"):
        checked(Wifi("\ud800"))


def test_a_password_is_never_shown_by_accident() -> None:
    assert "xin-chao-99" not in repr(Wifi("kho", "xin-chao-99"))
