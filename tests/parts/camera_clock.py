"""The clock of a camera under test: it moves only when the camera waits."""

NS_PER_S = 1_000_000_000


class Clock:
    """A monotonic clock that moves only when somebody waits, and then at once."""

    def __init__(self) -> None:
        self.now_ns = 5 * NS_PER_S
        self.waited_s: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        # A wait that does not wait would turn the loop of a camera for ever.
        self.now_ns += max(1, round(seconds * NS_PER_S))
