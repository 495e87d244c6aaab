"""The help in the window: pages and what was found at the left, the page at the right."""

from __future__ import annotations

import tkinter as tk
import webbrowser
from collections.abc import Callable, Sequence
from tkinter import ttk
from tkinter.font import nametofont

from desktop import theme
from desktop.lists.scrollbar import AutoScrollbar
from desktop.shell.manual import Found, HelpText, find
from desktop.shell.markdown import Block, Kind
from desktop.shell.side_page import SidePage

_LIST_EM, _TEXT_EM = 22, 62


class HelpPage(SidePage):
    """Shows the pages; a link to another page leads there, one to the web into the browser."""

    def __init__(self, master: tk.Misc, pages: Sequence[HelpText], leave: Callable[[], object]) -> None:
        super().__init__(master, "Help", leave)
        em = theme.em_px()
        self._pages = pages
        self._page = pages[0]
        self._entries: list[Found] = []
        body = ttk.Frame(self.card.body, padding=(em, 0, em, em))
        body.pack(fill="both", expand=True)
        left = ttk.Frame(body, width=_LIST_EM * em)
        left.pack(side="left", fill="y", padx=(0, em))
        left.pack_propagate(False)
        self._typed = tk.StringVar(self)
        ttk.Label(left, text="Search", style="Muted.TLabel").pack(anchor="w")
        self._entry = ttk.Entry(left, textvariable=self._typed)
        self._entry.pack(fill="x", pady=(0, em // 2))
        self._list = ttk.Treeview(left, show="tree", style="Lines.Treeview", selectmode="browse")
        self._list.column("#0", width=1)
        self._list.pack(fill="both", expand=True)
        self._text = tk.Text(
            body,
            wrap="word",
            width=1,
            height=1,
            borderwidth=0,
            highlightthickness=1,
            padx=em,
            pady=em // 2,
            state="disabled",
            font=nametofont("TkDefaultFont"),
        )
        bar = AutoScrollbar(body, self._text, self._text.yview)
        self._text.configure(yscrollcommand=bar.set)
        self._text.pack(side="left", fill="both", expand=True)
        self._typed.trace_add("write", lambda *_: self._list_entries())
        self._list.bind("<<TreeviewSelect>>", lambda event: self._follow_list())
        self._entry.bind("<Down>", lambda event: self._into_list())
        self._entry.bind("<Return>", lambda event: self._into_list())
        self._text.bind("<Button-1>", lambda event: self._text.focus_set(), add=True)
        self.repaint()
        self._list_entries()
        self.bind("<Map>", lambda event: self._entry.focus_set(), add=True)
        self._text.bind("<Configure>", self._keep_lines_short, add=True)

    def show(self, pages: Sequence[HelpText], name: str) -> None:
        """These are the pages from now on: show the one of that name."""
        self._pages = pages
        self._page = next((page for page in pages if page.name == name), pages[0])
        self._typed.set("")
        self._read(self._page)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        em, palette, text = theme.em_px(), theme.current(), self._text
        text.configure(
            background=palette.surface,
            foreground=palette.text,
            selectbackground=palette.selection,
            selectforeground=palette.text,
            highlightbackground=palette.surface,
            highlightcolor=palette.accent,
            cursor="arrow",
        )
        text.tag_configure("title", font="TreeringHero", spacing3=em)
        text.tag_configure("heading", font="TreeringTitle", spacing1=round(1.2 * em), spacing3=em // 3)
        text.tag_configure("paragraph", spacing3=round(0.7 * em), spacing2=em // 5)
        text.tag_configure("item", lmargin1=em, lmargin2=2 * em, spacing3=em // 3, spacing2=em // 5)
        fixed = nametofont("TkFixedFont")
        text.tag_configure("code", font=fixed)
        text.tag_configure("codeblock", font=fixed, foreground=palette.muted, spacing3=em)
        text.tag_configure("codeblock", lmargin1=em, lmargin2=em)
        text.tag_configure("bold", font="TreeringTitle")
        text.tag_configure("link", foreground=palette.accent, underline=True)
        text.tag_raise("sel")

    def _read(self, page: HelpText, block: int = 0) -> None:
        """Show that page, from that block on."""
        self._page = page
        text = self._text
        text.configure(state="normal")
        text.delete("1.0", "end")
        for i, part in enumerate(page.blocks):
            text.mark_set(f"block {i}", "end-1c")
            text.mark_gravity(f"block {i}", "left")
            self._insert(part)
        text.configure(state="disabled")
        text.yview(f"block {block}" if block else "1.0")

    def _insert(self, block: Block) -> None:
        tag = "codeblock" if block.kind is Kind.CODE else block.kind.value
        if block.kind is Kind.ITEM:
            self._text.insert("end", "•  ", tag)
        for i, span in enumerate(block.spans):
            tags = (tag, span.look) if span.look else (tag,)
            if span.target:
                link = f"to {span.target} {i}"
                tags = (*tags, link)
                self._text.tag_bind(link, "<ButtonRelease-1>", lambda event, to=span.target: self._go(to))  # type: ignore[misc]
            self._text.insert("end", span.text, tags)
        self._text.insert("end", "\n", tag)

    def _go(self, target: str) -> None:
        if "://" in target:
            webbrowser.open(target)
        else:
            self._typed.set("")
            self._select(target)

    def _select(self, name: str) -> None:
        names = [entry.page.name for entry in self._entries]
        self._list.selection_set(str(names.index(name) if name in names else 0))

    def _list_entries(self) -> None:
        """The pages; or, if something is typed, where it stands."""
        typed = self._typed.get().strip()
        self._entries = (
            find(self._pages, typed) if typed else [Found(page, 0, page.title) for page in self._pages]
        )
        self._list.delete(*self._list.get_children())
        for i, entry in enumerate(self._entries):
            text = entry.text if not typed or not entry.block else f"{entry.page.title}: {entry.text}"
            self._list.insert("", "end", iid=str(i), text=text)
        if self._entries:
            self._select(self._page.name)

    def _follow_list(self) -> None:
        if chosen := self._list.selection():
            entry = self._entries[int(chosen[0])]
            self._read(entry.page, entry.block)

    def _into_list(self) -> None:
        self._list.focus_set()
        if chosen := self._list.selection():
            self._list.focus(chosen[0])

    def _keep_lines_short(self, event: tk.Event[tk.Misc]) -> None:
        """Long lines are hard to read."""
        spare_px = max(0, event.width - _TEXT_EM * theme.em_px() - 2 * theme.em_px())
        self._text.tag_configure("paragraph", rmargin=spare_px)
        self._text.tag_configure("item", rmargin=spare_px)
