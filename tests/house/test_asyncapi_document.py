"""The AsyncAPI document is whole in itself, and says of each topic what the broker's rules say."""

import re
from collections.abc import Iterator
from typing import Any

from docs.asyncapi_page import document
from kiosk.app.status import Status
from kiosk.commands.wire import Reply
from kiosk.door.event import Acknowledgement, CheckInEvent, ClockEvent, LedgerPresence
from provisioning.fleet import broker_files
from provisioning.fleet.names import Role
from provisioning.fleet.roll import Service

Part = dict[str, Any]


def references(part: Any) -> Iterator[str]:
    """Yield every reference in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def at(reference: str) -> Any:
    found: Any = document()
    for level in reference.removeprefix("#/").split("/"):
        found = found[level]
    return found


def test_every_reference_leads_somewhere_and_nothing_lies_about() -> None:
    found = set(references(document()))
    assert all(isinstance(at(each), dict) for each in found)
    for room, parts in document()["components"].items():
        assert {f"#/components/{room}/{name}" for name in parts} <= found, room


def test_every_channel_has_one_operation_and_names_its_parameters() -> None:
    made = document()
    used = [each["channel"]["$ref"].rpartition("/")[2] for each in made["operations"].values()]
    assert sorted(used) == sorted(made["channels"])
    for channel in made["channels"].values():
        in_address = set(re.findall(r"\{(\w+)\}", channel["address"]))
        assert in_address == channel.get("parameters", {}).keys()


def test_every_model_that_crosses_the_broker_is_in_it() -> None:
    models = (CheckInEvent, ClockEvent, Status, Reply, Acknowledgement, LedgerPresence)
    for model in models:
        schema = at(f"#/components/schemas/{model.__name__}")
        assert schema["properties"].keys() == model.model_fields.keys()
        assert schema["additionalProperties"] is False


def rules(who: str) -> list[tuple[str, str]]:
    """Return what the broker lets somebody do: how, and where; everybody's rules among them."""
    services = [Service(name=role.value, role=role.value, revoked_s=None) for role in Role]
    found, user = [], ""
    for line in broker_files.access(services, []).splitlines():
        match line.split():
            case ["user", name]:
                user = name
            case ["pattern", how, where]:
                found.append((how, where.replace("%u", "s/d")))
            case ["topic", how, where] if user == who:
                found.append((how, where))
    return found


def allows(who: str, how: str, topic: str) -> bool:
    patterns = [
        re.escape(where).replace(r"\+", "[^/]+").replace(r"\#", ".+")
        for rule, where in rules(who)
        if how in rule
    ]
    return any(re.fullmatch(pattern, topic) for pattern in patterns)


def test_the_brokers_rules_let_each_end_do_what_the_document_says_and_not_the_other() -> None:
    made = document()
    for name, operation in made["operations"].items():
        address = at(operation["channel"]["$ref"])["address"]
        topic = re.sub(r"\{(\w)\w*\}", r"\1", address)
        for other in (tag["name"] for tag in operation["tags"]):
            ends = ("kiosk", other) if operation["action"] == "send" else (other, "kiosk")
            says, hears = ends
            assert allows(says, "write", topic), name
            assert allows(hears, "read", topic), name
            if hears == "kiosk":
                assert not allows("kiosk", "write", topic), name
