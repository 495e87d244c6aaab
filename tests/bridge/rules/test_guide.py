"""What docs/rules.md shows can be written so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.rules.detectors import KINDS
from bridge.rules.reader import Names, read_sentence
from bridge.rules.settings import RuleSettings
from protocol.simulator.toml_tables import DescriptionError, Table

GUIDE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
TABLES = "".join(re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
SENTENCES = [
    line for block in re.findall(r"```rules\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()
]


def settings_of(text: str) -> RuleSettings:
    return RuleSettings.from_table(Table.parse(text, "bridge.toml", "write TOML"))


def test_its_tables_are_read() -> None:
    found = settings_of(TABLES)
    assert [actuator.name for actuator in found.actuators] == ["fan"]
    assert [rule.name for rule in found.rules] == ["cooling", "silent", "bench"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_its_sentences_are_read(sentence: str) -> None:
    streams = {stream.name: (stream.value, stream.detector) for stream in settings_of(TABLES).streams}
    bench = {name: (value, detector) for name, (value, detector) in streams.items() if detector is not None}
    read_sentence(sentence, Names(("fan", "pump"), bench))


def test_its_error_is_what_is_told() -> None:
    with pytest.raises(DescriptionError) as raised:
        settings_of(TABLES.replace("when temperature", "when temprature"))
    (shown,) = re.findall(r"rule 'cooling', column 13: .*temperature", GUIDE)
    assert shown in str(raised.value)


def test_it_names_all_detectors() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \| .* \| .*\|$", GUIDE, re.MULTILINE)) >= set(KINDS)
