"""What formats are made of, against the published vectors of the standards they follow."""

import base64
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.door.credential import Defect
from kiosk.errors import PayloadError
from kiosk.payloads.parts import base45, cbor, cose
from kiosk.payloads.parts.trust import NOBODY, Algorithm, IssuerKey, NotGenuine, trusting
from tests.parts.issuers import nation, sign1, union, ward

# RFC 9285, sections 4.3 and 4.4.
BASE45 = {
    b"AB": b"BB8",
    b"Hello!!": b"%69 VD92EX0",
    b"base-45": b"UJCLQE7W581",
    b"ietf!": b"QED8WEX0",
}

# RFC 8032, section 7.1, tests 1 to 3: public key, message, signature.
ED25519 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]

# RFC 8392, appendix A.3 (the signed CWT) and A.2.3 (the key, as its two coordinates).
CWT = bytes.fromhex(
    "d28443a10126a104524173796d6d657472696345434453413235365850a70175636f61703a2f2f61732e6578616d706c652e"
    "636f6d02656572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0"
    "061a5610d9f007420b7158405427c1ff28d23fbad1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08c8d4d4f9"
    "6131680c429a01f85951ecee743a52b9b63632c57209120e1c9e30"
)
CWT_X = "143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f"
CWT_Y = "60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9"
CWT_KID = b"AsymmetricECDSA256"
ES256 = frozenset({Algorithm.ES256})


def spki(public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rfc_key() -> IssuerKey:
    numbers = ec.EllipticCurvePublicNumbers(int(CWT_X, 16), int(CWT_Y, 16), ec.SECP256R1())
    raw = spki(numbers.public_key())
    return IssuerKey(CWT_KID, Algorithm.ES256, raw, "coap://as.example.com", frozenset({"cwt"}))


@pytest.mark.parametrize(("raw", "text"), BASE45.items())
def test_base45_as_published(raw: bytes, text: bytes) -> None:
    assert base45.decode(text) == raw
    assert base45.encode(raw) == text


def test_base45_of_every_byte_and_of_nothing() -> None:
    for raw in (b"", *(bytes([value]) for value in range(256)), bytes(range(256)), b"\xff\xff"):
        assert base45.decode(base45.encode(raw)) == raw


@pytest.mark.parametrize(
    "text", [b"A", b"ABCD", b"::", b":::", b"GGW", b"a00", b"00\n", b"\xff00", b"00_", b"V5"]
)
def test_base45_that_stands_for_no_bytes(text: bytes) -> None:
    with pytest.raises(PayloadError, match="base45"):
        base45.decode(text)


def test_base45_keeps_spaces() -> None:
    assert base45.decode(b"0 0") == (36 * 45).to_bytes(2, "big")


@pytest.mark.parametrize(("public", "message", "signature"), ED25519)
def test_ed25519_as_published(public: str, message: str, signature: str) -> None:
    key = IssuerKey(b"k", Algorithm.EDDSA, bytes.fromhex(public), "rfc", frozenset({"card"}))
    assert cose.verifies(key, bytes.fromhex(signature), bytes.fromhex(message))
    assert not cose.verifies(key, bytes.fromhex(signature), bytes.fromhex(message) + b"\0")
    assert not cose.verifies(key, bytes(64), bytes.fromhex(message))
    assert not cose.verifies(key, b"", bytes.fromhex(message))


def test_a_cwt_as_published() -> None:
    found = cose.envelope(CWT, ES256)
    assert found.kid == CWT_KID
    assert cose.signer(found, "cwt", trusting([rfc_key()])) == rfc_key()
    claims = cbor.loads(found.payload)
    assert isinstance(claims, dict)
    assert cose.text_of(claims, 1, "issuer") == "coap://as.example.com"
    assert cose.time_of(claims, 4, "end") == 1444064944
    assert claims[7] == b"\x0b\x71"


def test_the_published_cwt_with_any_bit_changed_is_none() -> None:
    context = trusting([rfc_key()])
    for place in range(len(CWT) * 8):
        changed = bytearray(CWT)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(PayloadError):
            cose.signer(cose.envelope(bytes(changed), ES256), "cwt", context)


def test_every_key_of_one_name_is_tried() -> None:
    first, second = ward(seed=1), ward(seed=2)
    found = cose.envelope(sign1(second, b"x"), frozenset({Algorithm.EDDSA}))
    for keys in ([first.key(), second.key()], [second.key(), first.key()]):
        assert cose.signer(found, "card", trusting(keys)) == second.key()
    with pytest.raises(NotGenuine) as caught:
        cose.signer(found, "card", trusting([first.key()]))
    assert caught.value.defect is Defect.FORGED


def test_a_key_counts_for_its_own_format_only() -> None:
    found = cose.envelope(sign1(ward(), b"x"), frozenset({Algorithm.EDDSA}))
    for context in (NOBODY, trusting([ward(kid=b"else").key()])):
        with pytest.raises(NotGenuine) as caught:
            cose.signer(found, "card", context)
        assert caught.value.defect is Defect.UNTRUSTED_ISSUER
    with pytest.raises(NotGenuine):
        cose.signer(found, "certificate", trusting([ward().key()]))


def test_a_signature_that_fits_under_another_algorithm_s_name_is_a_forgery() -> None:
    header = {1: int(Algorithm.PS256), 4: union().kid}
    found = cose.envelope(sign1(union(), b"x", protected=header), frozenset(Algorithm))
    with pytest.raises(NotGenuine) as caught:
        cose.signer(found, "certificate", trusting([union().key()]))
    assert caught.value.defect is Defect.FORGED


def test_a_signature_has_one_length() -> None:
    """Without its leading zero the second half is the same number; one signature has one form."""
    made = next(s for _ in range(10_000) if (s := union().sign(b"x"))[32] == 0)
    key = union().key()
    assert cose.verifies(key, made, b"x")
    assert not cose.verifies(key, made[:32] + made[33:], b"x")
    assert not cose.verifies(key, made + b"\0", b"x")


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    public = spki(nation().private.public_key())  # type: ignore[arg-type]  # an RSA key
    curve = spki(union().private.public_key())  # type: ignore[arg-type]  # one on P-256
    other = spki(ec.derive_private_key(5, ec.SECP384R1()).public_key())
    short = spki(rsa.generate_private_key(65537, 1024).public_key())
    assert cose.public_key(Algorithm.PS256, public) is not None
    assert cose.public_key(Algorithm.ES256, curve) is not None
    for algorithm, raw in (
        (Algorithm.PS256, curve),
        (Algorithm.ES256, public),
        (Algorithm.ES256, other),
        (Algorithm.PS256, short),
        (Algorithm.ES256, b"no key"),
        (Algorithm.EDDSA, bytes(31)),
        (Algorithm.EDDSA, curve),
    ):
        assert cose.public_key(algorithm, raw) is None
        key = IssuerKey(b"k", algorithm, raw, "x", frozenset({"card"}))
        assert not cose.verifies(key, bytes(64), b"")


HEADERS: dict[str, tuple[Any, Any, str]] = {
    "no map": (cbor2.dumps([1, -8]), {}, "header: not a map"),
    "nothing": (b"", {}, "structure"),
    "no algorithm": ({4: b"k070"}, {1: -8}, "another algorithm"),
    "an algorithm of another format": ({1: -7, 4: b"k070"}, {}, "another algorithm"),
    "an algorithm in words": ({1: "EdDSA", 4: b"k070"}, {}, "another algorithm"),
    "an algorithm that is a list": ({1: [-8], 4: b"k070"}, {}, "another algorithm"),
    "an algorithm that is a fraction": ({1: -8.0, 4: b"k070"}, {}, "another algorithm"),
    "no key's name": ({1: -8}, {}, "no name of a key"),
    "a key's name in words": ({1: -8, 4: "k070"}, {}, "no name of a key"),
    "something critical": ({1: -8, 2: [99], 4: b"k070", 99: 0}, {}, "not known here"),
    "something critical, unsigned": ({1: -8, 4: b"k070"}, {2: [99]}, "not known here"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_is_none(name: str) -> None:
    protected, unprotected, told = HEADERS[name]
    raw = sign1(ward(), b"", protected=protected, unprotected=unprotected)
    with pytest.raises(PayloadError, match=told):
        cose.envelope(raw, frozenset({Algorithm.EDDSA}))


NOT_AN_ENVELOPE = {
    "three parts": cbor2.CBORTag(18, [b"", {}, b""]),
    "five parts": cbor2.CBORTag(18, [b"", {}, b"", b"", b""]),
    "no tag": [b"", {}, b"", b""],
    "another tag": cbor2.CBORTag(98, [b"", {}, b"", b""]),
    "a detached payload": cbor2.CBORTag(18, [b"", {}, None, b""]),
    "a header that is text": cbor2.CBORTag(18, ["", {}, b"", b""]),
    "a map": cbor2.CBORTag(18, {0: b""}),
}


@pytest.mark.parametrize("name", NOT_AN_ENVELOPE)
def test_what_is_no_envelope(name: str) -> None:
    with pytest.raises(PayloadError, match=r"structure|envelope"):
        cose.envelope(cbor2.dumps(NOT_AN_ENVELOPE[name]), frozenset({Algorithm.EDDSA}))


@pytest.mark.parametrize(
    "item",
    [0, 23, 24, 2**64 - 1, -1, -(2**64), b"", b"x" * 300, "ễ", [], [1, [2, []]], {1: {"a": b"b"}},
     True, False, None, 1.5, [[[[[[[0]]]]]]], list(range(900))],
    ids=repr,
)  # fmt: skip
def test_ordinary_cbor_is_read(item: object) -> None:
    assert cbor.loads(cbor2.dumps(item)) == item


HOSTILE_CBOR = {
    "nothing": b"",
    "nine deep": cbor2.dumps([[[[[[[[[0]]]]]]]]]),
    "as deep as a code is long": b"\x81" * 7089,
    "maps as deep": b"\xa1\x00" * 3000 + b"\x00",
    "too many items": cbor2.dumps(list(range(1000))),
    "a list that says it is endless": bytes.fromhex("9bffffffffffffffff00"),
    "a map that says it is endless": bytes.fromhex("bbffffffffffffffff00"),
    "bytes that say they are endless": bytes.fromhex("5b7fffffffffffffff00"),
    "text that says it is endless": bytes.fromhex("7bffffffffffffffff41"),
    "an open list": bytes.fromhex("9f00ff"),
    "an open map": bytes.fromhex("bf0000ff"),
    "open bytes": bytes.fromhex("5f4100ff"),
    "open text": bytes.fromhex("7f6141ff"),
    "an end of nothing": b"\xff",
    "a regular expression": cbor2.dumps(cbor2.CBORTag(35, "(a+)+b")),
    "a huge power of two": bytes.fromhex("c5821b7fffffffffffffff03"),
    "a huge power of ten": bytes.fromhex("c4821b7fffffffffffffff03"),
    "a fraction of zero": bytes.fromhex("d81e820100"),
    "a list that holds itself": bytes.fromhex("d81c81d81d00"),
    "a tag inside": cbor2.dumps([cbor2.CBORTag(1, 0)]),
    "a value without meaning": b"\xf7",
    "a simple value": b"\xf8\xff",
    "reserved information": b"\x1c",
    "a key twice": bytes.fromhex("a201000100"),
    "a key twice, once as a fraction": bytes.fromhex("a20100f93c0000"),
    "text that is not UTF-8": bytes.fromhex("62c328"),
    "two items": b"\x00\x00",
    "a number cut off": b"\x1a\x00\x00",
    "bytes cut off": b"\x44\x00\x00",
    "a list cut off": b"\x82\x00",
}


@pytest.mark.parametrize("name", HOSTILE_CBOR)
def test_hostile_cbor_is_refused(name: str) -> None:
    with pytest.raises(PayloadError, match=r"^structure: "):
        cbor.loads(HOSTILE_CBOR[name])


def test_a_tag_is_taken_off_where_it_is_asked_for() -> None:
    assert cbor.loads(b"\xd2\x80", tag=18) == []
    assert cbor.loads(b"\xd8\x12\x80", tag=18) == []
    for raw in (b"\x80", b"\xd3\x80", b"\xd2", b"", b"\xd2\xd2\x80"):
        with pytest.raises(PayloadError):
            cbor.loads(raw, tag=18)


def test_no_key_is_printed() -> None:
    context = trusting([ward().key()])
    public = ward().key().public
    for told in (repr(ward().key()), repr(context)):
        assert public.hex() not in told
        assert repr(public)[2:-1] not in told
        assert base64.b64encode(public).decode() not in told
