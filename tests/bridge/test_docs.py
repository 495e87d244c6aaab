"""What docs/bridge.md shows can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.config import read_config
from bridge.keys_file import NetworkKeys, write_keys
from protocol.keys import KEY_BYTES

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = re.findall(r"```toml\n(.*?)```", (DOCS / "bridge.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_configuration(text: str, tmp_path: Path) -> None:
    write_keys(tmp_path / "keys.toml", NetworkKeys("garden", 0, controller=1, master=bytes(KEY_BYTES)))
    path = tmp_path / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    assert read_config(path).name in ("garden", "treering")
