"""The roll: a fleet's sites, devices, services, claims and certificates, in one SQLite file.

Every change is one transaction that begins by taking the file's lock, so that a claim is redeemed
once, however many ask at the same moment, from however many processes. It holds no key and no
claim, only marks.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioning.errors import ProvisioningError

VERSION = 1
_BUSY_MS = 10_000
_SCHEMA = Path(__file__).with_name("roll_v1.sql")

_DEVICES = """
SELECT d.site, d.device, s.title, d.revoked_s,
    (SELECT max(c.until_s) FROM claims c WHERE c.site = d.site AND c.device = d.device
        AND NOT c.void AND c.redeemed_s IS NULL) AS claim_until_s,
    EXISTS (SELECT 1 FROM certificates x WHERE x.name = d.site || '/' || d.device
        AND x.forked_s IS NOT NULL AND x.revoked_s IS NULL) AS forked
FROM devices d JOIN sites s ON s.name = d.site
WHERE ?1 IS NULL OR d.site = ?1
ORDER BY d.site, d.device
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was issued."""

    serial: str
    name: str
    print: str
    key_print: str
    issuing: int
    way: str
    follows: str | None
    from_s: int
    until_s: int
    made_s: int
    revoked_s: int | None
    why: str | None
    forked_s: int | None
    pem: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that was made, by its mark."""

    mark: str
    site: str
    device: str
    until_s: int
    void: bool
    redeemed_s: int | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class Device:
    """A kiosk on the roll, with its newest certificate and until when a claim waits."""

    site: str
    device: str
    title: str
    revoked_s: int | None
    newest: Certificate | None
    claim_until_s: int | None
    forked: bool = False

    @property
    def name(self) -> str:
        """What its certificate calls it."""
        return f"{self.site}/{self.device}"


@dataclass(frozen=True, slots=True)
class Service:
    """Who else may connect to the broker."""

    name: str
    role: str
    revoked_s: int | None


class Roll:
    """One connection to the file; belongs to the thread that opened it."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Open the roll.

        Raises:
            ProvisioningError: It is not there, is there already, or was made by a later version.
        """
        if path.exists() == new:
            said = "is there already" if new else "is not there: kiosk-provision ca init"
            raise ProvisioningError(f"{path}: {said}")
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise ProvisioningError(f"{path}: cannot be used: {error}") from None

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        for pragma in (f"busy_timeout = {_BUSY_MS}", "journal_mode = WAL", "synchronous = FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self.change():
            (found,) = self._db.execute("PRAGMA user_version").fetchone()
            if found == 0:
                for statement in _SCHEMA.read_text("utf-8").split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            elif found != VERSION:
                raise ProvisioningError(
                    f"{self._path}: was made by another version of this program ({found})"
                )

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """Make everything inside happen together or not at all; others wait."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add_site(self, name: str, title: str, now_s: int) -> bool:
        """Add a site, or give it another title; tell whether it is a new one."""
        known = self.has_site(name)
        self._db.execute(
            "INSERT INTO sites VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET title = "
            "CASE WHEN excluded.title = '' THEN title ELSE excluded.title END",
            (name, title, now_s),
        )
        return not known

    def has_site(self, name: str) -> bool:
        """Tell whether a site is on the roll."""
        return self._one("SELECT 1 FROM sites WHERE name = ?", name) is not None

    def titles(self) -> dict[str, str]:
        """Return what people call the sites."""
        return dict(map(tuple, self._db.execute("SELECT name, title FROM sites")))

    def add_device(self, site: str, device: str, now_s: int) -> None:
        """Add a device, or take one back that was revoked."""
        self._db.execute(
            "INSERT INTO devices (site, device, added_s) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET revoked_s = NULL",
            (site, device, now_s),
        )

    def add_service(self, name: str, role: str, now_s: int) -> None:
        """Add a service, or take one back that was revoked."""
        self._db.execute(
            "INSERT INTO services (name, role, added_s) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET revoked_s = NULL, role = excluded.role",
            (name, role, now_s),
        )

    def services(self) -> list[Service]:
        """Return all services."""
        rows = self._db.execute("SELECT name, role, revoked_s FROM services ORDER BY name")
        return [Service(**row) for row in rows]

    def devices(self, site: str | None = None) -> list[Device]:
        """Return the devices of a site, or all, each with its newest certificate."""
        rows = self._db.execute(_DEVICES, (site,)).fetchall()
        return [
            Device(
                **{**row, "forked": bool(row["forked"])}, newest=self.newest(f"{row[0]}/{row[1]}")
            )
            for row in rows
        ]

    def device(self, site: str, device: str) -> Device | None:
        """Return one device."""
        return next((each for each in self.devices(site) if each.device == device), None)

    def revoked_devices(self) -> list[str]:
        """Return the names of devices and services that may not connect at all."""
        rows = self._db.execute(
            "SELECT site || '/' || device FROM devices WHERE revoked_s IS NOT NULL UNION "
            "SELECT name FROM services WHERE revoked_s IS NOT NULL ORDER BY 1"
        )
        return [name for (name,) in rows]

    def add_claim(self, mark: str, site: str, device: str, now_s: int, until_s: int) -> None:
        """Add a claim; earlier ones of this device are void."""
        self.void_claims(site, device)
        self._db.execute(
            "INSERT INTO claims (mark, site, device, made_s, until_s) VALUES (?, ?, ?, ?, ?)",
            (mark, site, device, now_s, until_s),
        )

    def void_claims(self, site: str, device: str) -> None:
        """Let no claim of a device count any more."""
        self._db.execute(
            "UPDATE claims SET void = 1 WHERE site = ? AND device = ? AND redeemed_s IS NULL",
            (site, device),
        )

    def claim(self, mark: str) -> Claim | None:
        """Return the claim with this mark."""
        row = self._one(
            "SELECT mark, site, device, until_s, void, redeemed_s, serial FROM claims "
            "WHERE mark = ?",
            mark,
        )
        return None if row is None else Claim(**{**row, "void": bool(row["void"])})

    def redeemed(self, mark: str, serial: str, now_s: int) -> None:
        """Note that a claim was redeemed, for which certificate."""
        self._db.execute(
            "UPDATE claims SET redeemed_s = ?, serial = ? WHERE mark = ?", (now_s, serial, mark)
        )

    def add_certificate(self, made: Certificate) -> None:
        """Add a certificate."""
        self._db.execute(
            "INSERT INTO certificates VALUES (:serial, :name, :print, :key_print, :issuing, :way, "
            ":follows, :from_s, :until_s, :made_s, :revoked_s, :why, :forked_s, :pem)",
            {name: getattr(made, name) for name in Certificate.__dataclass_fields__},
        )

    def by_print(self, mark: str) -> Certificate | None:
        """Return the certificate with this SHA-256."""
        return self._certificate("print = ?", mark)

    def by_serial(self, serial: str) -> Certificate | None:
        """Return the certificate with this number."""
        return self._certificate("serial = ?", serial)

    def newest(self, name: str) -> Certificate | None:
        """Return the last certificate of a device or service."""
        return self._certificate("name = ? ORDER BY made_s DESC, rowid DESC", name)

    def follower(self, serial: str) -> Certificate | None:
        """Return the last certificate that a renewal of this one gave."""
        return self._certificate("follows = ? ORDER BY made_s DESC, rowid DESC", serial)

    def forked(self, serial: str, now_s: int) -> None:
        """Note that two keys asked to follow a certificate."""
        self._db.execute(
            "UPDATE certificates SET forked_s = ? WHERE serial = ? AND forked_s IS NULL",
            (now_s, serial),
        )

    def revoke(self, name: str, why: str, now_s: int) -> int:
        """Revoke all certificates of a device or service, expired ones too; return how many."""
        return self._db.execute(
            "UPDATE certificates SET revoked_s = ?, why = ? WHERE name = ? AND revoked_s IS NULL",
            (now_s, why, name),
        ).rowcount

    def revoke_device(self, name: str, now_s: int) -> None:
        """Let a device or service not come back before it is enrolled anew."""
        site, _, device = name.partition("/")
        if device:
            self.void_claims(site, device)
        self._db.execute(
            "UPDATE devices SET revoked_s = ? WHERE site = ? AND device = ?", (now_s, site, device)
        )
        self._db.execute("UPDATE services SET revoked_s = ? WHERE name = ?", (now_s, name))

    def revoked(self, issuing: int, now_s: int) -> list[tuple[int, int]]:
        """Return serials that an issuing key signed, revoked and not expired, and since when."""
        rows = self._db.execute(
            "SELECT serial, revoked_s FROM certificates WHERE issuing = ? AND until_s > ? "
            "AND revoked_s IS NOT NULL ORDER BY revoked_s, serial",
            (issuing, now_s),
        )
        return [(int(serial, 16), at_s) for serial, at_s in rows]

    def need(self, issuing: int, now_s: int) -> int:
        """Return how many devices and services have nothing that a later issuing key signed."""
        (found,) = self._db.execute(
            "SELECT count(DISTINCT name) FROM certificates c WHERE issuing = ? AND until_s > ? "
            "AND revoked_s IS NULL AND NOT EXISTS (SELECT 1 FROM certificates later WHERE "
            "later.name = c.name AND later.issuing > c.issuing AND later.revoked_s IS NULL)",
            (issuing, now_s),
        ).fetchone()
        return int(found)

    def _certificate(self, where: str, value: str) -> Certificate | None:
        row = self._one(f"SELECT * FROM certificates WHERE {where} LIMIT 1", value)  # noqa: S608 - our own words
        return None if row is None else Certificate(**row)

    def _one(self, question: str, *values: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._db.execute(question, values).fetchone()
        return found
