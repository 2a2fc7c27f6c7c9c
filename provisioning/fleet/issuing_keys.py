"""The issuing keys of a fleet as they are now: a server goes on while one is made or distrusted.

Without this a server that nobody restarts would go on signing with a key that was distrusted, and
no broker would take what it signs.
"""

import threading
from collections.abc import Callable, Mapping

from provisioning.fleet.certificates import Signer
from provisioning.fleet.folder import FleetFolder

Reopen = Callable[[], list[Signer]]
"""Opens all issuing keys of a fleet."""


class IssuingKeys:
    """The keys that were opened, and those that came since where they may be opened; any thread."""

    def __init__(
        self, folder: FleetFolder, signers: list[Signer], reopen: Reopen | None = None
    ) -> None:
        """Begin with these; without `reopen` they stay, whatever happens in the folder."""
        self._folder = folder
        self._reopen = reopen
        self._turn = threading.Lock()
        self._known: Mapping[int, Signer] = {signer.number: signer for signer in signers}

    def now(self) -> Mapping[int, Signer]:
        """Return the keys by their numbers; the highest signs what is new.

        Raises:
            ProvisioningError: One was made since and cannot be opened.
        """
        reopen = self._reopen
        if reopen is None:
            return self._known
        with self._turn:
            if [number for number, _ in self._folder.issuing()] != [*self._known]:
                self._known = {signer.number: signer for signer in reopen()}
            return self._known
