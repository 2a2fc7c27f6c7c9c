"""How the eye looks, as settings: apart from the looking, which loads parsers of pictures."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

StrategyName = Literal[
    "double",
    "one-threshold",
    "bands",
    "middle-threshold",
    "smooth",
    "sharpen",
    "half",
    "double-one-threshold",
    "double-flatten",
    "double-sharpen",
    "flatten",
]
"""All strategies, in the order in which they are tried; `kiosk.eye.strategies` has them."""


class LookSettings(BaseModel):
    """How the eye looks; the order and the budget of its strategies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: bool = Field(
        default=True, description="Skip frames in which nothing changed: an empty door is cheap."
    )
    idle_every: int = Field(
        default=15,
        ge=1,
        le=300,
        description="Frames; so often a door where nothing changes is looked at all the same.",
    )
    strategies: tuple[StrategyName, ...] = Field(
        default=get_args(StrategyName),
        description="Other ways to look at a frame that was not read, one a frame, in this order.",
    )
    patience_ms: int = Field(
        default=300,
        ge=0,
        le=5000,
        description="Milliseconds; so long a change is read plainly only: most cards need no more "
        "once they are held still.",
    )
    extra_share: float = Field(
        default=2.0,
        ge=0,
        le=100,
        description="CPU that other ways may cost, times plain reading, while nobody is in view.",
    )
    stack: bool = Field(
        default=True,
        description="Lay frames of an unread code over each other: reads cards too dim for one.",
    )
    slow_s: float = Field(
        default=0.3,
        ge=0.05,
        le=10,
        description="CPU seconds; a second opinion or another way to look that takes longer twice, "
        "or twice as long once, is left out for a time.",
    )
    slow_pause_s: float = Field(
        default=600.0, ge=1, le=86400, description="Seconds for which it is left out."
    )
