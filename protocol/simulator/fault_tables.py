"""The `[[fault]]` tables of a scenario.

Each has `round` (the fault happens just before it) and one of

    kill, leave, revive, join, reboot, freeze, thaw = id or [id, ...]
    step_clock = id or [id, ...], with step_ms: forward
    cut = [a, b] (one_way = true: only b does not hear a any more), heal = [a, b]
    partition = [[id, ...], ...], merge = true
    loss, duplication, delay_ms, bit_flips: any of these, of every link from then on
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from protocol.simulator.faults import (
    Action,
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Quality
from protocol.simulator.toml_tables import Table

MAX_FAULT_ROUND = 1 << 31
MAX_STEP_MS = 1 << 31
POWER: Mapping[str, Callable[[int], Action]] = {
    "kill": Kill,
    "leave": Leave,
    "revive": Revive,
    "join": Join,
    "reboot": Reboot,
    "freeze": Freeze,
    "thaw": Thaw,
}
_QUALITY_KEYS = ("loss", "duplication", "delay_ms", "bit_flips")
_KINDS = (*POWER, "step_clock", "cut", "heal", "partition", "merge", "quality")
_KEYS = ("round", *_KINDS[:-1], "step_ms", "one_way", *_QUALITY_KEYS)


@dataclass(frozen=True, slots=True)
class QualityChange:
    """Some numbers of Quality that hold from a round on; the others stay as they are."""

    round: int
    numbers: Mapping[str, float] = field(default_factory=dict)


Change = Fault | QualityChange


def resolved(changes: Iterable[Change], quality: Quality) -> list[Fault]:
    """The faults in the order in which they happen; `quality` is that of the beginning."""
    faults = []
    for change in sorted(changes, key=lambda change: change.round):
        if isinstance(change, QualityChange):
            quality = replace(quality, **change.numbers)  # type: ignore[arg-type]  # delay_ms is whole
            change = Fault(change.round, SetQuality(quality))
        faults.append(change)
    return faults


def read_changes(table: Table, ids: frozenset[int]) -> Iterator[Change]:
    """What one table says. Raises DescriptionError, also for nodes that are none of `ids`."""
    table.expect(_KEYS)
    table.need("round")
    round_number = table.whole("round", 1, 1, MAX_FAULT_ROUND)
    kinds = list(dict.fromkeys("quality" if key in _QUALITY_KEYS else key for key in table.values))
    kinds = [kind for kind in kinds if kind in _KINDS]
    if len(kinds) != 1:
        problem = f"a fault of {' and '.join(kinds)}" if kinds else "a fault that does nothing"
        raise table.error(None, problem, f"give one of {', '.join(_KINDS[:-1])}, loss")
    kind = kinds[0]
    for key, its_kind in (("step_ms", "step_clock"), ("one_way", "cut")):
        if key in table.values and kind != its_kind:
            raise table.error(key, f"{key} is of {its_kind}", f"remove it, or give {its_kind}")
    if kind == "quality":
        yield QualityChange(round_number, _numbers(table))
    else:
        yield from (Fault(round_number, action) for action in _actions(table, kind, ids))


def _actions(table: Table, kind: str, ids: frozenset[int]) -> list[Action]:
    if kind in POWER:
        return [POWER[kind](node_id) for node_id in table.nodes(kind, ids)]
    if kind == "step_clock":
        table.need("step_ms")
        step_ms = table.whole("step_ms", 1, 1, MAX_STEP_MS)
        return [StepClock(node_id, step_ms) for node_id in table.nodes(kind, ids)]
    if kind == "partition":
        return [_partition(table, ids)]
    if kind == "merge":
        if not table.flag("merge", True):
            raise table.error("merge", "merge is false", "write merge = true, or remove the fault")
        return [Merge()]
    pair = table.nodes(kind, ids)
    if len(pair) != 2 or pair[0] == pair[1]:
        raise table.error(kind, f"{kind} names {len(set(pair))} nodes", f"name two: {kind} = [1, 2]")
    a, b = pair
    return [Cut(a, b, table.flag("one_way", False)) if kind == "cut" else Heal(a, b)]


def _partition(table: Table, ids: frozenset[int]) -> Partition:
    groups = table.values["partition"]
    if not isinstance(groups, list) or not groups or not all(isinstance(group, list) for group in groups):
        raise table.error("partition", "partition is no list of groups", "write [[1, 2], [3, 4]]")
    members = [[table.checked_node("partition", node, ids) for node in group] for group in groups]
    if sum(map(len, members)) != len(set().union(*members)):
        raise table.error("partition", "a node in two groups", "put each node in one group only")
    return Partition(tuple(map(frozenset, members)))


def _numbers(table: Table) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for key in _QUALITY_KEYS:
        if key == "delay_ms":
            value: float | None = table.whole(key, None, 0, MAX_STEP_MS)
        else:
            value = table.number(key, None, least=0, most=1)
        if value is not None:
            numbers[key] = value
    return numbers
