"""Settings pushed from a drawn field to a real board's image, emulated: by letters over its serial line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.access import load_access
from desktop.editor.edits import change_nodes
from desktop.editor.push import Outcomes, review
from desktop.editor.validation import built_field
from desktop.sources.live import LiveSource
from firmware.field.provision import board_settings, provision_all
from protocol.packets import Network
from protocol.settings import eeprom_image, eeprom_settings
from tests.desktop.editor.test_document import row
from tests.desktop.rig import wait

if TYPE_CHECKING:
    from desktop.window import Window

pytestmark = pytest.mark.usefixtures("built_board")


def test_a_live_board_keeps_what_is_pushed_to_it(window: Window, tmp_path: Path) -> None:
    from tests.firmware.board import EmulatedBoard

    document = replace(row(2), name="pushed", period_s=1)
    field = built_field(document)
    keys, _ = provision_all(field, tmp_path / "made", str(tmp_path / "keys.toml"), tmp_path / "field.toml")
    image = eeprom_image(board_settings(field, field.node(2), keys))
    (tmp_path / "eeprom.bin").write_bytes(image)
    changed = change_nodes(document, {2}, hold_s=90, sensors=("synthetic",), neighbours=(1,))
    with EmulatedBoard(tmp_path) as board:
        source = LiveSource(
            [board.port], access=load_access(str(tmp_path / "keys.toml")), udp=False, period_s=1
        )
        assert source.command_obstacle is None
        window.start(source)
        assert window.session is not None
        model = window.session.model
        wait(window, lambda: {node.id for node in model.tree()} >= {1, 2}, "the board")
        seen = review(changed, model.tree(), Network.TREE)
        assert seen.differences == ()
        outcomes = Outcomes(seen.settings)
        for setting in seen.settings:
            source.change_setting(setting.node_id, setting.key, setting.value)

        def told() -> bool:
            while not source.answers.empty():
                outcomes.take(source.answers.get())
            return outcomes.is_over

        wait(window, told, "the answers")
        assert outcomes.failures == []
        window.close_session()
    kept = eeprom_settings((tmp_path / "eeprom.bin").read_bytes())
    assert kept is not None
    assert (kept.hold_s, kept.neighbours, kept.sensors) == (90, (1,), 8)
