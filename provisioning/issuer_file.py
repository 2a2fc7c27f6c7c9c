"""What a ward tells the doors' operator: its public key, in a file that may be shown to anybody.

`cards init` writes it, the list of trusted issuers is made of it. JSON, one issuer a file.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.door.credential import Validity
from kiosk.payloads.parts import cose
from kiosk.payloads.parts.trust import Algorithm, IssuerKey
from provisioning.errors import ProvisioningError

LARGEST_BYTES = 16_000


class IssuerFile(BaseModel):
    """One issuer's public key, and what it may sign; bytes in hex, times in Unix seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    issuer: str = Field(pattern=r"^[!-~]{1,64}$")
    kid: str = Field(pattern=r"^([0-9a-f]{2}){1,32}$")
    alg: Algorithm
    public: str = Field(pattern=r"^([0-9a-f]{2}){1,1024}$")
    kinds: tuple[str, ...] = Field(min_length=1, max_length=8)
    from_s: int | None = Field(default=None, alias="from", ge=0)
    until_s: int | None = Field(default=None, alias="until", ge=0)

    @classmethod
    def of(cls, key: IssuerKey) -> Self:
        """Return the file of a key."""
        return cls(
            issuer=key.issuer,
            kid=key.kid.hex(),
            alg=key.algorithm,
            public=key.public.hex(),
            kinds=tuple(sorted(key.kinds)),
            from_s=key.validity.not_before_s,
            until_s=key.validity.expires_s,
        )

    @property
    def key(self) -> IssuerKey:
        """The key, as a kiosk is told of it."""
        return IssuerKey(
            bytes.fromhex(self.kid),
            self.alg,
            bytes.fromhex(self.public),
            self.issuer,
            frozenset(self.kinds),
            Validity(self.from_s, self.until_s),
        )

    def text(self) -> str:
        """Return what stands in the file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def read(path: Path) -> IssuerKey:
    """Return the key in a file.

    Raises:
        ProvisioningError: It cannot be read, is laid out otherwise, or holds a key of no use.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES)
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        key = IssuerFile.model_validate_json(raw).key
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ProvisioningError(f"{path}: {where}: {first['msg']}") from None
    if cose.public_key(key.algorithm, key.public) is None:
        raise ProvisioningError(f"{path}: public: no key of its algorithm")
    return key
