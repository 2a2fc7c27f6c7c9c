"""The whole system with synthetic people: nothing that it writes or sends tells who passed."""

import os

import pytest

from benchmarks.privacy import trial

PEOPLE = 200 if os.environ.get("KIOSK_SLOW") == "1" else 40


@pytest.mark.timeout(600)
@pytest.mark.threat("read-identities", "link-venues")
def test_nothing_that_the_system_writes_tells_who_passed() -> None:
    found = trial(PEOPLE)
    assert found.hits == []
    # What is planted in a log on purpose is found, so what is not found is not there.
    assert found.control_hits > 0
    assert sum(found.answered.values()) >= 0.9 * PEOPLE
    assert set(found.answered) == {"bhyt", "card", "cccd", "certificate", "covid_qr"}
    for part in ("kiosk.log", "outbox.db", "device.key", "ledger.db", "mosquitto.db", "the wire"):
        assert any(part in name for name in found.searched), part
    # The authority's key opens what was sealed, and a stranger's opens nothing.
    assert found.opened == found.events >= 1.8 * PEOPLE
    assert (found.opened_wrong, found.opened_by_a_stranger) == (0, 0)
    # The same people at two venues have nothing in common there.
    assert found.same_person_pairs >= 0.9 * PEOPLE
    assert found.linked_pairs == 0
