"""What a person does to a simulated field, and what undoes it. No tkinter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from protocol.simulator.faults import (
    Action,
    Cut,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetLinkLoss,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.simulation import Simulation

# Deeds that are remembered: more than a person does in a day.
MAX_DEEDS = 1_000


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done at a time of the field; `opposites` undo it, and are none where nothing does.

    `undoes` is the number of the deed that it undoes, if that is what it was done for.
    """

    number: int
    time_us: int
    action: Action
    opposites: tuple[Action, ...] = ()
    undoes: int | None = None
    is_undone: bool = False

    @property
    def can_be_undone(self) -> bool:
        """Whether there is something to take back."""
        return bool(self.opposites) and not self.is_undone


class Deeds:
    """Does things to a simulation, and remembers them in `done`, which any thread may read."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._last = 0
        self.done: tuple[Deed, ...] = ()

    def do(self, action: Action, undoes: int | None = None) -> Deed:
        """Let it happen now. Raises ValueError for one that names no node of the field."""
        opposites = self._opposites(action)
        self._simulation.apply(action)
        self._last += 1
        deed = Deed(self._last, self._simulation.now_us, action, opposites, undoes)
        self.done = (*self.done, deed)[-MAX_DEEDS:]
        return deed

    def undo(self, number: int | None = None) -> list[Deed]:
        """Take back the deed of that number, or the last that can be; what was done for it."""
        deed = last_to_undo(self.done) if number is None else self._of(number)
        if deed is None or not deed.can_be_undone:
            return []
        self.done = tuple(replace(one, is_undone=True) if one is deed else one for one in self.done)
        return [self.do(action, undoes=deed.number) for action in deed.opposites]

    def _of(self, number: int) -> Deed | None:
        return next((deed for deed in self.done if deed.number == number), None)

    def _opposites(self, action: Action) -> tuple[Action, ...]:
        """What brings the field back to where it is now, but for what nodes remember."""
        simulation = self._simulation
        match action:
            case Kill(node) if node in simulation.frozen:
                return Revive(node), Freeze(node)
            case Kill(node) | Leave(node):
                return (Revive(node),) if node in simulation.alive else ()
            case Revive(node) | Join(node) if node in simulation.frozen:
                return (Freeze(node),)
            case Revive(node) | Join(node):
                return () if node in simulation.alive else (Kill(node),)
            case Freeze(node):
                return (Thaw(node),) if node in simulation.alive else ()
            case Thaw(node):
                return (Freeze(node),) if node in simulation.frozen else ()
            case Cut(a, b) | Heal(a, b):
                return (Heal(a, b), *self._cuts(a, b))
            case SetLinkLoss(a, b):
                links = (a, b), (b, a)
                return tuple(SetLinkLoss(*link, simulation.link_loss(*link), one_way=True) for link in links)
            case Partition() | Merge():
                return (simulation.partition or Merge(),)
            case SetQuality():
                return (SetQuality(simulation.quality),)
            case Reboot() | StepClock():
                return ()  # a memory does not come back, and no clock goes back

    def _cuts(self, a: int, b: int) -> list[Action]:
        """What is cut between the two now."""
        return [Cut(*link, one_way=True) for link in ((a, b), (b, a)) if link in self._simulation.cut]


def last_to_undo(done: Iterable[Deed]) -> Deed | None:
    """The last deed of a person that can be taken back; what undid another is none."""
    return next((deed for deed in reversed(tuple(done)) if deed.can_be_undone and deed.undoes is None), None)
