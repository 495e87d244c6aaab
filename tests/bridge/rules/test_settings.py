"""[[actuator]], [[stream]] and [[rule]]: what they become, and what people are told of them."""

from __future__ import annotations

import pytest

import bridge.rules.settings
from bridge.rules.detectors import KINDS, Detector
from bridge.rules.engine import Kind
from bridge.rules.settings import ActuatorSettings, RuleSettings
from protocol.simulator.toml_tables import DescriptionError, Table

S_US = 1_000_000
ALARM = '[[rule]]\nname = "a"\n'


def settings_of(text: str) -> RuleSettings:
    return RuleSettings.from_table(Table.parse(text, "bridge.toml", "write TOML"))


def test_the_tables_of_the_module() -> None:
    found = settings_of(str(bridge.rules.settings.__doc__).partition("\n\n")[2])
    assert found.actuators == (ActuatorSettings("fan", 7, 0, 255, 0, 0, 60),)
    assert [(stream.name, str(stream.value)) for stream in found.streams] == [
        ("bench", "temperature of any node average over 10 min")
    ]
    cooling, bench = found.rules
    assert (cooling.kind, cooling.stale_us, cooling.sentence.actuator) == (Kind.SWITCH, 60 * S_US, "fan")
    assert (bench.kind, bench.sentence.on) == (Kind.ANOMALY, bench.sentence.on)
    assert found.streams[0].detector == Detector("cusum", (("threshold", 6.0),))


def test_nothing_is_no_rules() -> None:
    assert settings_of("") == RuleSettings()


def test_off_is_safe_unless_it_is_said() -> None:
    (one,) = settings_of('[[actuator]]\nname = "f"\nnode = 7\nsafe = 3').actuators
    assert (one.off, one.safe) == (3, 3)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"jump", "page-hinkley"}))
def test_detectors_that_need_nothing(kind: str) -> None:
    text = f'[[stream]]\nname = "s"\ntext = "temperature of any node"\ndetector = "{kind}"'
    (stream,) = settings_of(text).streams
    assert stream.detector == Detector(kind)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            ALARM + 'text = "alarm when node 7 is stal"',
            r"bridge.toml:3: rule 'a', column 22: 'stal' is not exp",
        ),
        (ALARM, r"bridge.toml:1: \[\[rule\]\] has no text; add text = ..."),
        (
            ALARM + 'text = "alarm when node 7 is stale"\nwhen = 3',
            r"bridge.toml:4: unknown key 'when'; known are",
        ),
        (
            ALARM + 'text = "alarm when node 7 is stale"\nstale_after = "0.5 s"',
            r"bridge.toml:4: stale_after is '0.5 s'; write a value from 1 to 604800 s",
        ),
        (
            2 * (ALARM + 'text = "alarm when node 7 is stale"\n'),
            r"bridge.toml:5: two \[\[rule\]\] are called 'a'",
        ),
        (
            '[[actuator]]\nname = "when"\nnode = 3',
            r"bridge.toml:2: name is 'when'; write one word of letters",
        ),
        (
            '[[actuator]]\nname = "f"\nnode = 3\nhold = "60"',
            r"bridge.toml:4: hold: '60' has no unit; known are",
        ),
        (
            '[[actuator]]\nname = "f"\nnode = 3\non = 0',
            r"bridge.toml:4: on and off are both 0; write two values",
        ),
        (
            '[[actuator]]\nname = "f"\nnode = 3\n[[actuator]]\nname = "g"\nnode = 3',
            r"bridge.toml:4: actuator 0 of node 3 is 'f' already; name another actuator",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature > 3"',
            r"bridge.toml:3: stream 's', column 13: '>' is not expected here; write of, average",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\ndetector = "luck"',
            r"bridge.toml:4: detector is 'luck'; write one of z-score, median",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\ndetector = "neighbours"',
            r"bridge.toml:3: stream 's', column 1: neighbours compares the readings of nodes; write `temp",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\ndetector = "jump"',
            r"bridge.toml:4: jump needs threshold_per_s; add it: known are threshold_per_s",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\ndetector = "z-score"\nsize = 1',
            r"bridge.toml:4: size is 1; give at least 2",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\ndetector = "z-score"\nwarm_up = 2.5',
            r"bridge.toml:5: warm_up is 2.5; write a whole number from 0 to",
        ),
        (
            '[[stream]]\nname = "s"\ntext = "temperature"\nthreshold = 3',
            r"bridge.toml:4: unknown key 'threshold'; known are name, text, detector",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(text: str, told: str) -> None:
    with pytest.raises(DescriptionError, match=told):
        settings_of(text)
