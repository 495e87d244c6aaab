"""One packet: its fields as a tree and its bytes in hex; what is chosen in one is marked in the other."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from tkinter.font import Font, nametofont

from desktop import theme
from desktop.lists.scrollbar import AutoScrollbar
from desktop.packets.dissect import FieldNode

NONE_CHOSEN = "Choose a packet for\nits fields and bytes"
_NARROW, _WIDE = 8, 16  # bytes a line


class FieldTree(ttk.Frame):
    """The fields; `<<FieldChosen>>` tells that another one is chosen."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        em = theme.em_px()
        self._nodes: dict[str, FieldNode] = {}
        self._note = ttk.Label(
            self, text=NONE_CHOSEN, style="Muted.TLabel", anchor="center", justify="center"
        )
        self.table = ttk.Treeview(
            self,
            columns=("value",),
            show="tree headings",
            style="Lines.Treeview",
            selectmode="browse",
            height=1,
        )
        self.table.heading("#0", text="field", anchor="w")
        self.table.heading("value", text="value", anchor="w")
        self.table.column("#0", width=11 * em, minwidth=5 * em)
        self.table.column("value", width=12 * em, minwidth=5 * em)
        bar = AutoScrollbar(self, self.table, self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<<TreeviewSelect>>", lambda event: self.event_generate("<<FieldChosen>>"))

    @property
    def chosen(self) -> FieldNode | None:
        """The field that is chosen."""
        selected = self.table.selection()
        return self._nodes.get(selected[0]) if selected else None

    def show(self, nodes: list[FieldNode]) -> None:
        """The fields of another packet; what is chosen stays chosen where there is such a field."""
        name = self.chosen.name if self.chosen else None
        self.table.delete(*self.table.get_children())
        self._nodes.clear()
        self._add("", nodes)
        if nodes:
            self._note.place_forget()
        else:
            self._note.place(relx=0.5, rely=0.55, anchor="center")
            self._note.lift()
        for item, node in self._nodes.items():
            if node.name == name:
                self.table.selection_set(item)
                break

    def choose(self, node: FieldNode) -> None:
        """Choose that field, and have it seen."""
        for item, other in self._nodes.items():
            if other is node:
                self.table.see(item)
                self.table.selection_set(item)

    def leaf_at(self, offset: int) -> FieldNode | None:
        """The innermost field that has that byte."""
        tops = (self._nodes[item] for item in self.table.get_children())
        return next((leaf for top in tops if (leaf := top.leaf_at(offset))), None)

    def _add(self, parent: str, nodes: list[FieldNode]) -> None:
        for node in nodes:
            item = self.table.insert(parent, "end", text=node.name, values=(node.text,), open=True)
            self._nodes[item] = node
            self._add(item, node.parts)


class HexDump(tk.Text):
    """The bytes of a frame, with letters beside; `<<ByteChosen>>` tells that `chosen` was clicked."""

    def __init__(self, master: tk.Misc) -> None:
        self._mono = Font(master, font=nametofont("TkFixedFont"))
        super().__init__(
            master, width=1, height=1, wrap="none", font=self._mono, relief="flat", borderwidth=0,
            highlightthickness=1, cursor="arrow", state="disabled",
        )  # fmt: skip
        self.chosen = 0
        self._frame = b""
        self._marked = (0, 0)
        self._per_line = _WIDE
        self.bind("<Button-1>", self._click)
        self.bind("<Configure>", self._fit)
        self.repaint()

    def show(self, frame: bytes) -> None:
        """The bytes of another frame."""
        self._frame, self._marked = frame, (0, 0)
        self._write()

    def mark(self, offset: int, size_bytes: int) -> None:
        """Mark these bytes."""
        self._marked = offset, size_bytes
        self.tag_remove("marked", "1.0", "end")
        for i in range(offset, min(offset + size_bytes, len(self._frame))):
            line, at = divmod(i, self._per_line)
            joins = i + 1 < offset + size_bytes and at + 1 < self._per_line
            self.tag_add("marked", f"{line + 1}.{6 + 3 * at}", f"{line + 1}.{8 + 3 * at + joins}")
            letter = 7 + 3 * self._per_line + at
            self.tag_add("marked", f"{line + 1}.{letter}", f"{line + 1}.{letter + 1}")
        if size_bytes:
            self.see(f"{offset // self._per_line + 1}.0")

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self.configure(background=palette.surface, foreground=palette.text)
        self.configure(highlightbackground=palette.surface, highlightcolor=palette.accent)
        self.tag_configure("marked", background=palette.selection, foreground=palette.text)
        self.tag_configure("offset", foreground=palette.muted)

    def _write(self) -> None:
        self.configure(state="normal")
        self.delete("1.0", "end")
        for start in range(0, len(self._frame), self._per_line):
            part = self._frame[start : start + self._per_line]
            letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
            self.insert("end", f"{start:04x}  ", "offset")
            self.insert("end", f"{part.hex(' '):<{3 * self._per_line}} {letters}\n")
        self.configure(state="disabled")
        self.mark(*self._marked)

    def _fit(self, event: tk.Event[tk.Misc]) -> None:
        letters = event.width // self._mono.measure("0")
        per_line = _WIDE if letters >= 6 + 4 * _WIDE + 2 else _NARROW
        if per_line != self._per_line:
            self._per_line = per_line
            self._write()

    def _click(self, event: tk.Event[tk.Misc]) -> None:
        line, column = map(int, self.index(f"@{event.x},{event.y}").split("."))
        letters = 7 + 3 * self._per_line
        at = column - letters if column >= letters else (column - 6) // 3
        byte = (line - 1) * self._per_line + at
        if 0 <= at < self._per_line and byte < len(self._frame):
            self.chosen = byte
            self.event_generate("<<ByteChosen>>")
