"""The page of the field in a real window, with the mouse and the keys of a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.editor.document import Background, FieldDocument
from desktop.editor.editor import Mode
from desktop.editor.edits import add_nodes, change_nodes
from desktop.editor.field_text import read_field, write_field
from firmware.field.description import Board
from protocol.packets import Network
from tests.desktop.editor.test_document import row
from tests.desktop.rig import descendants, dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.editor.feature import EditorFeature
    from desktop.window import Window


@pytest.fixture
def field(window: Window) -> Iterator[EditorFeature]:
    from desktop.editor.feature import EditorFeature

    window.furnish()
    feature = window.feature(EditorFeature)
    window.perform_named("New field")
    wait(window, lambda: feature.page.plan and feature.page.plan.winfo_viewable(), "the plan")
    live(window.root)
    yield feature
    feature.editor.saved_as(Path("done.treering.toml"))  # the window closes without asking


def settle(field: EditorFeature) -> None:
    wait(field.window, lambda: field.editor.is_settled, "the findings")
    live(field.window.root)


def plan_of(field: EditorFeature):  # type: ignore[no-untyped-def]
    assert field.page.plan is not None
    return field.page.plan


def point(field: EditorFeature, key: int) -> tuple[int, int]:
    node = field.editor.document.by_key[key]
    x, y = plan_of(field).camera.to_px(node.x_m, node.y_m)
    return round(x), round(y)


def click(field: EditorFeature, at: tuple[int, int], *, state: int = 0) -> None:
    drag(field, at, at, state=state)


def drag(
    field: EditorFeature, start: tuple[int, int], end: tuple[int, int], *, state: int = 0, button: int = 1
) -> None:
    plan, held = plan_of(field), 0x80 << button
    plan.event_generate(f"<ButtonPress-{button}>", x=start[0], y=start[1], state=state)
    if start != end:
        for part in (0.3, 0.7, 1.0):
            x, y = (round(a + part * (b - a)) for a, b in zip(start, end, strict=True))
            plan.event_generate(f"<B{button}-Motion>", x=x, y=y, state=state | held)
            live(field.window.root)
    plan.event_generate(f"<ButtonRelease-{button}>", x=end[0], y=end[1], state=state | held)
    live(field.window.root)


def double_click(field: EditorFeature, x: int, y: int) -> None:
    plan = plan_of(field)
    for _ in range(2):
        plan.event_generate("<ButtonPress-1>", x=x, y=y)
        plan.event_generate("<ButtonRelease-1>", x=x, y=y)
    live(field.window.root)


def draw(field: EditorFeature, document: FieldDocument) -> None:
    field.editor.open(document, None)
    plan_of(field).fit()
    settle(field)


def test_a_field_is_drawn_saved_and_simulated(
    window: Window, field: EditorFeature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, plan = field.editor, plan_of(field)
    for x, y in ((200, 150), (330, 150), (460, 160), (330, 300)):
        double_click(field, x, y)
    assert [node.id for node in editor.document.nodes] == [1, 2, 3, 4]
    assert [node.board for node in editor.document.nodes][:2] == [Board.PI, Board.UNO]

    before = editor.document.by_key[4]
    start = point(field, 4)
    drag(field, start, (start[0] + 60, start[1] + 40))
    moved = editor.document.by_key[4]
    assert moved.x_m - before.x_m == pytest.approx(60 / plan.camera.px_per_m, abs=plan.snap_m)
    press(plan, "<Control-z>")
    assert editor.document.by_key[4] == before, "the whole drag is one step"
    press(plan, "<Control-y>")
    assert editor.document.by_key[4] == moved

    drag(field, (150, 100), (380, 200))
    assert {editor.document.by_key[key].id for key in editor.selection} == {1, 2}
    press(plan, "<Delete>")
    assert [node.id for node in editor.document.nodes] == [3, 4]
    press(plan, "<Control-z>")
    assert [node.id for node in editor.document.nodes] == [1, 2, 3, 4]

    assert window.root.title().startswith("● ")
    path = tmp_path / "drawn.treering.toml"
    monkeypatch.setattr(window, "ask_save", lambda *args, **named: path)
    press(plan, "<Control-s>")
    assert window.root.title() == "drawn.treering.toml – Treering"
    assert read_field(path.read_text(), path.name) == editor.document

    settle(field)
    press(plan, "<F10>")
    assert window.session is not None
    assert window.session.source.title == "Simulated field"
    model = window.session.model
    wait(window, lambda: len(model.tree()) == 4, "all four nodes")
    window.perform_named("Show the field")
    assert window.shown_page is field.page


def test_what_is_wrong_is_said_beside_the_entry_and_mended_with_one_key(field: EditorFeature) -> None:
    draw(field, row(3))
    click(field, point(field, 3))
    entry = field.page.node_form.id.entry
    entry.focus_force()
    entry.delete(0, "end")
    entry.insert(0, "2")
    press(entry, "<Return>")
    settle(field)
    assert field.page.node_form.id.problem == "two nodes have the id 2; give each its own"
    assert "1 error" in texts(field.page.problems)
    press(plan_of(field), "<Control-period>")
    settle(field)
    assert [node.id for node in field.editor.document.nodes] == [1, 2, 3]
    assert field.page.node_form.id.problem == ""
    entry.focus_force()
    entry.insert("end", "x")
    press(entry, "<Return>")
    assert field.page.node_form.id.problem == "'3x' is none of them; write a whole number from 0 to 65533"
    press(entry, "<Escape>")
    assert entry.get() == "3"


def test_a_problem_that_is_chosen_shows_its_nodes(field: EditorFeature) -> None:
    draw(field, row(4, spacing_m=30, range_m=15))
    table = field.page.problems.table
    table.selection_set(table.get_children()[0])
    live(field.window.root)
    assert field.editor.selection == {2, 3, 4}
    press(table, "<Return>")
    assert field.editor.document.range_m == 30
    settle(field)
    assert "all reach the root" in texts(field.page)


def test_the_keys_do_what_the_mouse_does(field: EditorFeature) -> None:
    plan, editor = plan_of(field), field.editor
    press(plan, "<Insert>")
    press(plan, "<Insert>")
    assert len({(node.x_m, node.y_m) for node in editor.document.nodes}) == 2
    step_m = plan.snap_m
    x_m = editor.document.by_key[2].x_m
    press(plan, "<Right>")
    press(plan, "<Right>")
    assert editor.document.by_key[2].x_m == pytest.approx(x_m + 2 * step_m)
    press(plan, "<Control-z>")
    assert editor.document.by_key[2].x_m == x_m
    press(plan, "<Control-Shift-Z>")
    press(plan, "<Prior>")
    assert editor.selection == {1}
    press(plan, "<Control-a>")
    assert editor.selection == {1, 2}
    press(plan, "<Control-Shift-D>")
    assert len(editor.document.nodes) == 4
    press(plan, "<Control-c>")
    press(plan, "<Control-v>")
    press(plan, "<Control-v>")
    assert len({(node.x_m, node.y_m) for node in editor.document.nodes}) == 8
    press(plan, "<Escape>")
    assert editor.selection == frozenset()
    scale = plan.camera.px_per_m
    field.window.perform_named("Nearer")
    assert plan.camera.px_per_m == pytest.approx(1.25 * scale)
    press(plan, "<Control-Key-0>")


def test_several_nodes_are_changed_at_once(field: EditorFeature) -> None:
    draw(field, row(3))
    for key in (2, 3):
        click(field, point(field, key), state=0x1)
    form = field.page.node_form
    assert "2 nodes" in texts(form)
    form.sensors.checks["sht31"].invoke()
    form.board.box.set("Arduino Mega")
    form.board.box.event_generate("<<ComboboxSelected>>")
    form.range.entry.insert(0, "22,5")
    press(form.range.entry, "<Return>")
    assert [(n.board, n.sensors, n.range_m) for n in field.editor.document.nodes[1:]] == [
        (Board.MEGA, ("sht31",), 22.5)
    ] * 2


def test_an_order_is_drawn_and_a_link_restricted_by_clicks(field: EditorFeature) -> None:
    places = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    document, _ = add_nodes(FieldDocument(range_m=12, network=Network.RING), places)
    draw(field, document)
    field.window.perform_named(Mode.ORDER.value)
    for key in (1, 4, 3, 2):
        click(field, point(field, key))
    assert field.editor.document.order == (1, 4, 3, 2)
    press(plan_of(field), "<Return>")
    assert field.editor.mode is Mode.SELECT
    settle(field)
    field.window.perform_named(Mode.LINKS.value)
    (x0, y0), (x1, y1) = point(field, 1), point(field, 2)
    click(field, ((x0 + x1) // 2, (y0 + y1) // 2))
    assert field.editor.document.by_key[1].neighbours == (4,)
    settle(field)
    assert "Node 1 does not hear node 2" in texts(field.page.problems)
    click(field, ((x0 + x1) // 2, (y0 + y1) // 2))
    assert field.editor.document == replace(document, order=(1, 4, 3, 2))


def test_the_plan_is_seen_from_nearer_and_from_elsewhere(field: EditorFeature) -> None:
    draw(field, row(3))
    plan = plan_of(field)
    x, y = point(field, 2)
    plan.event_generate("<Button-4>", x=x, y=y)
    live(field.window.root)
    assert point(field, 2) == pytest.approx((x, y), abs=1), "what is under the pointer stays there"
    x, y = point(field, 2)
    drag(field, (50, 50), (80, 70), button=3)
    assert point(field, 2) == (x + 30, y + 20)
    shown = {item: plan.coords(item) for item in plan.find_withtag("node")}
    plan.repaint()
    for item, place in shown.items():
        assert plan.coords(item) == pytest.approx(place, abs=0.01), "what was moved is where it is drawn anew"


def test_a_picture_is_laid_below_and_measured(field: EditorFeature, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "plan.png"
    Image.new("RGB", (400, 300), "#cc8844").save(path)
    field.files.lay_picture(path)
    picture = field.editor.document.background
    assert picture is not None
    field.window.perform_named(Mode.SCALE.value)
    plan = plan_of(field)
    click(field, (100, 100))
    click(field, (300, 100))
    apart_m = 200 / plan.camera.px_per_m
    (dialog,) = dialogs(field.window)
    entry = next(widget for widget in descendants(dialog) if widget.winfo_class() == "TEntry")
    entry.insert(0, "50")  # type: ignore[attr-defined]
    press(entry, "<Return>")
    scaled = field.editor.document.background
    assert scaled is not None
    assert scaled.m_per_px == pytest.approx(picture.m_per_px * 50 / apart_m)
    field.window.perform_named("Undo")
    assert field.editor.document.background == picture


def test_generators_place_what_they_say(field: EditorFeature) -> None:
    for label, numbers, count in (
        ("Place a grid …", {"columns": "5", "rows": "3", "spacing": "7.5"}, 15),
        ("Place at random …", {"count": "40", "width": "80", "height": "50", "seed": "9"}, 40),
    ):
        field.window.perform_named(label)
        (dialog,) = dialogs(field.window)
        for name, value in numbers.items():
            dialog.values[name].set(value)  # type: ignore[attr-defined]
        dialog._anew.set(True)  # type: ignore[attr-defined]
        press(dialog, "<Return>")
        assert len(field.editor.document.nodes) == count
        assert [node.id for node in field.editor.document.nodes] == list(range(1, count + 1))
    field.window.perform_named("Place a grid …")
    (dialog,) = dialogs(field.window)
    dialog.values["columns"].set("0")  # type: ignore[attr-defined]
    press(dialog, "<Return>")
    assert "write a whole number from 1 to 1000" in texts(dialog)
    dialog.destroy()


def test_what_is_not_saved_is_asked_for(window: Window, field: EditorFeature) -> None:
    draw(field, row(2))
    field.editor.add([(5.0, 5.0)])
    answers: list[bool] = []

    def answer(text: str) -> None:
        window.root.after(50, lambda: _press_button(window, text))
        answers.append(field.may_close())

    answer("Cancel")
    answer("Discard")
    assert answers == [False, True]


def _press_button(window: Window, text: str) -> None:
    (dialog,) = dialogs(window)
    buttons = (widget for widget in descendants(dialog) if widget.winfo_class() == "TButton")
    button = next(widget for widget in buttons if widget.cget("text") == text)
    button.invoke()  # type: ignore[attr-defined]


def test_what_a_crash_left_is_opened_as_not_saved(field: EditorFeature) -> None:
    field.files._open_unsaved(write_field(row(3)))
    assert len(field.editor.document.nodes) == 3
    assert field.editor.is_dirty
    live(field.window.root)
    assert field.window.root.title().startswith("● ")


def test_what_is_not_saved_is_on_disk_within_a_second(field: EditorFeature) -> None:
    field.editor.add([(1.0, 2.0)])
    wait(
        field.window,
        lambda: any("x_m = 1\n" in text for text in field.files._autosave.others()),
        "the copy",
    )
    press(plan_of(field), "<Control-z>")
    assert field.files._autosave.others() == [], "what is as it was saved needs no copy"


def test_five_hundred_nodes_are_drawn_and_dragged(field: EditorFeature) -> None:
    places = [(float(i % 25) * 8, float(i // 25) * 8) for i in range(500)]
    document, _ = add_nodes(FieldDocument(range_m=12), places)
    draw(field, document)
    plan = plan_of(field)
    links = field.editor.findings.hearing.link_count
    assert links > 1000
    wait(field.window, lambda: len(plan.find_withtag("link")) >= links, "the links")
    start = point(field, 250)
    drag(field, start, (start[0] + 100, start[1] + 60))
    settle(field)
    x, y = plan.coords(plan._nodes[250][0])
    assert (round(x), round(y)) == point(field, 250)


def test_both_themes_paint_the_page(field: EditorFeature) -> None:
    document = change_nodes(row(4), {3}, id=2, neighbours=(1,))
    draw(field, replace(document, background=Background("missing.png", 0.1)))
    before = plan_of(field).cget("background")
    field.window.show_theme("dark")
    live(field.window.root)
    assert plan_of(field).cget("background") != before


def test_an_action_that_cannot_be_done_says_why(field: EditorFeature) -> None:
    obstacles = {action.label: field.window.obstacle(action) for action in field.actions}
    assert obstacles["Delete nodes"] == "nothing is selected; click a node"
    assert obstacles["Simulate this field"] == "there is no node yet; double-click on the plan"
    assert obstacles["Take over from the live network"] == "no network is shown; connect to one"
    draw(field, row(2))
    obstacles = {action.label: field.window.obstacle(action) for action in field.actions}
    assert obstacles[Mode.ORDER.value] == "a tree has no order; make it a ring under “Field and radio”"
    assert obstacles["Provision …"] is None


def test_save_and_open_of_the_top_line_are_the_fields_here(
    window: Window, field: EditorFeature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(field, row(2))
    path = tmp_path / "a.treering.toml"
    monkeypatch.setattr(window, "ask_save", lambda *args, **named: path)
    field.editor.add([(5.0, 5.0)])
    save = next(action for action in window.actions if action.label == "Save log as …")
    window.header._buttons[save].invoke()
    assert len(read_field(path.read_text(), "a").nodes) == 3
    monkeypatch.setattr(window, "ask_open", lambda *args: path)
    field.editor.open(FieldDocument(), None)
    window.perform_named("Open log …")
    assert (len(field.editor.document.nodes), field.editor.path) == (3, path)


def test_a_file_that_makes_no_sense_is_told_with_its_line(field: EditorFeature, tmp_path: Path) -> None:
    path = tmp_path / "bad.treering.toml"
    path.write_text("name = 'a'\n[[node]]\nid = 'x'\n")
    field.window.open_file(path)
    (dialog,) = dialogs(field.window)
    assert "bad.treering.toml:3: id is 'x'; write a whole number" in texts(dialog)
    dialog.destroy()
