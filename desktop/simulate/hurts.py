"""The things that a person can do to a simulated field, and what each needs to know. No tkinter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from desktop.simulate.source import SimulatedSource
from protocol.simulator import faults

MOST_STEP_S = 86_400.0
_MOST_LINK_LOSS = 0.99  # a link that loses all is cut


class Ask(Enum):
    """What a person is asked for."""

    NODE = "Node"
    OTHER = "The other node"
    STEP_S = "Seconds forward"
    LOSS = "Frames lost (%)"
    GROUP = "Nodes apart, such as 1-4 9"


Answers = Mapping[Ask, str]
OfOneNode = faults.Kill | faults.Revive | faults.Reboot | faults.Freeze | faults.Thaw


class AnswerError(ValueError):
    """An answer that cannot be used; the message says what would do."""


@dataclass(frozen=True, slots=True)
class Hurt:
    """One of them: `verb` is the button's, `candidates` are the nodes that it makes sense for."""

    name: str
    verb: str
    kind: type[faults.Action]
    asks: tuple[Ask, ...]
    make: Callable[[SimulatedSource, Answers], faults.Action]
    candidates: Callable[[SimulatedSource], Collection[int]]

    @property
    def is_of_link(self) -> bool:
        """Whether it is done to two nodes."""
        return Ask.OTHER in self.asks


def _alive(source: SimulatedSource) -> Collection[int]:
    return source.alive


def _dead(source: SimulatedSource) -> Collection[int]:
    return source.places.keys() - source.alive


def _all(source: SimulatedSource) -> Collection[int]:
    return source.places.keys()


def _of_one(
    name: str, kind: type[OfOneNode], candidates: Callable[[SimulatedSource], Collection[int]]
) -> Hurt:
    def make(source: SimulatedSource, answers: Answers) -> faults.Action:
        return kind(node_of(source, answers[Ask.NODE]))

    return Hurt(f"{name} node", name, kind, (Ask.NODE,), make, candidates)


def _cut(source: SimulatedSource, answers: Answers) -> faults.Action:
    return faults.Cut(*_pair(source, answers))


def _heal(source: SimulatedSource, answers: Answers) -> faults.Action:
    return faults.Heal(*_pair(source, answers))


def _link_loss(source: SimulatedSource, answers: Answers) -> faults.Action:
    loss = _share(answers[Ask.LOSS])
    if loss > _MOST_LINK_LOSS:
        raise AnswerError("a link loses 0 to 99 %; cut it to lose all")
    return faults.SetLinkLoss(*_pair(source, answers), loss)


def _loss(source: SimulatedSource, answers: Answers) -> faults.Action:
    return set_loss(source, _share(answers[Ask.LOSS]))


def _step(source: SimulatedSource, answers: Answers) -> faults.Action:
    node = node_of(source, answers[Ask.NODE])
    seconds = _number(answers[Ask.STEP_S])
    if not 0.001 <= seconds <= MOST_STEP_S:
        raise AnswerError(f"a clock goes forward by 0.001 to {MOST_STEP_S:g} s")
    return faults.StepClock(node, round(seconds * 1000))


def _part(source: SimulatedSource, answers: Answers) -> faults.Action:
    return faults.Partition((ids_of(source, answers[Ask.GROUP]),))


KILL = _of_one("Kill", faults.Kill, _alive)
REVIVE = _of_one("Revive", faults.Revive, _dead)
LEAVE = Hurt(
    "Let node leave",
    "Let it leave",
    faults.Leave,
    (Ask.NODE,),
    lambda source, answers: faults.Leave(node_of(source, answers[Ask.NODE])),
    _alive,
)
REBOOT = _of_one("Reboot", faults.Reboot, _alive)
FREEZE = _of_one("Freeze", faults.Freeze, _alive)
THAW = _of_one("Thaw", faults.Thaw, lambda source: source.frozen)
STEP_CLOCK = Hurt("Put clock forward", "Put forward", faults.StepClock, (Ask.NODE, Ask.STEP_S), _step, _alive)
CUT = Hurt("Cut link", "Cut", faults.Cut, (Ask.NODE, Ask.OTHER), _cut, _all)
HEAL = Hurt("Heal link", "Heal", faults.Heal, (Ask.NODE, Ask.OTHER), _heal, _all)
LINK_LOSS = Hurt(
    "Loss of a link", "Set loss", faults.SetLinkLoss, (Ask.NODE, Ask.OTHER, Ask.LOSS), _link_loss, _all
)
LOSS = Hurt("Loss of all links", "Set loss", faults.SetQuality, (Ask.LOSS,), _loss, _all)
PART = Hurt("Part the field", "Part", faults.Partition, (Ask.GROUP,), _part, _all)
MERGE = Hurt("End the partition", "End", faults.Merge, (), lambda *_: faults.Merge(), _all)

OF_NODE: Sequence[Hurt] = (KILL, REVIVE, LEAVE, REBOOT, FREEZE, THAW, STEP_CLOCK)
OF_LINKS: Sequence[Hurt] = (CUT, HEAL, LINK_LOSS, LOSS, PART, MERGE)


def set_loss(source: SimulatedSource, loss: float) -> faults.Action:
    """Every link loses so much from now on; what else is wrong with them stays."""
    return faults.SetQuality(replace(source.quality, loss=loss))


def node_of(source: SimulatedSource, text: str) -> int:
    """The node of the field that is named. Raises AnswerError."""
    if not text.strip().isdecimal() or int(text) not in source.places:
        nodes = sorted(source.places)
        known = f"{nodes[0]} to {nodes[-1]}" if nodes else "none yet"
        raise AnswerError(f"no node {text.strip() or '?'} in the field; its nodes are {known}")
    return int(text)


def ids_of(source: SimulatedSource, text: str) -> frozenset[int]:
    """The nodes of a list such as "1-4 9". Raises AnswerError."""
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        low, high = node_of(source, first), node_of(source, last or first)
        found |= {node for node in source.places if low <= node <= high}
    if not found or found == set(source.places):
        raise AnswerError("name some of the nodes, such as 1-4 9; the others stay together")
    return frozenset(found)


def _pair(source: SimulatedSource, answers: Answers) -> tuple[int, int]:
    one, other = node_of(source, answers[Ask.NODE]), node_of(source, answers[Ask.OTHER])
    if one == other:
        raise AnswerError("a link has two ends; name another node")
    return one, other


def _share(text: str) -> float:
    percent = _number(text)
    if not 0 <= percent <= 100:
        raise AnswerError(f"{text} % is no share; give 0 to 100")
    return percent / 100


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise AnswerError(f"{text!r} is no number") from error
