"""docs/sinks.md: its examples are good, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.sinks import influx, mqtt
from bridge.sinks.kinds import SINKS
from bridge.sinks.settings import DELIVERY_KEYS
from bridge.sinks.tls import TLS_KEYS
from protocol.simulator.toml_tables import Table

TEXT = (Path(__file__).parents[3] / "docs" / "sinks.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_its_examples_can_be_used(example: str, tmp_path: Path) -> None:
    document = Table.parse(example, "docs/sinks.md", "mend it")
    for kind in document.values:
        for table in document.tables(kind):
            SINKS[kind].from_table(table, tmp_path)


def test_every_kind_has_an_example() -> None:
    assert {kind for example in EXAMPLES for kind in Table.parse(example, "", "").values} == {*SINKS}


def test_it_names_every_key() -> None:
    keys = {*mqtt.KEYS, *influx.KEYS, *DELIVERY_KEYS, *TLS_KEYS, "folder"}
    assert {key for key in keys if f"`{key}" not in TEXT and f"{key} = " not in TEXT} == set()
