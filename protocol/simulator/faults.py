"""What can go wrong with nodes and links, and when."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.simulator.medium import Quality


@dataclass(frozen=True, slots=True)
class Kill:
    """Take the power from a node; it forgets everything."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Let a node say goodbye and take its power when that is sent; it forgets everything."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Revive:
    """Give a node power; harmless if it has it."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Join:
    """Put a node into the field that was not there before."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Reboot:
    """Restart a running node without its memory."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Take the power from a node whose memory outlasts that; its clock runs on."""

    node_id: int


@dataclass(frozen=True, slots=True)
class Thaw:
    """Give a frozen node its power back."""

    node_id: int


@dataclass(frozen=True, slots=True)
class StepClock:
    """Put a node's clock forward; the seam forbids going back."""

    node_id: int
    step_ms: int

    def __post_init__(self) -> None:
        if self.step_ms <= 0:
            raise ValueError(f"a clock goes forward: step_ms is above 0, not {self.step_ms}")


@dataclass(frozen=True, slots=True)
class Cut:
    """Break the link between two nodes; `one_way`: only `b` does not hear `a` any more."""

    a: int
    b: int
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Heal:
    """Undo what was cut between two nodes, both ways."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class SetLinkLoss:
    """Make the link between two nodes, or the one from `a` to `b`, lose that share of frames besides what
    every link loses. A link that loses all is cut: see Cut.
    """

    a: int
    b: int
    loss: float
    one_way: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise ValueError(f"the loss of a link is from 0 to below 1, not {self.loss}; cut it to lose all")


@dataclass(frozen=True, slots=True)
class Partition:
    """Let nodes of different groups not hear each other; ids in no group form one more."""

    groups: tuple[frozenset[int], ...]

    def __post_init__(self) -> None:
        if sum(map(len, self.groups)) != len(frozenset().union(*self.groups)):
            raise ValueError("a partition has each node in one group only")


@dataclass(frozen=True, slots=True)
class Merge:
    """Undo the partition."""


@dataclass(frozen=True, slots=True)
class SetQuality:
    """Make every link so good."""

    quality: Quality


Action = (
    Kill
    | Leave
    | Revive
    | Join
    | Reboot
    | Freeze
    | Thaw
    | StepClock
    | Cut
    | Heal
    | SetLinkLoss
    | Partition
    | Merge
    | SetQuality
)
LINK_ACTIONS = (Cut, Heal, Partition, Merge)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens just before a round (the first is 1)."""

    round: int
    action: Action

    def __post_init__(self) -> None:
        if self.round < 1:
            raise ValueError(f"a fault happens before round 1 or a later one, not {self.round}")


def nodes_of(action: Action) -> tuple[int, ...]:
    """The nodes that the action names."""
    match action:
        case Cut(a, b) | Heal(a, b) | SetLinkLoss(a, b):
            return a, b
        case Partition(groups):
            return tuple(sorted(frozenset().union(*groups)))
        case Merge() | SetQuality():
            return ()
        case _:
            return (action.node_id,)


def name_of(action: Action) -> str:
    """The action as people write it: kill, step-clock."""
    name = type(action).__name__
    return "".join("-" + c.lower() if c.isupper() else c for c in name).removeprefix("-")
