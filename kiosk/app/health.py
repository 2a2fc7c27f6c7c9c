"""Whether this kiosk works: what each of its parts has proven, and when. Pure.

The watchdog is fed by these proofs and never by a timer. A fault that the door already shows is a
proof: whoever found it works. So a full disk and an unplugged camera feed the watchdog, and what
hangs starves it. See `docs/explanation/processes.md`.
"""

from dataclasses import dataclass

DISK_LIMIT_S = 60.0
"""A probe every 30 s, and a commit may wait 2 s for a lock; a slow card gets twice of that."""
COURIER_LIMIT_S = 120.0
"""It turns twice a second, but for a connection attempt: looking up a broker's name takes up to a
minute where no name server answers, and a dead network is a fault and no hang."""
PLAYER_LIMIT_S = 20.0
"""The longest step of a pattern is 5 s."""
EYE_SLACK_S = 5.0
"""Beyond the limit at which the main thread shows a silent eye."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """When each part last proved that it works; monotonic seconds, None: not yet.

    `disk_s`: a durable write completed, or failed and the door shows that. `eye_s`: the eye said
    something. `eye_fault_shown`: the door says that it is blind. `courier_s`, `player_s`: the
    thread turned.
    """

    disk_s: float | None
    eye_s: float | None
    eye_fault_shown: bool
    courier_s: float
    player_s: float


def is_up(proofs: Proofs) -> bool:
    """Tell whether starting is over: the disk and the eye have proven themselves, or their fault.

    >>> is_up(Proofs(disk_s=1, eye_s=None, eye_fault_shown=False, courier_s=1, player_s=1))
    False
    """
    return proofs.disk_s is not None and (proofs.eye_s is not None or proofs.eye_fault_shown)


def hung(proofs: Proofs, now_s: float, eye_limit_s: float) -> tuple[str, ...]:
    """Return what has hung, by name; nothing: feed the watchdog.

    The thread that asks has turned by asking; what hangs it starves the watchdog by itself.

    >>> proofs = Proofs(disk_s=9, eye_s=1, eye_fault_shown=True, courier_s=9, player_s=9)
    >>> hung(proofs, 10, eye_limit_s=5), hung(proofs, 100, eye_limit_s=5)
    ((), ('disk', 'player'))
    """
    limits_s = {
        "disk": (proofs.disk_s, DISK_LIMIT_S),
        "eye": (now_s if proofs.eye_fault_shown else proofs.eye_s, eye_limit_s + EYE_SLACK_S),
        "courier": (proofs.courier_s, COURIER_LIMIT_S),
        "player": (proofs.player_s, PLAYER_LIMIT_S),
    }
    return tuple(
        name
        for name, (proven_s, limit_s) in limits_s.items()
        if proven_s is None or now_s - proven_s > limit_s
    )
