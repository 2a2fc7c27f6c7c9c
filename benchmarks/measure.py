"""One interleaved run: every reader on every picture, in an order that rotates.

Cost is process CPU time, taken around the reader's call and nothing else. Side by side on the same
picture within a moment, so that a busy machine slows all of them alike.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

from benchmarks.corpus import Sample
from benchmarks.readers import Picture, Reader, Reading, picture_of
from benchmarks.truth import Verdict

Progress = Callable[[int, int], None]
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Result:
    """What one reader made of one sample; `cpu_ns` is CPU time a frame."""

    sample: Sample
    reader: str
    verdict: Verdict
    cpu_ns: float


def run(
    samples: Sequence[Sample], readers: Sequence[Reader], progress: Progress | None = None
) -> list[Result]:
    """Return the results of all readers on all samples."""
    _warm_up(readers)
    results: list[Result] = []
    for number, sample in enumerate(samples):
        picture = picture_of(sample.draw())
        for reader in _rotated(readers, number):
            reading, cpu_ns = timed(reader, picture)
            verdict = sample.judge(reading.payloads)
            results.append(Result(sample, reader.name, verdict, cpu_ns / reading.frames))
        if progress is not None:
            progress(number + 1, len(samples))
    return results


def timed(reader: Reader, picture: Picture) -> tuple[Reading, int]:
    """Return what the reader reported and the CPU nanoseconds that it took."""
    return spent(lambda: reader.read(picture))


def spent(work: Callable[[], Done]) -> tuple[Done, int]:
    """Return what `work` returned and the CPU nanoseconds that it took, on all threads."""
    begun_ns = time.process_time_ns()
    done = work()
    return done, time.process_time_ns() - begun_ns


def _warm_up(readers: Sequence[Reader]) -> None:
    """Let everybody load what they load at the first call."""
    picture = picture_of(Image.linear_gradient("L").resize((320, 240)))
    for reader in readers:
        reader.read(picture)


def _rotated(readers: Sequence[Reader], number: int) -> list[Reader]:
    first = number % max(1, len(readers))
    return [*readers[first:], *readers[:first]]
