"""The small windows above the main one."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

import ttkbootstrap

from desktop import theme

_WIDTH_EM = 36


class Dialog(tk.Toplevel):
    """Above its parent, modal, closed by Escape. Fill `body`, call `add_button`, then `open`."""

    def __init__(self, parent: tk.Misc, title: str) -> None:
        super().__init__(parent, background=theme.current().background)
        self.withdraw()
        self.title(title)
        self.resizable(False, False)
        self.em = theme.em_px()
        card = ttk.Frame(self, style="Card.TFrame", padding=2 * self.em)
        card.pack(fill="both", expand=True)
        self.body = ttk.Frame(card)
        self.body.pack(fill="both", expand=True)
        self._buttons = ttk.Frame(card)
        self._buttons.pack(fill="x", pady=(2 * self.em, 0))
        self.bind("<Escape>", lambda event: self.destroy())

    def add_heading(self, text: str) -> None:
        """The first line, in bold."""
        ttk.Label(self.body, text=text, style="Title.TLabel", wraplength=_WIDTH_EM * self.em).pack(anchor="w")

    def add_text(self, text: str) -> None:
        """A paragraph."""
        label = ttk.Label(self.body, text=text, wraplength=_WIDTH_EM * self.em, justify="left")
        label.pack(anchor="w", pady=(self.em, 0))

    def add_button(self, text: str, run: Callable[[], object], *, is_default: bool = False) -> None:
        """A button, from the right; Return presses the default one."""
        style = "primary" if is_default else "secondary-outline"
        button = ttkbootstrap.Button(self._buttons, text=text, command=run, bootstyle=style)
        button.pack(side="right", padx=(self.em // 2, 0))
        if is_default:
            self.bind("<Return>", lambda event: run())
            button.focus_set()

    def open(self) -> None:
        """Show it in the middle of its parent, and take the input."""
        parent = self.master.winfo_toplevel()
        self.update_idletasks()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        # All of it on the screen, whatever its parent is.
        x = min(x, self.winfo_screenwidth() - self.winfo_reqwidth())
        y = min(y, self.winfo_screenheight() - self.winfo_reqheight() - 4 * self.em)
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.wm_transient(parent)
        self.deiconify()
        self.wait_visibility()
        self.grab_set()


def tell(
    parent: tk.Misc, heading: str, text: str, details: str = "", more: Callable[[], object] | None = None
) -> Dialog:
    """What has happened, why, and what to do; copied with `details` and versions. `more` shows the log."""
    dialog = Dialog(parent, "Treering")
    dialog.add_heading(heading)
    dialog.add_text(text)

    def copy() -> None:
        from desktop.shell.particulars import particulars

        versions = particulars(str(dialog.tk.call("info", "patchlevel")))
        dialog.clipboard_clear()
        dialog.clipboard_append("\n\n".join(filter(None, [heading, text, versions, details])))

    def show_more() -> None:
        dialog.destroy()
        if more is not None:
            more()

    dialog.add_button("Close", dialog.destroy, is_default=True)
    dialog.add_button("Copy details", copy)
    if more is not None:
        dialog.add_button("Show log", show_more)
    dialog.open()
    return dialog


def confirm(parent: tk.Misc, heading: str, text: str, yes: str) -> bool:
    """Ask, and wait for the answer: whether to do what `yes` says."""
    dialog = Dialog(parent, "Treering")
    dialog.add_heading(heading)
    dialog.add_text(text)
    answers: list[bool] = []

    def agree() -> None:
        answers.append(True)
        dialog.destroy()

    dialog.add_button(yes, agree, is_default=True)
    dialog.add_button("Cancel", dialog.destroy)
    dialog.open()
    dialog.wait_window()
    return bool(answers)


def show_about(parent: tk.Misc) -> Dialog:
    """What this program is."""
    from desktop.shell.particulars import app_version, particulars

    dialog = Dialog(parent, "About")
    dialog.add_heading(f"Treering {app_version()}")
    dialog.add_text(
        "Trees keep a record of the weather in their rings. Treering gathers what a field of small sensors"
        " feels, over a tree of cheap nodes, and shows it to a person."
    )
    dialog.add_text("A result is exact for the nodes it counts, or it says that it is not.")
    dialog.add_text("MIT licence.")
    versions = particulars(str(dialog.tk.call("info", "patchlevel")))
    dialog.add_text(versions)

    def copy() -> None:
        dialog.clipboard_clear()
        dialog.clipboard_append(versions)

    dialog.add_button("Close", dialog.destroy, is_default=True)
    dialog.add_button("Copy versions", copy)
    dialog.open()
    return dialog
