"""Everything that goes over the broker, as an AsyncAPI 3 document, from the kiosk's point of view.

Topics come from the functions that make them, payloads from the models that write them. With which
flags each is said is written here, and held against a real kiosk, ledger and broker by
`tests/e2e/test_asyncapi.py`, which knows nothing but the document.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from docs import asyncapi_signed as signed
from kiosk import __version__
from kiosk.app.status import OFFLINE, Status
from kiosk.commands.form import MAX_COMMAND_BYTES, CommandName, command_topic, reply_topic
from kiosk.commands.wire import Reply
from kiosk.door.event import (
    LEDGER_TOPIC,
    Acknowledgement,
    CheckInEvent,
    ClockEvent,
    EventName,
    LedgerPresence,
    source_of,
)
from kiosk.lists import drain
from kiosk.lists.form import (
    DRAIN_TOPIC,
    ENTRY_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_SHARD_BYTES,
    OF_A_SITE,
    ListName,
    manifest_topic,
)
from kiosk.uplink.delivery.words import MAX_WORD_BYTES
from kiosk.uplink.mqtt import Settings
from provisioning.commanding.exchange import EXPIRY_S

PAGE = "docs/reference/asyncapi.json"
_SOURCE = source_of("{site}", "{device}")
_SCHEMAS = "#/components/schemas/"
_MODELS: tuple[type[BaseModel], ...] = (
    *(CheckInEvent, ClockEvent, Status, Reply, Acknowledgement, LedgerPresence),
)
_CLOUD_EVENT = "application/cloudevents+json; charset=utf-8"
_COSE = 'application/cose; cose-type="cose-sign1"'

Part = dict[str, Any]


def text() -> str:
    """Return the document."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> Part:
    """Return the document as what JSON is made of."""
    channels = _channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Door Kiosk",
            "version": __version__,
            "description": "What a kiosk says and hears over an MQTT 5 broker. `send` is what the "
            "kiosk says, `receive` what it hears; tags name the other end. Readers ignore fields "
            "that they do not know; what is written has these and no others.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": channels,
        "operations": _operations(),
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": _security(),
        },
    }


def _server() -> Part:
    usual = Settings(host="localhost")
    return {
        "host": "{host}:{port}",
        "protocol": "secure-mqtt",
        "protocolVersion": "5.0",
        "description": "Any MQTT 5 broker. With certificates of a fleet, the common name is the "
        "user name, and is `{site}/{device}` of a kiosk.",
        "variables": {
            "host": {"description": "`uplink.host`"},
            "port": {"default": str(usual.port), "description": "`uplink.port`"},
        },
        "security": [_to("#/components/securitySchemes/certificate")],
        "bindings": {
            "mqtt": {
                "clientId": _SOURCE.replace("/", "_"),
                "cleanSession": True,
                "keepAlive": usual.keepalive_s,
                "sessionExpiryInterval": usual.will_delay_s,
                "lastWill": {
                    "topic": f"{_SOURCE}/status",
                    "qos": 1,
                    "retain": True,
                    "message": OFFLINE.decode(),
                },
                "bindingVersion": "0.2.0",
            }
        },
    }


def _security() -> Part:
    return {
        "certificate": {
            "type": "X509",
            "description": "Mutual TLS: the kiosk proves its name, the broker its host.",
        }
    }


def _channels() -> dict[str, Part]:
    ours = {"site": _SITE, "device": _DEVICE}
    a_command = {**ours, "command": _parameter("What is commanded.", list(CommandName))}
    lists: dict[str, Part] = {}
    for name in ListName:
        site = "{site}" if name in OF_A_SITE else None
        its = {"site": _SITE} if site else {}
        address = manifest_topic(name, site)
        lists[f"{name}List"] = _channel(address, "manifest", **its)
        shard = _channel(f"{address}/{{first}}", f"{name}Shard", "cleared", **its, first=_FIRST)
        lists[f"{name}Shards"] = shard
    return {
        "checkIn": _channel(f"{_SOURCE}/event/{EventName.CHECK_IN}", "checkIn", **ours),
        "clock": _channel(f"{_SOURCE}/event/{EventName.CLOCK}", "clock", **ours),
        "status": _channel(f"{_SOURCE}/status", "status", **ours),
        "acknowledgement": _channel(f"{_SOURCE}/ack", "acknowledgement", **ours),
        "command": _channel(command_topic(_SOURCE, "{command}"), "command", **a_command),
        "reply": _channel(reply_topic(_SOURCE, "{command}"), "reply", **a_command),
        "ledger": _channel(LEDGER_TOPIC, "presence"),
        **lists,
        "drain": _channel(DRAIN_TOPIC, "drainRate"),
    }


def _operations() -> dict[str, Part]:
    receive_command = _operation(
        "receive", "command", "operator", "One command, for now.", retain=False
    )
    receive_command["bindings"]["mqtt"]["messageExpiryInterval"] = EXPIRY_S
    receive_command["reply"] = {"channel": _to("#/channels/reply")}
    return {
        "sendCheckIn": _operation(
            "send", "checkIn", "ledger", "Each decision, once it is on the disk.", retain=False
        ),
        "sendClock": _operation(
            "send", "clock", "ledger", "Once a boot, when its clock is right.", retain=False
        ),
        "sendStatus": _operation(
            "send",
            "status",
            "ledger operator",
            "On a change, and every `courier.status_interval_s` (10); the last will too.",
        ),
        "receiveAcknowledgement": _operation(
            "receive", "acknowledgement", "ledger", "What the ledger has stored of this kiosk."
        ),
        "receivePresence": _operation(
            "receive", "ledger", "ledger", "Whether a ledger stores events; its last will too."
        ),
        "receiveCommand": receive_command,
        "sendReply": _operation(
            "send", "reply", "operator", "What became of a command.", retain=False, qos=0
        ),
        **_list_operations(),
        "receiveDrainRate": _operation(
            "receive", "drain", "operator", "How fast kiosks may send, for all of them."
        ),
    }


def _list_operations() -> dict[str, Part]:
    made: dict[str, Part] = {}
    for name in ListName:
        whose = "this site" if name in OF_A_SITE else "all sites"
        made[f"receive{name.capitalize()}List"] = _operation(
            "receive", f"{name}List", "operator", f"A list for {whose}: its signed manifest."
        )
        made[f"receive{name.capitalize()}Shard"] = _operation(
            "receive", f"{name}Shards", "operator", "Asked for where a manifest names it."
        )
    return made


def _messages() -> dict[str, Part]:
    event = {"mqtt": {"contentType": _CLOUD_EVENT, "payloadFormatIndicator": 1}}
    return {
        "checkIn": {**_json(CheckInEvent, _CLOUD_EVENT), "bindings": event},
        "clock": {**_json(ClockEvent, _CLOUD_EVENT), "bindings": event},
        "status": _json(Status),
        "acknowledgement": {**_json(Acknowledgement), "x-most-bytes": MAX_WORD_BYTES},
        "presence": {**_json(LedgerPresence), "x-most-bytes": MAX_WORD_BYTES},
        "reply": _json(Reply),
        "command": _binary("A command", _COSE, MAX_COMMAND_BYTES, "SignedCommand"),
        "manifest": _binary("A list's manifest", _COSE, MAX_MANIFEST_BYTES, "SignedManifest"),
        "drainRate": _binary("The drain rate", _COSE, drain.MAX_BYTES, "SignedDrainRate"),
        "issuersShard": _binary(
            "Issuers' keys", "application/cbor", MAX_SHARD_BYTES, "IssuersShard"
        ),
        **{f"{name}Shard": _entries(size - 1) for name, size in ENTRY_BYTES.items()},
        "cleared": _binary("Nothing: no manifest names it any more", "text/plain", 0),
    }


def _schemas() -> dict[str, Part]:
    _, found = models_json_schema(
        [(model, "serialization") for model in _MODELS], ref_template=_SCHEMAS + "{model}"
    )
    made: dict[str, Part] = dict(sorted(found["$defs"].items()))
    return {**made, **signed.schemas()}


def _channel(address: str, *messages: str, **parameters: Part) -> Part:
    made: Part = {
        "address": address,
        "messages": {name: _to(f"#/components/messages/{name}") for name in messages},
    }
    return {**made, "parameters": parameters} if parameters else made


def _operation(
    action: str, channel: str, others: str, summary: str, *, retain: bool = True, qos: int = 1
) -> Part:
    return {
        "action": action,
        "channel": _to(f"#/channels/{channel}"),
        "summary": summary,
        "tags": [{"name": other} for other in others.split()],
        "bindings": {"mqtt": {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}},
    }


def _json(model: type[BaseModel], content_type: str = "application/json") -> Part:
    return {
        "name": model.__name__,
        "summary": (model.__doc__ or "").strip().partition("\n")[0],
        "contentType": content_type,
        "payload": _to(_SCHEMAS + model.__name__),
    }


def _binary(summary: str, content_type: str, most: int, inside: str | None = None) -> Part:
    """Return a message of bytes; `inside` is what they are made of, as JSON would show it."""
    message: Part = {
        "summary": f"{summary}.",
        "contentType": content_type,
        "payload": {"type": "string", "format": "binary"},
        "x-most-bytes": most,
    }
    return message if inside is None else {**message, "x-inside": _to(_SCHEMAS + inside)}


def _entries(size: int) -> Part:
    summary = f"Entries of {size} bytes: sorted, without their first byte"
    made = _binary(summary, "application/octet-stream", MAX_SHARD_BYTES)
    return {**made, "x-entry-bytes": size}


def _parameter(description: str, values: list[Any] | None = None) -> Part:
    named = {"enum": [str(value) for value in values]} if values else {}
    return {"description": description, **named}


def _to(pointer: str) -> Mapping[str, str]:
    return {"$ref": pointer}


_SITE = _parameter("The venue: lower-case letters, digits and hyphens.")
_FIRST = _parameter("The first byte of its entries: two hexadecimal digits.")
_DEVICE = _parameter("The kiosk at this venue, in the same letters.")
