"""The operator's lists as they lie on the disk: which there are, how old, and what is wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kiosk.clock import Clock
from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.lists import ListVersion

OLD_DAYS = 7.0
_DAY_S = 86400.0

NONE = Diagnosis(
    "lists.none",
    Mark.WARNING,
    "operators are named, and no list of theirs ever came",
    "connect the broker once, or: kiosk lists install FOLDER, with the lists on a stick",
)
OLD = Diagnosis(
    "lists.old",
    Mark.WARNING,
    "a list is older than a week: who was revoked since is not known here",
    "ask the operator to publish (kiosk-provision lists publish), or: kiosk lists install FOLDER",
)
REFUSED = Diagnosis(
    "lists.refused",
    Mark.WARNING,
    "a list is damaged, or is not signed by an operator that the settings name",
    "compare lists.signers with the operator's key; then: kiosk lists install FOLDER",
)
NO_ISSUERS = Diagnosis(
    "lists.no-issuers",
    Mark.FAULT,
    "signed cards open this door, and no issuer of them is trusted",
    "set lists.signers to the operator's public key, and publish the list issuers",
)
SIGNED_FORMATS = frozenset({"card", "certificate"})


@dataclass(frozen=True, slots=True)
class Held:
    """What is on the disk, by name: versions, and troubles."""

    versions: Mapping[str, ListVersion]
    troubles: Mapping[str, str]


class ListsCheck:
    """The lists that `load` reads; `names` are those that there may be."""

    name = "lists"
    after: tuple[str, ...] = ()

    def __init__(
        self,
        load: Callable[[], Held],
        clock: Clock,
        *,
        has_signers: bool,
        accepted: Iterable[str],
    ) -> None:
        self._load = load
        self._clock = clock
        self._has_signers = has_signers
        self._accepted = frozenset(accepted)

    def __call__(self) -> Iterable[Observation]:
        """Judge each list that there is, or that there are none."""
        needs_issuers = self._accepted & SIGNED_FORMATS
        if not self._has_signers:
            if needs_issuers:
                yield NO_ISSUERS.found("lists.signers names no operator")
            else:
                yield skipped(self.name, "lists.signers names no operator: no list is taken")
            return
        held = self._load()
        for name, trouble in held.troubles.items():
            yield REFUSED.found(f"{name}: {trouble}")
        if held.troubles:
            return
        if not held.versions:
            yield NONE.found("none on the disk")
            return
        if needs_issuers and "issuers" not in held.versions:
            yield NO_ISSUERS.found("the list issuers never came")
        for name, version in held.versions.items():
            yield self._judged(name, version)

    def _judged(self, name: str, version: ListVersion) -> Observation:
        what = f"{name}: version {version.version}, {version.entries} entries"
        if not self._clock.trusted():
            return fine(self.name, f"{what}, age not known without a clock")
        days = max(0.0, (self._clock.unix_s() - version.issued_s) / _DAY_S)
        what += f", {days:.1f} days old"
        # The drain rate is said once and holds.
        return OLD.found(what) if days > OLD_DAYS and name != "drain" else fine(self.name, what)
