"""All that a person can do, each with its key: menus, keys, palette and the help on keys come from here."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.page import Page

MODIFIER = "Command" if sys.platform == "darwin" else "Ctrl"
MENUS = ("File", "Edit", "Field", "Source", "View", "Replay", "Simulate", "Tools", "Help")
LAST = 9  # the group that ends a menu
_TYPED = "acvxyz"  # with Ctrl: all, copy, paste, cut, redo, undo
_SIGNS = {"comma": ",", "period": ".", "plus": "+", "minus": "-", "equal": "=", "slash": "/"}


def nothing() -> None:
    """The obstacle of what can be done at any time."""
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """`menu` is where it stands; with an `icon` (a Bootstrap Icon) it is a button of the top line, too.

    `key` is a letter, a digit or the name of a sign (all with Ctrl, or Command on a Mac), any other key by
    its Tk name, each with or without "Shift+" before it; or nothing. `button` is the text of the button;
    without one it stands at the right end, as its icon alone. `obstacle` tells why it cannot be done now, and
    what to do about that; None if it can. With a `page` it is there while that is shown, and there its key
    counts before that of an action without. In its menu it stands with those of its feature and `group`, a
    line apart from others.
    """

    menu: str
    label: str
    key: str
    run: Callable[[], object]
    icon: str = ""
    button: str = ""
    obstacle: Callable[[], str | None] = nothing
    page: Page | None = None
    group: int = 0

    @property
    def name(self) -> str:
        """The label without the dots that promise a question."""
        return self.label.rstrip(" …")

    @property
    def shown_key(self) -> str:
        """The key as people read it."""
        if not self._is_with_ctrl:
            return self.key
        return f"{MODIFIER}+{self._shift}{_SIGNS.get(self._bare_key, self._bare_key.upper())}"

    @property
    def sequences(self) -> list[str]:
        """The key as Tk reads it; letters also with Caps Lock on."""
        if not self._is_with_ctrl:
            return [f"<{self.key.replace('+', '-')}>"] if self.key else []
        key = self._bare_key
        names = [key.lower(), key.upper()] if key.isalpha() and len(key) == 1 else [f"Key-{key}"]
        modifiers = MODIFIER.replace("Ctrl", "Control") + "-" + self._shift.replace("+", "-")
        return [f"<{modifiers}{name}>" for name in names]

    @property
    def _shift(self) -> str:
        return "Shift+" if self.key.startswith("Shift+") else ""

    @property
    def _bare_key(self) -> str:
        return self.key.removeprefix("Shift+")

    @property
    def _is_with_ctrl(self) -> bool:
        return len(self._bare_key) == 1 or self._bare_key in _SIGNS

    @property
    def is_typed(self) -> bool:
        """Whether its key means something where text is written, and is left to that there."""
        key = self._bare_key
        return key.lower() in _TYPED if self._is_with_ctrl else not re.fullmatch(r"F\d+|Escape", key)


def in_menus(features: Iterable[Iterable[Action]]) -> Iterator[tuple[str, list[list[Action]]]]:
    """Each menu with its actions, in groups, from the actions of each feature."""
    placed = [(action, i) for i, actions in enumerate(features) for action in actions]
    titles = dict.fromkeys(action.menu for action, _ in placed)
    for title in sorted(titles, key=lambda title: MENUS.index(title) if title in MENUS else len(MENUS) - 2):
        groups: dict[tuple[int, int], list[Action]] = {}
        for action, i in placed:
            if action.menu == title:
                groups.setdefault((action.group, i), []).append(action)
        yield title, [groups[place] for place in sorted(groups)]


def conflicts(actions: Iterable[Action]) -> list[tuple[Action, Action]]:
    """Those that one key would mean at the same time."""
    return [
        (one, other)
        for one, other in combinations(actions, 2)
        if one.key and one.shown_key.lower() == other.shown_key.lower() and one.page is other.page
    ]
