"""[[actuator]], [[stream]] and [[rule]] of a bridge's configuration (docs/rules.md).

[[actuator]]
name = "fan"                  # as rules call it
node = 7
actuator = 0                  # which of the node's
on = 255
off = 0
safe = 0                      # what it does by itself when nobody commands it
hold = "60 s"                 # how long a command lasts; it is renewed in half that time

[[stream]]
name = "bench"
text = "temperature of any node average over 10 min"
detector = "cusum"            # or none; its parameters stand beside it
threshold = 6.0

[[rule]]
name = "cooling"
text = "fan on when temperature average over 1 min > 25 for 30 s, off below 24"
stale_after = "1 min"         # a value, or a node, that nobody told of for so long is not known any more
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bridge.quantities import quantity
from bridge.rules.detectors import DEFAULT_KIND, KINDS, Detector, is_whole, parameters_of
from bridge.rules.engine import Kind, Rule, Stream
from bridge.rules.reader import Names, SentenceError, fitting, is_name, read_sentence, read_value
from bridge.rules.sentences import Anomaly, Sentence
from bridge.units import TIMES_S
from protocol.aggregate import MAX_RAW
from protocol.packets import MAX_NODE_ID
from protocol.simulator.toml_tables import Table

DEFAULT_STALE: Final = "1 min"
DEFAULT_HOLD: Final = "60 s"
LEAST_HOLD_S: Final = 2
MAX_HOLD_S: Final = 0xFFFF
MAX_STALE_S: Final = 7 * 86_400
_STREAM_KEYS: Final = ("name", "text", "detector", "stale_after")
_MOST: Final = 1e9


@dataclass(frozen=True, slots=True)
class ActuatorSettings:
    """One actuator of a node; values are 0 to 255."""

    name: str
    node: int
    actuator: int = 0
    on: int = MAX_RAW
    off: int = 0
    safe: int = 0
    hold_s: int = 60

    @classmethod
    def from_table(cls, table: Table) -> ActuatorSettings:
        """Raises DescriptionError."""
        table.expect(("name", "node", "actuator", "on", "off", "safe", "hold"))
        table.need("name", "node")
        safe = table.whole("safe", 0, 0, MAX_RAW)
        on, off = table.whole("on", MAX_RAW, 0, MAX_RAW), table.whole("off", safe, 0, MAX_RAW)
        if on == off:
            raise table.error("on", f"on and off are both {on}", "write two values that differ")
        return cls(
            _name_in(table),
            table.whole("node", 0, 0, MAX_NODE_ID),
            table.whole("actuator", 0, 0, MAX_RAW),
            on,
            off,
            safe,
            round(quantity(table, "hold", DEFAULT_HOLD, TIMES_S, least=LEAST_HOLD_S, most=MAX_HOLD_S)),
        )


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What a bridge is to do with what it hears. A stream with a detector is also one of the `rules`."""

    actuators: tuple[ActuatorSettings, ...] = ()
    streams: tuple[Stream, ...] = ()
    rules: tuple[Rule, ...] = ()

    @classmethod
    def from_table(cls, document: Table) -> RuleSettings:
        """Of the whole configuration, [[actuator]], [[stream]] and [[rule]]. Raises DescriptionError."""
        actuators = [ActuatorSettings.from_table(table) for table in document.tables("actuator")]
        _check_once(document, "actuator", [actuator.name for actuator in actuators])
        _check_outputs(document, actuators)
        streams = [_stream(table) for table in document.tables("stream")]
        tables = document.tables("rule")
        names = Names(
            [actuator.name for actuator in actuators],
            {stream.name: (stream.value, stream.detector or Detector(DEFAULT_KIND)) for stream, _ in streams},
        )
        rules = [_rule(table, names) for table in tables]
        _check_once(document, "stream", [stream.name for stream, _ in streams])
        _check_once(document, "rule", [rule.name for rule in rules])
        return cls(
            tuple(actuators),
            tuple(stream for stream, _ in streams),
            (*rules, *(rule for _, rule in streams if rule is not None)),
        )


def _rule(table: Table, names: Names) -> Rule:
    table.expect(("name", "text", "stale_after"))
    table.need("name", "text")
    name, text = table.text("name", ""), table.text("text", "")
    try:
        sentence = read_sentence(text, names)
    except SentenceError as error:
        raise _worded(table, f"rule {name!r}", error) from error
    kind = Kind.ALARM if sentence.actuator is None else Kind.SWITCH
    return Rule(name, text, sentence, _stale_us(table), kind)


def _stream(table: Table) -> tuple[Stream, Rule | None]:
    table.need("name", "text")
    name, text = _name_in(table), table.text("text", "")
    try:
        value = read_value(text)
    except SentenceError as error:
        raise _worded(table, f"stream {name!r}", error) from error
    if "detector" not in table.values:
        table.expect(_STREAM_KEYS)
        return Stream(name, value), None
    detector = _detector(table)
    try:
        fitting(value, detector, 1)
    except SentenceError as error:
        raise _worded(table, f"stream {name!r}", error) from error
    sentence = Sentence(None, Anomaly(value, detector))
    return Stream(name, value, detector), Rule(name, text, sentence, _stale_us(table), Kind.ANOMALY)


def _detector(table: Table) -> Detector:
    kind = table.choice("detector", DEFAULT_KIND, tuple(KINDS))
    known = parameters_of(kind)
    table.expect((*_STREAM_KEYS, *known))
    given: list[tuple[str, float]] = []
    for name in known:
        number = (
            table.whole(name, None, 0, int(_MOST))
            if is_whole(kind, name)
            else table.number(name, None, least=-_MOST, most=_MOST)
        )
        if number is not None:
            given.append((name, number))
    detector = Detector(kind, tuple(given))
    try:
        detector.make(1.0)
    except ValueError as error:
        raise table.error_of("detector", str(error), f"add it: known are {', '.join(known)}") from error
    return detector


def _worded(table: Table, whose: str, error: SentenceError) -> Exception:
    return table.error("text", f"{whose}, column {error.column}: {error.problem}", error.remedy)


def _name_in(table: Table) -> str:
    """A name that sentences can say."""
    name = table.text("name", "")
    if not is_name(name):
        remedy = "write one word of letters, digits, - and _ that is none of the language's"
        raise table.error("name", f"name is {name!r}", remedy)
    return name


def _stale_us(table: Table) -> int:
    stale_s = quantity(table, "stale_after", DEFAULT_STALE, TIMES_S, least=1, most=MAX_STALE_S)
    return round(stale_s * 1_000_000)


def _check_once(document: Table, key: str, names: Collection[str]) -> None:
    seen: set[str] = set()
    for table, name in zip(document.tables(key), names, strict=True):
        if name in seen:
            raise table.error("name", f"two [[{key}]] are called {name!r}", "give each its own name")
        seen.add(name)


def _check_outputs(document: Table, actuators: Collection[ActuatorSettings]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for table, one in zip(document.tables("actuator"), actuators, strict=True):
        if other := taken.get((one.node, one.actuator)):
            problem = f"actuator {one.actuator} of node {one.node} is {other!r} already"
            raise table.error("actuator", problem, "name another actuator, or use that name")
        taken[one.node, one.actuator] = one.name
