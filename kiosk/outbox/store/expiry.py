"""What is left of an event when its retention has ended: its number, and that it happened."""

from kiosk.door.event import ClockEvent, read_event


def expired(body: bytes) -> bytes:
    """Return an event's bytes with `handle`, `period` and `sealed` blanked and `expired` said.

    What names nobody is returned as it is. A body that cannot be read cannot be blanked in part,
    so all of it goes: whoever reads it sees that something was there.
    """
    try:
        event = read_event(body)
    except ValueError:
        return b"{}"
    if isinstance(event, ClockEvent):
        return body
    gone = {"handle": None, "period": None, "sealed": None, "expired": True}
    data = event.data.model_copy(update=gone)
    return event.model_copy(update={"data": data}).model_dump_json().encode()
