"""A person before the window: has eyes, a mouse and a keyboard, and nothing else of the program."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

from PIL import Image, ImageGrab

from tests.desktop.rig import descendants, dialogs, live, wait

if TYPE_CHECKING:
    from desktop.window import Window

PICTURES = Path(__file__).parents[3] / "out" / "journeys"
SHIFT = 0x1
_LOOK_MS = 20
_NOTCHES = 9
_TAB_PX = 10
_COLORS = 256
_KEYSYMS = {
    " ": "space",
    "=": "equal",
    "<": "less",
    "/": "slash",
    ".": "period",
    "-": "minus",
    "_": "underscore",
}
_FILE_NAME = "File name:"


class Person:
    """`window` is on that display; each journey leaves a picture of its end."""

    def __init__(self, window: Window, display: str) -> None:
        self.window = window
        self._display = display
        window.root.focus_force()  # as a window manager would give it
        live(window.root)

    # --- eyes --------------------------------------------------------------------------------------------

    def reads(self, part: tk.Misc | None = None) -> str:
        """All that can be read now: on the window and the dialogs above it, or on a part of it."""
        root = part or self.window.root
        return "\n".join(text for widget in (root, *descendants(root)) for text in _texts(widget))

    def until(self, words: str, part: tk.Misc | None = None) -> None:
        """Wait until these can be read."""
        try:
            wait(self.window, lambda: words in self.reads(part), f"“{words}”")
        except AssertionError as error:
            raise AssertionError(f"{error}; what is read is\n{self.reads(part)}") from None

    def until_true(self, seen: Callable[[], object], what: str) -> None:
        """Wait until that is seen."""
        wait(self.window, seen, what)

    def sees(self, widget: tk.Misc) -> bytes:
        """The pixels of it, to be compared."""
        left, top = widget.winfo_rootx(), widget.winfo_rooty()
        area = left, top, left + widget.winfo_width(), top + widget.winfo_height()
        return ImageGrab.grab(area, xdisplay=self._display).tobytes()

    def picture(self, name: str) -> None:
        """Leave one of the screen, in out/journeys/."""
        live(self.window.root)
        PICTURES.mkdir(parents=True, exist_ok=True)
        seen = ImageGrab.grab(xdisplay=self._display).convert("RGB")
        seen.quantize(_COLORS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)

    # --- the mouse ---------------------------------------------------------------------------------------

    def click(
        self, widget: tk.Misc, at: tuple[float, float] | None = None, *, times: int = 1, state: int = 0
    ) -> None:
        """On that place of it, or its middle."""
        assert widget.winfo_viewable(), f"{widget} is not seen"
        x, y = at or (widget.winfo_width() / 2, widget.winfo_height() / 2)
        for name, held in (
            ("Enter", 0),
            ("Motion", 0),
            *(("ButtonPress-1", 0), ("ButtonRelease-1", 0x100)) * times,
        ):
            widget.event_generate(f"<{name}>", x=round(x), y=round(y), state=state | held)
        live(self.window.root)

    def click_tab(self, words: str) -> None:
        """On the tab of that name."""
        for tabs in descendants(self.window.root):
            if isinstance(tabs, ttk.Notebook) and tabs.winfo_viewable():
                for x in range(_TAB_PX, tabs.winfo_width(), _TAB_PX):
                    at = tabs.tk.call(str(tabs), "identify", "tab", x, _TAB_PX)
                    if at != "" and words == str(tabs.tk.call(str(tabs), "tab", at, "-text")):
                        self.click(tabs, (x, _TAB_PX))
                        return
        raise AssertionError(f"no tab “{words}”")

    def rolls_down(self, widget: tk.Misc) -> None:
        """The wheel, as far as it goes."""
        for _ in range(_NOTCHES):
            widget.event_generate("<Button-5>")
        live(self.window.root)

    def click_on(self, words: str, part: tk.Misc | None = None) -> None:
        """On what can be pressed with just these words."""
        self.click(self._found(words, part))

    def _found(self, words: str, part: tk.Misc | None) -> tk.Misc:
        seen = [widget for widget in descendants(part or self.window.root) if widget.winfo_viewable()]
        pressed = [
            widget for widget in seen if widget.winfo_class() in ("TButton", "TRadiobutton", "TCheckbutton")
        ]
        found = [widget for widget in pressed if str(widget.cget("text")) == words]
        assert found, f"no “{words}” among {[str(widget.cget('text')) for widget in pressed]}"
        return found[-1]  # what is made last is in front

    # --- the keyboard ------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Keys as "Control-k", to whatever has the focus."""
        for key in keys:
            (self.window.root.focus_get() or self.window.root).event_generate(f"<{key}>")
            live(self.window.root)

    def types(self, text: str) -> None:
        """Letter by letter."""
        for letter in text:
            focus = self.window.root.focus_get()
            assert focus is not None, "the keys go nowhere"
            focus.event_generate("<Key>", keysym=_KEYSYMS.get(letter, letter))
        live(self.window.root)

    def writes(self, entry: tk.Misc, text: str) -> None:
        """In the place of what stands there."""
        entry.focus_force()  # a dialog's, too, as a window manager would let it have the keys
        self.click(entry)
        self.press("Control-slash")
        self.types(text)

    def commands(self, words: str) -> None:
        """By the palette."""
        self.press("Control-k")
        self.types(words)
        self.press("Return")

    # --- dialogs -----------------------------------------------------------------------------------------

    @property
    def dialog(self) -> tk.Toplevel:
        """The one that is in front."""
        return dialogs(self.window)[-1]

    def names_file(self, path: Path, ask: Callable[[], None]) -> None:
        """Do what asks for a file, and answer with that one, from within the dialog's own loop."""
        root = self.window.root

        def answer() -> None:
            if _FILE_NAME not in "".join(map(self.reads, dialogs(self.window))):
                root.after(_LOOK_MS, answer)
                return
            entry = next(part for part in descendants(self.dialog) if part.winfo_class() == "TEntry")
            self.writes(entry, str(path))
            self.click_on("OK", self.dialog)

        root.after(_LOOK_MS, answer)
        ask()
        live(root)


def _texts(widget: tk.Misc) -> Iterator[str]:
    """What is written on that one, if it is seen."""
    if not widget.winfo_viewable():
        return
    if isinstance(widget, ttk.Treeview):
        for item in widget.get_children():
            yield "  ".join(str(value) for value in widget.item(item, "values"))
    elif isinstance(widget, tk.Canvas):
        for drawn in widget.find_all():
            if str(widget.type(drawn)) == "text":
                yield str(widget.itemcget(drawn, "text"))  # type: ignore[no-untyped-call]
    elif isinstance(widget, tk.Entry | ttk.Entry):
        yield widget.get()
    elif "text" in (widget.keys() or ()) and (text := str(widget.cget("text"))):
        yield text
