"""Words from outside: what is believed, what is refused, and what is not for this kiosk."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.event import LEDGER_TOPIC, Acknowledgement, LedgerPresence
from kiosk.uplink import LedgerSaid, Report, Word, WordRefused
from kiosk.uplink.delivery.words import MAX_WORD_BYTES, topics_of, word_of

SOURCE = "kiosk/v1/hk-042/door-1"
ACK_TOPIC = f"{SOURCE}/ack"
EPOCH = "0123456789abcdef"
SECRET = "079203001234"


def acknowledgement(**epochs: object) -> bytes:
    return json.dumps({"epochs": epochs}).encode()


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        (ACK_TOPIC, b'{"epochs":{}}', LedgerSaid(Acknowledgement(epochs={}))),
        (
            ACK_TOPIC,
            acknowledgement(**{EPOCH: 7}),
            LedgerSaid(Acknowledgement(epochs={EPOCH: 7})),
        ),
        (
            ACK_TOPIC,
            b'{"epochs":{"0123456789abcdef":7},"of a later version":1}',
            LedgerSaid(Acknowledgement(epochs={EPOCH: 7})),
        ),
        (ACK_TOPIC, b"", None),
        (LEDGER_TOPIC, b'{"online":true}', LedgerSaid(LedgerPresence(online=True))),
        (LEDGER_TOPIC, b'{"online":false,"x":1}', LedgerSaid(LedgerPresence(online=False))),
        (LEDGER_TOPIC, b"", LedgerSaid(LedgerPresence(online=False))),
    ],
)
def test_a_word_is_read_and_fields_of_later_versions_are_ignored(
    topic: str, body: bytes, expected: Report | None
) -> None:
    assert word_of(topic, body, SOURCE) == expected


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        (ACK_TOPIC, b"{}"),
        (ACK_TOPIC, b"7"),
        (ACK_TOPIC, acknowledgement(**{EPOCH: -1})),
        (ACK_TOPIC, acknowledgement(**{EPOCH: 1.5})),
        (ACK_TOPIC, acknowledgement(**{EPOCH: 2**63})),
        (ACK_TOPIC, acknowledgement(**{EPOCH: 10**400})),
        (ACK_TOPIC, acknowledgement(**{SECRET: 1})),
        (ACK_TOPIC, acknowledgement(**{f"{n:016x}": n for n in range(257)})),
        (ACK_TOPIC, acknowledgement(**{EPOCH: SECRET})),
        (ACK_TOPIC, b'{"epochs":' * 5000),
        (LEDGER_TOPIC, b"{}"),
        (LEDGER_TOPIC, b'{"online":"perhaps"}'),
        (LEDGER_TOPIC, b"\xff\xfe"),
        (LEDGER_TOPIC, b" " * (MAX_WORD_BYTES + 1)),
    ],
)
def test_a_word_that_cannot_be_used_is_refused_and_not_quoted(topic: str, body: bytes) -> None:
    report = word_of(topic, body, SOURCE)
    assert isinstance(report, WordRefused)
    assert report.word is topics_of(SOURCE)[topic]
    assert SECRET not in report.why
    assert len(report.why) < 100


@pytest.mark.parametrize(
    "topic",
    [
        "kiosk/v1/hk-042/door-2/ack",
        "kiosk/v1/hk-042/door-1/ack/x",
        "kiosk/v1/hk-042/door-1/cmd/open",
        "kiosk/v1/config/drain",
        "kiosk/v1/hk-042/door-1/ACK",
        "",
    ],
)
def test_what_is_said_to_others_is_not_heard(topic: str) -> None:
    assert word_of(topic, acknowledgement(**{EPOCH: 7}), SOURCE) is None


@given(st.sampled_from([ACK_TOPIC, LEDGER_TOPIC]), st.binary(max_size=200))
def test_no_bytes_do_any_harm(topic: str, body: bytes) -> None:
    report = word_of(topic, body, SOURCE)
    assert report is None or isinstance(report, LedgerSaid | WordRefused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)


@given(
    st.sampled_from([ACK_TOPIC, LEDGER_TOPIC]),
    st.dictionaries(st.sampled_from(["epochs", "online"]), JSON),
)
def test_no_json_gives_a_word_that_is_out_of_range(topic: str, value: object) -> None:
    match word_of(topic, json.dumps(value).encode(), SOURCE):
        case LedgerSaid(Acknowledgement(epochs=epochs)):
            assert all(0 <= upto_seq < 2**63 for upto_seq in epochs.values())


def test_each_word_has_one_topic() -> None:
    # Lists and commands have many, and whoever wants them names them.
    assert sorted(topics_of(SOURCE).values()) == sorted(set(Word) - {Word.LIST, Word.COMMAND})
    assert topics_of(SOURCE)[f"{SOURCE}/ack"] is Word.ACKNOWLEDGEMENT
