"""The way to the broker up to its address: a link, a route, and a name that somebody knows."""

import queue
import socket
import threading
from collections.abc import Callable, Iterable

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.machine import Machine

NAME_S = 10.0
_UP = {"up", "unknown"}
"""`unknown` is what drivers say that do not tell."""
_GATEWAY_FLAG = 0x2

DOWN = Diagnosis(
    "network.down",
    Mark.FAULT,
    "no network interface is up",
    "plug in the network cable, or set the Wi-Fi: sudo nmtui; then: ip -br link",
)
NO_ROUTE = Diagnosis(
    "network.no-route",
    Mark.FAULT,
    "there is no way out of this network: no address, or no gateway",
    "ask the venue for DHCP at this cable or Wi-Fi; then: ip -br addr; ip route",
)
NO_NAME = Diagnosis(
    "network.no-name",
    Mark.FAULT,
    "nobody knows the broker's name",
    "compare uplink.host with what the operator wrote; getent hosts {host}; resolvectl status",
)

Resolve = Callable[[str, int], list[str]]


class NetworkCheck:
    """The network up to the address of the broker; `host` is None where none is needed."""

    name = "network"
    after: tuple[str, ...] = ()

    def __init__(
        self, host: str | None, port: int, machine: Machine, resolve: Resolve | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._machine = machine
        self._resolve = resolve or addresses_of

    def __call__(self) -> Iterable[Observation]:
        """Follow the way; the first thing that is wrong is told."""
        if self._host is None:
            yield skipped(self.name, "this uplink needs none")
            return
        try:
            found = self._resolve(self._host, self._port)
        except OSError as error:
            found, why = [], error.strerror or type(error).__name__
        else:
            why = "no address"
        if found and all(_is_here(address) for address in found):
            yield fine(self.name, f"the broker is this machine ({', '.join(found)})")
            return
        links = [
            path.split("/")[3]
            for path in self._machine.paths("sys/class/net/*/operstate")
            if path.split("/")[3] != "lo" and self._machine.text(path) in _UP
        ]
        if not links:
            yield DOWN.found("no interface but the loopback is up")
        elif not self._has_route():
            yield NO_ROUTE.found(f"{', '.join(links)} up, without a gateway")
        elif not found:
            yield NO_NAME.found(f"{self._host}: {why}", host=self._host)
        else:
            yield fine(self.name, f"{', '.join(links)} up; {self._host} is {', '.join(found[:3])}")

    def _has_route(self) -> bool:
        """Tell whether there is a default route, or any route by which a broker may be near."""
        # Source: proc_net(5); fields: interface, destination, gateway, flags, ...
        lines = (self._machine.text("proc/net/route") or "").splitlines()[1:]
        routes = [line.split() for line in lines if not line.startswith("lo")]
        if any(len(each) > 3 for each in routes):
            return True
        six = (self._machine.text("proc/net/ipv6_route") or "").splitlines()
        return any(
            int(line.split()[8], 16) & _GATEWAY_FLAG for line in six if len(line.split()) > 9
        )


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a name, within `NAME_S`.

    Raises:
        OSError: Nobody knows it, or nobody answered.
    """
    answered: queue.Queue[list[str] | OSError] = queue.Queue(1)

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answered.put(list(dict.fromkeys(str(each[4][0]) for each in found)))
        except (OSError, UnicodeError) as error:
            told = error if isinstance(error, OSError) else OSError(0, "this is no name")
            answered.put(told)

    # A look-up cannot be ended; where no name server answers it takes up to a minute.
    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answered.get(timeout=NAME_S)
    except queue.Empty:
        raise OSError(0, "no name server answers") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _is_here(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
