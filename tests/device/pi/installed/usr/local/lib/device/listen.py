"""Runs in the virtual Pi: writes down what goes over the broker, a topic and a body a line."""

import sys
import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def main(path: str) -> None:
    """Listen until killed."""
    # Line by line: who reads it reads whole messages.
    with open(path, "a", buffering=1, encoding="utf-8") as file:  # noqa: PTH123

        def write(_client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
            body = message.payload.decode("utf-8", "replace")
            file.write(f"{message.topic} {body}\n")

        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_connect = lambda client, *_: client.subscribe("kiosk/v1/#", qos=1)
        client.on_message = write
        client.connect("127.0.0.1", 1883)
        client.loop_start()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
