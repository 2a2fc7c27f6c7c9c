"""Fifty people pass, some with damaged cards: nothing that leaves the kiosk tells who they are."""

import random
from pathlib import Path

import pytest

from kiosk.app import logs
from kiosk.app.record import names_in
from kiosk.door.event import CheckInEvent
from kiosk.eye.messages import Hello
from kiosk.eye.people import person
from kiosk.outbox.sqlite import Settings, SqliteOutbox
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Doorway, encoded

PEOPLE = [person(random.Random(seed), fields=(7, 11)[seed % 2]) for seed in range(50)]


def damaged(text: str) -> str:
    """Return the same card with a day of birth that no calendar has."""
    fields = text.split("|")
    return "|".join([*fields[:3], f"45{fields[3][2:]}", *fields[4:]])


def secrets_of(text: str) -> set[str]:
    """Return what nobody may find anywhere: the payload, and each field that tells who it is."""
    number, former, name, _, _, address = text.split("|")[:6]
    encodings = {text, encoded(text), encoded(number), number.encode().hex()}
    return {number, name, address, *encodings} | ({former} if former else set())


@pytest.mark.threat("read-identities")
def test_nothing_on_a_card_reaches_log_status_event_or_disk(tmp_path: Path) -> None:
    outbox = SqliteOutbox(Settings(path=tmp_path / "outbox.db"), SOURCE)
    with logs.captured() as lines:
        doorway = Doorway(outbox).open()
        for number, text in enumerate(PEOPLE):
            doorway.hold(damaged(text) if number % 5 == 4 else text, for_s=0.5)
            doorway.wait(3)
        doorway.hold(PEOPLE[0], PEOPLE[1], for_s=1)
        doorway.hear(Hello(camera=PEOPLE[0][:12], decoders=(PEOPLE[0].split("|")[2],)))
        doorway.wait(11)
    bodies = [event.body.decode() for event in doorway.committed]
    verdicts = [CheckInEvent.model_validate_json(body).data.verdict.value for body in bodies]
    assert (verdicts.count("accepted"), verdicts.count("rejected")) == (40, 10)
    assert [line["event"] for line in lines].count("scan") == 51
    outbox.close()
    # Bytes of the file as text, so that one search finds a name on disk too.
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("utf-8", "replace")
    statuses = b"".join(doorway.courier.statuses).decode()
    everything = "\n".join([*map(str, lines), statuses, *bodies, disk])
    assert bodies[0] in everything
    for text in PEOPLE:
        found = {secret for secret in secrets_of(text) if secret in everything}
        assert not found


def test_the_same_person_is_one_handle_and_nobody_elses(tmp_path: Path) -> None:
    outbox = SqliteOutbox(Settings(path=tmp_path / "outbox.db"), SOURCE)
    doorway = Doorway(outbox).open()
    for text in (PEOPLE[0], PEOPLE[1], PEOPLE[0]):
        doorway.hold(text)
        doorway.wait(15)
    handles = [CheckInEvent.model_validate_json(e.body).data.handle for e in doorway.committed]
    assert handles[0] == handles[2] != handles[1]
    outbox.close()


def test_an_eye_that_calls_itself_by_a_name_is_not_quoted() -> None:
    known = Hello(camera="replay", decoders=("zxing", "zbarlight"))
    assert names_in(known) == ("replay", "zxing", "zbarlight")
    name = PEOPLE[0].split("|")[2]
    assert names_in(Hello(camera=name, decoders=(PEOPLE[0][:12], "zxing"))) == ("zxing",)
