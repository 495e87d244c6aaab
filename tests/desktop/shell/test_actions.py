"""What an action's key is called, and how actions stand in menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from desktop.actions import LAST, MODIFIER, Action, conflicts, in_menus

if TYPE_CHECKING:
    from desktop.page import Page

TK_MODIFIER = MODIFIER.replace("Ctrl", "Control")


def action(label: str = "Do", key: str = "", menu: str = "File", **more: object) -> Action:
    return Action(menu, label, key, lambda: None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "shown", "sequences"),
    [
        ("x", f"{MODIFIER}+X", [f"<{TK_MODIFIER}-x>", f"<{TK_MODIFIER}-X>"]),
        ("Shift+x", f"{MODIFIER}+Shift+X", [f"<{TK_MODIFIER}-Shift-x>", f"<{TK_MODIFIER}-Shift-X>"]),
        ("comma", f"{MODIFIER}+,", [f"<{TK_MODIFIER}-Key-comma>"]),
        ("1", f"{MODIFIER}+1", [f"<{TK_MODIFIER}-Key-1>"]),
        ("F5", "F5", ["<F5>"]),
        ("Shift+F5", "Shift+F5", ["<Shift-F5>"]),
        ("Delete", "Delete", ["<Delete>"]),
        ("", "", []),
    ],
)
def test_a_key_is_shown_to_people_and_told_to_tk(key: str, shown: str, sequences: list[str]) -> None:
    assert action(key=key).shown_key == shown
    assert action(key=key).sequences == sequences


@pytest.mark.parametrize(
    ("key", "is_typed"),
    [("x", True), ("Delete", True), ("space", True), ("f", False), ("F5", False), ("Shift+F5", False)],
)
def test_keys_that_write_are_left_to_where_text_is_written(key: str, is_typed: bool) -> None:
    assert action(key=key).is_typed is is_typed


def test_a_key_may_mean_something_else_on_a_page_but_not_two_things_at_once() -> None:
    editor, other = cast("Page", object()), cast("Page", object())
    save, save_field = action("Save log", "s"), action("Save field", "s", page=editor)
    elsewhere = action("Save other", "S", page=other)
    assert conflicts([save, save_field, elsewhere, action("No key"), action("None either")]) == []
    twice = action("Again", "S", page=editor)
    assert conflicts([save, save_field, twice]) == [(save_field, twice)]


def test_menus_stand_in_order_and_the_groups_of_features_apart() -> None:
    first = [action("Open"), action("Quit", group=LAST), action("About", menu="Help")]
    second = [action("Draw", menu="Odd"), action("Export"), action("Close", group=LAST)]
    menus = {
        title: [[a.label for a in group] for group in groups] for title, groups in in_menus([first, second])
    }
    assert list(menus) == ["File", "Odd", "Help"]
    assert menus["File"] == [["Open"], ["Export"], ["Quit"], ["Close"]]
