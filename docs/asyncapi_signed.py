"""What stands inside of that which operators sign, for the AsyncAPI document.

On the wire it is CBOR. The schemas show it as JSON: bytes in hexadecimal, numbers that are names of
fields as text.
"""

from typing import Any

from kiosk.commands.form import NAME, NONCE_BYTES, CommandName
from kiosk.commands.judging import MOST_ARGUMENTS, MOST_CHARACTERS
from kiosk.lists.drain import LEAST_HZ, MOST_HZ
from kiosk.lists.form import DRAIN, MAX_SHARDS, ListName
from kiosk.lists.manifest import MAX_PERIODS
from kiosk.lists.signed import FORM, LARGEST
from kiosk.payloads.parts.trust import Algorithm

Part = dict[str, Any]
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_BYTES = {"type": "string", "pattern": "^([0-9a-f]{2})+$"}
_TIME = {"type": ["integer", "null"], "minimum": 0, "description": "UTC in Unix seconds."}


def schemas() -> dict[str, Part]:
    """Return the schemas, by their names."""
    return {
        "SignedCommand": _command(),
        "SignedManifest": _manifest(),
        "SignedDrainRate": _signed(
            "The most events a second that one kiosk sends; null withdraws it.",
            DRAIN,
            version=_number(1),
            issued=_number(0),
            drain_hz={"type": ["number", "null"], "minimum": LEAST_HZ, "maximum": MOST_HZ},
        ),
        "IssuersShard": {"type": "array", "items": _issuer()},
    }


def _command() -> Part:
    return _signed(
        "A command to one start of one kiosk.",
        NAME,
        command={"enum": [name.value for name in CommandName]},
        source={"type": "string", "pattern": "^kiosk/v1/[a-z0-9-]+/[a-z0-9-]+$"},
        nonce={"type": "string", "pattern": f"^[0-9a-f]{{{2 * NONCE_BYTES}}}$"},
        counter=_number(1),
        until=_number(1),
        arguments={
            "type": "object",
            "maxProperties": MOST_ARGUMENTS,
            "additionalProperties": {"type": "string", "maxLength": MOST_CHARACTERS},
        },
    )


def _manifest() -> Part:
    return _signed(
        "One version of a list; names each shard by its SHA-256.",
        *(name.value for name in ListName),
        version=_number(1),
        issued=_number(0),
        site={"type": ["string", "null"]},
        periods={"type": "array", "items": _number(0), "maxItems": MAX_PERIODS},
        entries=_number(0),
        shards={
            "type": "object",
            "maxProperties": MAX_SHARDS,
            "patternProperties": {"^[0-9]{1,3}$": _SHA256},
            "additionalProperties": False,
        },
    )


def _issuer() -> Part:
    return _whole(
        "One key, and what it may sign.",
        kid=_BYTES,
        alg={"enum": [int(algorithm) for algorithm in Algorithm]},
        public=_BYTES,
        issuer={"type": "string"},
        kinds={"type": "array", "items": {"type": "string"}},
        **{"from": _TIME, "until": _TIME},
    )


def _signed(description: str, *names: str, **fields: Part) -> Part:
    return _whole(
        f"{description} COSE_Sign1 with Ed25519 around a CBOR map.",
        form={"const": FORM},
        name={"enum": list(names)},
        **fields,
    )


def _whole(description: str, **fields: Part) -> Part:
    return {
        "type": "object",
        "description": description,
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _number(least: int) -> Part:
    return {"type": "integer", "minimum": least, "maximum": LARGEST}
