"""What every uplink promises, over every adapter; the broker is a real mosquitto."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.app.adapters import UPLINKS
from kiosk.errors import DeliveryError
from kiosk.uplink import Connected, Disconnected, Puback, Uplink, Wanted
from kiosk.uplink.stdout import StdoutUplink
from tests.parts.broker import Broker
from tests.parts.check_ins import SOURCE, events
from tests.parts.families import every, loaded, settings
from tests.parts.reports import Reports
from tests.parts.subscriber import Subscriber

WILL = b'{"online":false}'


@pytest.fixture(params=every(UPLINKS))
def uplink(request: pytest.FixtureRequest, broker: Broker, tmp_path: Path) -> Iterator[Uplink]:
    """Build one adapter after the other; those that want a broker get ours."""
    adapter = loaded(UPLINKS, request.param)
    known = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    built: Uplink = adapter.build(settings(adapter, tmp_path, **known), SOURCE, WILL)
    yield built
    built.disconnect()


@pytest.fixture
def ledger(broker: Broker) -> Iterator[Subscriber]:
    """Subscribe, so that a broker has somebody to deliver to."""
    with Subscriber(broker.port) as subscriber:
        yield subscriber


def test_connecting_reports_one_outcome(uplink: Uplink) -> None:
    reports = Reports()
    uplink.connect(reports)

    assert reports.next(Connected).receive_maximum >= 1
    uplink.disconnect()
    assert reports.rest() == []


@pytest.mark.usefixtures("ledger")
def test_every_event_is_acknowledged_once_with_success(uplink: Uplink) -> None:
    reports = Reports()
    uplink.connect(reports)
    window = reports.next(Connected).receive_maximum
    sent = events(20)
    answers = []
    for event in sent:
        uplink.send(event)
        if window < len(sent):
            answers.append(reports.next(Puback))
    answers += reports.take(Puback, len(sent) - len(answers))

    assert sorted(answer.row for answer in answers) == list(range(1, 21))
    assert {answer.code for answer in answers} == {0}
    assert reports.rest() == []


def test_nothing_can_be_sent_without_a_connection(uplink: Uplink) -> None:
    with pytest.raises(DeliveryError):
        uplink.send(events(1)[0])
    with pytest.raises(DeliveryError):
        uplink.send_status(b"{}")
    with pytest.raises(DeliveryError):
        uplink.listen([Wanted("kiosk/v1/lists/revoked", 100)])
    with pytest.raises(DeliveryError):
        uplink.answer("identify", b"{}")

    reports = Reports()
    uplink.connect(reports)
    reports.next(Connected)
    uplink.disconnect(b"{}")
    with pytest.raises(DeliveryError):
        uplink.send(events(1)[0])
    with pytest.raises(DeliveryError):
        uplink.send_status(b"{}")


def test_disconnecting_never_raises(uplink: Uplink) -> None:
    uplink.disconnect()
    uplink.disconnect(b"{}")
    reports = Reports()
    uplink.connect(reports)
    reports.next(Connected)
    uplink.disconnect(b"{}")
    uplink.disconnect(b"{}")


def test_an_attempt_may_be_given_up_before_its_outcome(uplink: Uplink) -> None:
    given_up = Reports()
    uplink.connect(given_up)
    uplink.disconnect()
    given_up.rest()

    reports = Reports()
    uplink.connect(reports)
    reports.next(Connected)
    assert given_up.rest() == []


@pytest.mark.usefixtures("ledger")
def test_the_next_connection_hears_nothing_of_the_one_before(uplink: Uplink) -> None:
    """A stale end would be taken for the new connection's."""
    first, second = Reports(), Reports()
    uplink.connect(first)
    first.next(Connected)
    uplink.send(events(1)[0])
    first.next(Puback)
    uplink.connect(second)
    second.next(Connected)
    uplink.send(events(2)[1])

    assert second.next(Puback) == Puback(2, 0)
    assert second.rest() == []
    assert not [r for r in first.rest() if isinstance(r, Connected | Disconnected)]


def test_standard_output_gets_one_line_an_event() -> None:
    stream, reports = io.StringIO(), Reports()
    uplink = StdoutUplink(stream)
    uplink.connect(reports)
    assert reports.next(Connected) == Connected(receive_maximum=1)
    for event in events(3):
        uplink.send(event)
        assert reports.next(Puback) == Puback(event.row, 0)
    uplink.send_status(b"{}")
    uplink.disconnect(b"{}")

    assert [line.encode() for line in stream.getvalue().splitlines()] == [
        event.body for event in events(3)
    ]


def test_a_closed_standard_output_acknowledges_nothing() -> None:
    stream, reports = io.StringIO(), Reports()
    uplink = StdoutUplink(stream)
    uplink.connect(reports)
    reports.next(Connected)
    stream.close()

    with pytest.raises(DeliveryError):
        uplink.send(events(1)[0])
    assert reports.rest() == []
