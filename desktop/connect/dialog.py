"""Which live field to connect to: by a bridge, a serial port, or the network."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

import ttkbootstrap

from bridge.access import OPEN, Access, load_access
from bridge.discovery import FoundBridge
from bridge.errors import TreeringError, UsageError
from bridge.keys_file import KEYRING, keep_in_keyring
from desktop.connect.nearby import Nearby
from desktop.connect.panes import BridgePane, NetworkPane, Pane, PortPane, Rounds, add_field, add_hint
from desktop.dialogs import Dialog

if TYPE_CHECKING:
    from desktop.window import Window

_REFRESH_MS = 1_000
_RECENT_KEYS = "keys"


class ConnectDialog(Dialog):
    """The window gets the source that is chosen; `nearby` is what to begin with. Lists what there is now."""

    def __init__(self, window: Window, nearby: Nearby | None = None) -> None:
        super().__init__(window.root, "Connect")
        self._window = window
        self._keys = tk.StringVar(self)
        self._is_in_keyring = tk.BooleanVar(self)
        self._open_network = tk.BooleanVar(self)
        self.add_heading("Connect to a field")
        ways = ttk.Frame(self.body)
        ways.pack(fill="x", pady=(self.em, 0))
        room = ttk.Frame(self.body)
        room.pack(fill="x")
        room.columnconfigure(0, weight=1)
        rounds = Rounds(self, window.settings.period_s)
        port = PortPane(room, rounds)
        self._panes: tuple[Pane, ...] = (port, BridgePane(room, self._heed_keys), NetworkPane(room, rounds))
        self._way = tk.StringVar(self)
        for column, pane in enumerate(self._panes):
            pane.bind("<<Connect>>", lambda event: self._connect())
            ways.columnconfigure(column, weight=1, uniform="way")
            ttkbootstrap.Radiobutton(
                ways,
                text=pane.name,
                value=pane.name,
                variable=self._way,
                command=self._show_way,
                bootstyle="primary-outline-toolbutton",
            ).grid(row=0, column=column, sticky="ew")
        self._add_keys()
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=40 * self.em)
        self.add_button("Connect", self._connect, is_default=True)
        self.add_button("Cancel", self.destroy)
        self._refresh()
        self._way.set((port if port.has_board else self._panes[1]).name)
        if nearby is not None:
            self._way.set(next(pane.name for pane in self._panes if pane.prefer(nearby)))
            self._open_network.set(not nearby.is_sealed)
        self._show_way()
        self.update_idletasks()
        room.rowconfigure(0, minsize=max(pane.winfo_reqheight() for pane in self._panes))
        self.open()

    @property
    def _pane(self) -> Pane:
        return next(pane for pane in self._panes if pane.name == self._way.get())

    def _show_way(self) -> None:
        for pane in self._panes:
            pane.grid_remove()
        self._pane.grid(row=0, column=0, sticky="nsew")
        self._problem.pack_forget()

    def _add_keys(self) -> None:
        form = ttk.Frame(self.body)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        keys = ttk.Frame(form)
        keys.columnconfigure(0, weight=1)
        known = self._window.memory.texts(_RECENT_KEYS)
        ttk.Combobox(keys, textvariable=self._keys, values=known).grid(row=0, column=0, sticky="ew")
        ttkbootstrap.Button(
            keys, text="Choose …", command=self._choose_keys, bootstyle="secondary-outline"
        ).grid(row=0, column=1, padx=(self.em // 2, 0))
        add_field(form, 0, "Keys", keys)
        add_hint(form, 1, f"a file that “treering provision” wrote, or {KEYRING}NAME")
        keep = ttkbootstrap.Checkbutton(
            form,
            text="Keep a copy of these keys in this system's own keyring",
            variable=self._is_in_keyring,
            bootstyle="round-toggle",
        )
        add_field(form, 2, "", keep, sticky="w")
        toggle = ttkbootstrap.Checkbutton(
            form,
            text="It has none: an open network, in which anybody may take part",
            variable=self._open_network,
            bootstyle="round-toggle",
        )
        add_field(form, 3, "", toggle, sticky="w")

    def _choose_keys(self) -> None:
        chosen = ttkbootstrap.Querybox.get_open_filename(self, title="The network's keys")
        if chosen:
            self._keys.set(chosen)

    def _heed_keys(self, bridge: FoundBridge) -> None:
        """A bridge tells whether its network has keys; who gives keys is not talked out of them."""
        self._open_network.set(not bridge.info.is_sealed and not self._keys.get().strip())

    def _access(self) -> Access:
        """Raises UsageError for keys that cannot be read, or neither keys nor an open network."""
        if where := self._keys.get().strip():
            access = load_access(where)
            if self._is_in_keyring.get() and access.keys is not None and not where.startswith(KEYRING):
                where = keep_in_keyring(access.keys)
            self._window.memory.add_recent(_RECENT_KEYS, where)
            return access
        if not self._open_network.get():
            raise UsageError("choose the network's keys, or say that it has none")
        return OPEN

    def _refresh(self) -> None:
        for pane in self._panes:
            pane.refresh()
        self._timer = self.after(_REFRESH_MS, self._refresh)

    def destroy(self) -> None:
        """Close, and look for nothing more."""
        self.after_cancel(self._timer)
        super().destroy()

    def _connect(self) -> None:
        try:
            source = self._pane.source(self._access())
        except TreeringError as error:
            self._problem.configure(text=str(error))
            self._problem.pack(anchor="w", pady=(self.em, 0))
        else:
            self.destroy()
            self._window.start(source)
