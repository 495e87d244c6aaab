"""Which detectors rules and streams can name, and with which parameters (bridge.stream.detectors)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.stream import detectors

DEFAULT_KIND: Final = "z-score"
RESOLUTION: Final = "least_deviation"

Made = detectors.Detector | detectors.Neighbours[int]

KINDS: Final[Mapping[str, Callable[..., Made]]] = {
    "z-score": detectors.ZScore,
    "median": detectors.MedianDeviation,
    "ewma": detectors.Ewma,
    "hampel": detectors.Hampel,
    "cusum": detectors.Cusum,
    "page-hinkley": detectors.PageHinkley,
    "stuck": detectors.Stuck,
    "jump": detectors.RateOfChange,
    "neighbours": detectors.Neighbours,
}
# Where the library asks for a number: an hour of one reading a minute, and what is slow against that.
_USUAL: Final[Mapping[str, Mapping[str, float]]] = {
    "z-score": {"size": 60},
    "median": {"size": 60},
    "ewma": {"alpha": 0.05},
    "stuck": {"duration_s": 3600.0, "count": 10},
}


@dataclass(frozen=True, slots=True)
class Detector:
    """One by its kind; of `parameters` those that are not as usual."""

    kind: str
    parameters: tuple[tuple[str, float], ...] = ()

    @property
    def is_of_rounds(self) -> bool:
        """Whether it judges the nodes of a round together, not each by its past."""
        return self.kind == "neighbours"

    def make(self, resolution: float) -> Made:
        """It, before its first value; `resolution` is the step of the values. Raises ValueError."""
        given: dict[str, Any] = {**_USUAL.get(self.kind, {}), **dict(self.parameters)}
        if RESOLUTION in parameters_of(self.kind):
            given.setdefault(RESOLUTION, resolution)
        missing = [name for name in needed_by(self.kind) if name not in given]
        if missing:
            raise ValueError(f"{self.kind} needs {' and '.join(missing)}")
        return KINDS[self.kind](**given)


def parameters_of(kind: str) -> Mapping[str, inspect.Parameter]:
    """What can be given to a detector of that kind, by name."""
    return inspect.signature(KINDS[kind]).parameters


def needed_by(kind: str) -> list[str]:
    """The parameters that somebody must give."""
    return [name for name, found in parameters_of(kind).items() if found.default is inspect.Parameter.empty]


def is_whole(kind: str, name: str) -> bool:
    """Whether the parameter is a count."""
    return str(parameters_of(kind)[name].annotation).startswith("int")
