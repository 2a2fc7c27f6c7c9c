"""Holds messages against an AsyncAPI document, and knows nothing else of what goes over the wire.

Of JSON Schema it knows the words that the document uses; any other word is an error, so that
nothing is ever passed over in silence.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import cbor2

DOCUMENT = Path(__file__).parents[2] / "docs/reference/asyncapi.json"
Part = dict[str, Any]
_WORDS = {
    *("$ref", "anyOf", "const", "default", "description", "enum", "format", "title", "type"),
    *("additionalProperties", "patternProperties", "properties", "required"),
    *("maxItems", "maxLength", "maxProperties", "maximum", "minimum", "items", "pattern"),
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as a broker delivered it; `expiry_s` None: it does not expire."""

    topic: str
    body: bytes = field(repr=False)
    qos: int
    retain: bool
    content_type: str | None = None
    format_indicator: int | None = None
    expiry_s: int | None = None


class WireDocument:
    """An AsyncAPI document; `wrong` says what of a message does not stand in it."""

    def __init__(self, document: Part) -> None:
        self.document = document

    def channels_of(self, topic: str) -> list[str]:
        """Return the channels of a topic: one, if the document is any good."""
        channels: Part = self.document["channels"]
        return [name for name, each in channels.items() if _address(each).fullmatch(topic)]

    def wrong(self, heard: Heard) -> list[str]:
        """Return what is wrong with a message; nothing where it is as the document says."""
        names = self.channels_of(heard.topic)
        if len(names) != 1:
            return [f"{heard.topic}: stands in {names} of the channels"]
        found = [*_flags(self._binding(names[0]), heard)]
        messages = [self._at(each) for each in self._channel(names[0])["messages"].values()]
        tried = [list(self._of_message(message, heard)) for message in messages]
        if all(tried):
            nearest: list[str] = min(tried, key=len)
            found += nearest
        return [f"{heard.topic}: {each}" for each in found]

    def _binding(self, channel: str) -> Part:
        operations: Part = self.document["operations"]
        at = f"#/channels/{channel}"
        (found,) = (each for each in operations.values() if each["channel"]["$ref"] == at)
        binding: Part = found["bindings"]["mqtt"]
        return binding

    def _channel(self, name: str) -> Part:
        return self._at({"$ref": f"#/channels/{name}"})

    def _of_message(self, message: Part, heard: Heard) -> Iterator[str]:
        bindings = message.get("bindings", {}).get("mqtt", {})
        told = (heard.content_type, heard.format_indicator)
        if told != (bindings.get("contentType"), bindings.get("payloadFormatIndicator")):
            yield f"is said to be {told}"
        most = message.get("x-most-bytes")
        if most is not None and len(heard.body) > most:
            yield f"{len(heard.body)} bytes, at most {most}"
        if len(heard.body) % message.get("x-entry-bytes", 1):
            yield f"{len(heard.body)} bytes are no whole entries"
        payload = message["payload"]
        if payload.get("format") != "binary":
            yield from self._json(payload, heard.body)
        elif "x-inside" in message:
            yield from self._cbor(message["x-inside"], heard.body)

    def _cbor(self, schema: Part, body: bytes) -> Iterator[str]:
        try:
            value = _inside(body)
        except (cbor2.CBORDecodeError, TypeError, LookupError):
            yield "is no CBOR, or not signed"
            return
        yield from self.against(schema, value, "inside")

    def _json(self, schema: Part, body: bytes) -> Iterator[str]:
        try:
            value = json.loads(body)
        except ValueError:
            yield "is no JSON"
            return
        yield from self.against(schema, value, "body")

    def against(self, schema: Part, value: Any, where: str) -> Iterator[str]:
        """Yield where a value is not as a schema says.

        Raises:
            LookupError: The schema uses a word that is not known here.
        """
        unknown = schema.keys() - _WORDS
        if unknown:
            raise LookupError(f"{where}: {sorted(unknown)}")
        if "$ref" in schema:
            yield from self.against(self._at(schema), value, where)
        choices = schema.get("anyOf")
        if choices and all(any(self.against(each, value, where)) for each in choices):
            yield f"{where}: is none of its kinds"
        yield from _scalar(schema, value, where)
        if isinstance(value, list):
            yield from self._array(schema, value, where)
        if isinstance(value, dict):
            yield from self._object(schema, value, where)

    def _array(self, schema: Part, value: list[Any], where: str) -> Iterator[str]:
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{where}: {len(value)} items"
        for number, each in enumerate(value):
            yield from self.against(schema.get("items", {}), each, f"{where}[{number}]")

    def _object(self, schema: Part, value: Part, where: str) -> Iterator[str]:
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{where}: {len(value)} fields"
        for name in set(schema.get("required", ())) - value.keys():
            yield f"{where}: lacks {name}"
        patterns: Part = schema.get("patternProperties", {})
        for name, each in value.items():
            fitting = [s for pattern, s in patterns.items() if re.search(pattern, name)]
            if name in schema.get("properties", {}):
                fitting.append(schema["properties"][name])
            rest = schema.get("additionalProperties", True)
            if not fitting and rest is False:
                yield f"{where}: has {name}"
            if not fitting and isinstance(rest, dict):
                fitting.append(rest)
            for inner in fitting:
                yield from self.against(inner, each, f"{where}.{name}")

    def _at(self, reference: Mapping[str, str]) -> Part:
        found: Any = self.document
        for level in reference["$ref"].removeprefix("#/").split("/"):
            found = found[level]
        assert isinstance(found, dict)
        return found


def whole() -> WireDocument:
    """Return the document of this project."""
    return WireDocument(json.loads(DOCUMENT.read_text("utf-8")))


def _address(channel: Part) -> re.Pattern[str]:
    pattern = re.escape(channel["address"])
    for name, parameter in channel.get("parameters", {}).items():
        values = "|".join(map(re.escape, parameter.get("enum", ())))
        pattern = pattern.replace(rf"\{{{name}\}}", f"(?:{values})" if values else "[^/]+")
    return re.compile(pattern)


def _flags(binding: Part, heard: Heard) -> Iterator[str]:
    if heard.qos != binding["qos"]:
        yield f"QoS {heard.qos}"
    if heard.retain != binding["retain"]:
        yield f"retain {heard.retain}"
    most_s = binding.get("messageExpiryInterval")
    if (heard.expiry_s is None) != (most_s is None) or (heard.expiry_s or 0) > (most_s or 0):
        yield f"expires after {heard.expiry_s} s"


def _scalar(schema: Part, value: Any, where: str) -> Iterator[str]:
    allowed = [schema["const"]] if "const" in schema else schema.get("enum", [value])
    if not any(value == each and type(value) is type(each) for each in allowed):
        yield f"{where}: is none of {allowed}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(kind, value) for kind in kinds):
        yield f"{where}: is no {kinds}"
    if isinstance(value, int | float) and not _within(schema, value):
        yield f"{where}: {value} is out of range"
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{where}: does not fit {schema['pattern']}"
        if len(value) > schema.get("maxLength", len(value)):
            yield f"{where}: {len(value)} letters"
        if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
            yield f"{where}: has no zone"


def _within(schema: Part, value: float) -> bool:
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    return bool(least <= value <= most)


def _is(kind: str, value: Any) -> bool:
    # A truth value is a number to Python, and none to JSON.
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _inside(raw: bytes) -> Any:
    """Return what CBOR holds as JSON would show it; of what is signed, what was signed."""
    found = cbor2.loads(raw)
    if isinstance(found, cbor2.CBORTag):
        found = cbor2.loads(found.value[2])
    return _shown(found)


def _shown(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {str(name): _shown(each) for name, each in value.items()}
        case list():
            return [_shown(each) for each in value]
    return value
