"""A ward's next key in the same folder: the same cards, the same register, whenever it is cut."""

from pathlib import Path

import pytest

from kiosk.door.credential import Defect
from kiosk.payloads import card as layout
from kiosk.payloads.parts.trust import Context, NotGenuine, trusting
from provisioning import issuer_file
from provisioning.cards.code import Issuer, Terms, text_of
from provisioning.cards.folder import Folder
from provisioning.cards.register import Register
from provisioning.errors import ProvisioningError

PHRASE = "the passphrase of a ward"
TERMS = Terms(1_790_000_000, 1_800_000_000)
CARD_ID = bytes(range(8))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "ward")
    made.make("vn-00070", "Phường Thử Nghiệm", "", PHRASE)
    return made


def key_of(folder: Folder) -> Issuer:
    with Register.opened(folder.register) as register:
        return folder.open_key(PHRASE, register.ward)


def rekeyed(folder: Folder) -> Path:
    with folder.locked(), Register.opened(folder.register) as register:
        return folder.rekey(register, PHRASE)[1]


def context(*files: Path) -> Context:
    return trusting(map(issuer_file.read, files))


def test_cards_of_both_keys_are_one_card_to_a_door_that_trusts_both(folder: Folder) -> None:
    old = key_of(folder)
    kept = rekeyed(folder)
    new = key_of(folder)
    assert new.kid != old.kid
    both = context(folder.public, kept)
    texts = [text_of(CARD_ID, TERMS, issuer).encode() for issuer in (old, new)]
    assert texts[0] != texts[1]
    first, second = (layout.parse(text, both) for text in texts)
    assert first is not None
    assert first == second


def test_a_door_that_knows_only_the_old_key_takes_no_card_of_the_new_one(folder: Folder) -> None:
    kept = rekeyed(folder)
    text = text_of(CARD_ID, TERMS, key_of(folder)).encode()
    with pytest.raises(NotGenuine) as refused:
        layout.parse(text, context(kept))
    assert refused.value.defect is Defect.UNTRUSTED_ISSUER


def test_the_old_key_is_nowhere_and_the_passphrase_is_the_same(folder: Folder) -> None:
    old = folder.key.read_bytes()
    kept = rekeyed(folder)
    names = {folder.key.name, folder.public.name, folder.register.name, kept.name, "lock"}
    assert {path.name for path in folder.path.iterdir()} == names
    assert all(path.read_bytes() != old for path in folder.path.iterdir())
    again = rekeyed(folder)
    assert again != kept
    assert kept.exists()


def test_a_wrong_passphrase_changes_nothing(folder: Folder) -> None:
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with (
        Register.opened(folder.register) as register,
        pytest.raises(ProvisioningError, match="wrong passphrase"),
    ):
        folder.rekey(register, "another one, as long")
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


class PowerFailedError(Exception):
    """Nothing more is done."""


class CutFolder(Folder):
    """A folder whose power fails before the new key gets its name."""

    def _keep(self, key: Path, issuer: Issuer) -> None:
        if key != self.key:
            raise PowerFailedError
        super()._keep(key, issuer)


def test_cut_off_after_the_register_the_next_key_is_put_in_its_place(folder: Folder) -> None:
    old = key_of(folder)
    with Register.opened(folder.register) as register, pytest.raises(PowerFailedError):
        CutFolder(folder.path).rekey(register, PHRASE)
    new = key_of(folder)
    assert new.kid != old.kid
    assert issuer_file.read(folder.public).kid == new.kid
    assert not (folder.path / "issuer.pem.next").exists()
    assert key_of(folder).kid == new.kid


def test_cut_off_before_the_register_the_key_stays_the_one_before(folder: Folder) -> None:
    old = key_of(folder)
    (folder.path / "issuer.pem.next").write_bytes(folder.key.read_bytes())
    assert key_of(folder).kid == old.kid
    rekeyed(folder)
    assert key_of(folder).kid != old.kid
