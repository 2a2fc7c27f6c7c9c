"""Certificates that nobody trusts outside these tests, made in memory."""

import time

from kiosk.enrolment.keys import Held
from provisioning.fleet import certificates
from provisioning.fleet.certificates import Signer

DAY_S = 86_400
NOW_S = int(time.time())
ROOT = certificates.make_root("Tests", NOW_S - 1000 * DAY_S)
ISSUING = certificates.make_issuing(ROOT, "Tests", 1, NOW_S - 1000 * DAY_S)


def held(name: str, days_ago: int = 0, days: int = 90, by: Signer = ISSUING) -> Held:
    """Return a kiosk's key and certificate, begun so many days ago."""
    key = certificates.new_key()
    made = certificates.client(by, key.public_key(), name, NOW_S - days_ago * DAY_S, days)
    return Held(key, (made, by.certificate))
