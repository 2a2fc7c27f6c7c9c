"""The tests' broker is the one that the demonstration runs: a real mosquitto of one's own."""

from provisioning.broker import Broker, free_port, program

__all__ = ["Broker", "free_port", "program"]
