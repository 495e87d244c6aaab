"""What becomes of a drawn field: boards and Pis, settings of live nodes, and a drawing of what is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.errors import TreeringError
from bridge.keys_file import load_keys
from desktop.editor.edits import change_nodes
from desktop.editor.push import Outcomes, review, settings_of, taken_over
from desktop.editor.validation import built_field
from desktop.model.model import Standing, TreeNode
from firmware.field.description import Board, Role
from protocol.letters import SETTABLE, Kind, Status
from protocol.node import LetterAnswered, LetterUnanswered
from protocol.packets import Network
from protocol.settings import Key, read_value
from protocol.simulator.topology import Place
from tests.desktop.editor.test_document import row
from tests.desktop.rig import dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.editor.feature import EditorFeature
    from desktop.window import Window


def heard(*ids: int, root: int = 1) -> list[TreeNode]:
    return [
        TreeNode(n, Standing.ROOT if n == root else Standing.JOINED, None, 0 if n == root else 1, None, {}, 0)
        for n in ids
    ]


def test_a_board_is_told_what_letters_may_change_and_no_more() -> None:
    document = change_nodes(row(3), {2}, sensors=("sht31", "wind"), neighbours=(1, 3), hold_s=90)
    settings = {setting.key: setting.value for setting in settings_of(document, document.by_id[2])}
    assert set(settings) <= {Key(key) for key in SETTABLE}
    assert not {Key.NODE_ID, Key.NETWORK, Key.CONTROLLER} & set(settings)
    expected = built_field(document).settings_of(2)
    for key, value in settings.items():
        assert read_value(key, value) == getattr(expected, key.name.lower())
    assert settings[Key.NEIGHBOURS] == bytes([0, 1, 0, 3])


def test_a_review_tells_what_differs_what_is_sent_and_what_is_not() -> None:
    document = change_nodes(row(4), {3}, board=Board.PI)
    seen = review(document, heard(1, 2, 3, 9), Network.TREE)
    assert seen.differences == ("node 4 is drawn, and not heard", "node 9 is heard, and not drawn")
    assert {setting.node_id for setting in seen.settings} == {2}
    assert any("period ms = 5000 (at its next start)" in setting.text for setting in seen.settings)
    assert any("node 3 is a Pi" in text for text in seen.not_told)
    other = review(replace(document, network=Network.RING), heard(1, 2), Network.TREE)
    assert other.differences[0].startswith(
        "the field is a ring, and what runs is a tree: boards need another"
    )


def test_what_became_of_each_letter_is_told() -> None:
    document = row(3)
    settings = [*settings_of(document, document.by_id[2])[:2], *settings_of(document, document.by_id[3])[:1]]
    outcomes = Outcomes(settings)
    outcomes.take(LetterAnswered(2, Kind.SETTING, Status.DONE, None))
    outcomes.take(LetterUnanswered(3, Kind.SETTING))
    assert outcomes.done + len(outcomes.failures) == 2
    outcomes.take(LetterAnswered(2, Kind.SETTING, Status.OUT_OF_RANGE, None))
    outcomes.take(LetterAnswered(2, Kind.SETTING, Status.DONE, None))  # of nobody's letter
    assert outcomes.is_over
    assert outcomes.done == 1
    assert "node 3 does not answer" in outcomes.failures[0]
    assert outcomes.failures[1].endswith("out of range")


def test_what_is_heard_becomes_a_drawing() -> None:
    document = taken_over(heard(1, 5, 7), Network.TREE, {5: Place(5, 3.0, 4.0)}, "live", 2.0)
    assert [(node.id, node.x_m, node.y_m) for node in document.nodes] == [(1, 0, 0), (5, 3, 4), (7, 5, 10)]
    assert document.nodes[0].roles == frozenset({Role.GATEWAY, Role.CONTROLLER})
    assert document.period_s == 2.0


# --- in a window -------------------------------------------------------------------------------------------


@pytest.fixture
def field(window: Window, tmp_path: Path) -> EditorFeature:
    from desktop.editor.feature import EditorFeature

    window.furnish()
    feature = window.feature(EditorFeature)
    feature.editor.open(replace(row(3), name="garden"), None)
    feature.show()
    wait(window, lambda: feature.page.plan and feature.page.plan.winfo_viewable(), "the plan")
    assert feature.files.save_as(tmp_path / "garden.treering.toml")
    wait(window, lambda: feature.editor.is_settled, "the findings")
    return feature


def test_a_field_is_provisioned_into_a_folder(field: EditorFeature, tmp_path: Path) -> None:
    field.window.perform_named("Provision …")
    (dialog,) = dialogs(field.window)
    press(dialog, "<Return>")
    told = dialog.told  # type: ignore[attr-defined]
    wait(field.window, lambda: "3 nodes are written" in str(told.cget("text")), "the files")
    assert (tmp_path / "garden" / "node-2" / "eeprom.hex").is_file()
    keys = load_keys(str(tmp_path / "garden" / "keys.toml"))
    assert keys.master is not None
    table = dialog.table  # type: ignore[attr-defined]
    steps = [table.set(item, "next") for item in table.get_children()]
    assert steps[1] == f"treering flash --field {tmp_path / 'garden.treering.toml'} --port PORT --node 2"
    dialog.destroy()


def test_a_simulation_stands_on_the_picture(field: EditorFeature, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "#cc8844").save(tmp_path / "plan.png")
    field.files.lay_picture(tmp_path / "plan.png")
    field.window.perform_named("Simulate this field")
    session = field.window.session
    assert session is not None
    picture = getattr(session.source, "picture", None)
    assert picture is not None
    assert picture.path == tmp_path / "plan.png"
    assert field.editor.document.background is not None
    assert picture.m_per_px == field.editor.document.background.m_per_px
    wait(field.window, lambda: len(session.model.tree()) == 3, "all nodes")
    field.editor.saved_as(tmp_path / "garden.treering.toml")


def test_a_folder_that_cannot_be_is_told(field: EditorFeature, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    field.window.perform_named("Provision …")
    (dialog,) = dialogs(field.window)
    dialog.folder.set(str(tmp_path / "taken" / "in it"))  # type: ignore[attr-defined]
    press(dialog, "<Return>")
    told = dialog.told  # type: ignore[attr-defined]
    wait(field.window, lambda: "choose another folder" in str(told.cget("text")), "the reason")
    dialog.destroy()


@pytest.mark.parametrize("outcome", ["node 2 runs on the uno at spare (open)", None])
def test_a_board_is_flashed_with_its_progress(
    field: EditorFeature, tmp_path: Path, outcome: str | None
) -> None:
    from desktop.editor.flash_dialog import FlashDialog

    asked: list[tuple[int, str, int | None]] = []

    def flash(
        built: object,
        node: object,
        port: str,
        keys: object,
        *,
        baud: int | None,
        on_step: Callable[[str], object],
        on_output: Callable[[bytes], object],
    ) -> str:
        asked.append((node.node_id, port, baud))  # type: ignore[attr-defined]
        on_step("writing node 2 to spare ...")
        on_output(b"Writing | " + b"#" * 25)
        if outcome is None:
            raise TreeringError("spare: no bootloader answers at 115200 baud; unplug the radio's TXD")
        return outcome

    built = built_field(replace(field.editor.document, is_open=True))
    dialog = FlashDialog(field.window, built, tmp_path, 2, flash)
    press(dialog, "<Return>")
    assert "there is no port" in texts(dialog)
    dialog.port.set("spare  Arduino Uno")
    dialog.baud.set("57600")
    press(dialog, "<Return>")
    expected = outcome or "no bootloader answers"
    wait(field.window, lambda: expected in str(dialog.told.cget("text")), "the outcome")
    assert asked == [(2, "spare", 57600)]
    assert float(dialog.bar.cget("value")) == (100 if outcome else 50)
    dialog.event_generate("<Escape>")
    live(field.window.root)
    assert not dialog.winfo_exists()


def test_a_push_is_reviewed_and_each_answer_counted(field: EditorFeature) -> None:
    from queue import SimpleQueue

    from desktop.editor.push_dialog import PushDialog

    class Source:
        """Boards that take all but the sensors."""

        def __init__(self) -> None:
            self.answers: SimpleQueue[LetterAnswered] = SimpleQueue()

        def change_setting(self, node_id: int, key: int, value: bytes) -> None:
            status = Status.UNKNOWN if key == Key.SENSORS else Status.DONE
            self.answers.put(LetterAnswered(node_id, Kind.SETTING, status, None))

    seen = review(field.editor.document, heard(1, 2, 3), Network.TREE)
    dialog = PushDialog(field.window, seen, Source(), None)  # type: ignore[arg-type]
    press(dialog, "<Return>")
    wait(field.window, lambda: dialog.outcomes and dialog.outcomes.is_over, "the answers")
    live(field.window.root)
    text = str(dialog.told.cget("text"))
    assert text.startswith(f"{len(seen.settings) - 2} of {len(seen.settings)} done; node 2 refused sensors")
    dialog.destroy()


def test_who_only_looks_on_cannot_push(field: EditorFeature) -> None:
    from desktop.sources.demo import DemoSource

    field.window.start(DemoSource(speed=20))
    session = field.window.session
    assert session is not None
    wait(field.window, lambda: len(session.model.tree()) > 3, "some nodes")
    field.show()
    live(field.window.root)
    field.window.perform_named("Push to the live nodes …")
    (dialog,) = dialogs(field.window)
    assert "Nothing can be sent from here: the app only looks on" in texts(dialog)
    dialog.destroy()
    field.window.perform_named("Take over from the live network")
    live(field.window.root)
    assert len(field.editor.document.nodes) > 3
    assert field.editor.is_dirty
    field.editor.saved_as(Path("done.treering.toml"))
