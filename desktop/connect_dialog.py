"""Which live field to connect to: serial ports as they come and go, and the network."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

import ttkbootstrap

from bridge.access import OPEN, Access, load_access
from bridge.errors import TreeringError, UsageError
from bridge.ports import PortInfo, list_ports
from bridge.udp_link import GROUP, PORT
from desktop.dialogs import Dialog
from desktop.lines import LineList
from desktop.live_source import LiveSource
from desktop.table import Column, Line
from protocol.packets import Network

_REFRESH_MS = 1_000
_NETWORKS = [network.name.lower() for network in Network]
_PERIODS_S = ("1", "2", "5", "10", "30", "60")


class ConnectDialog(Dialog):
    """`on_connect` gets the source that was chosen; the ports listed are those there are now."""

    def __init__(self, parent: tk.Misc, on_connect: Callable[[LiveSource], None]) -> None:
        super().__init__(parent, "Connect")
        self._on_connect = on_connect
        self._shown: list[PortInfo] | None = None
        self._port = tk.StringVar(self)
        self._udp = tk.BooleanVar(self, value=True)
        self._period = tk.StringVar(self, value="5")
        self._network = tk.StringVar(self, value=_NETWORKS[0])
        self._keys = tk.StringVar(self)
        self._open_network = tk.BooleanVar(self)
        self.add_heading("Connect to a field")
        self._list = self._add_ports()
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=34 * self.em)
        self._add_fields()
        self._problem.pack(anchor="w", pady=(self.em // 2, 0))
        self.add_button("Connect", self._connect, is_default=True)
        self.add_button("Cancel", self.destroy)
        self._refresh()
        self.open()

    def _add_ports(self) -> LineList:
        ttk.Label(self.body, text="Serial ports").pack(anchor="w", pady=(self.em, self.em // 3))
        frame = ttk.Frame(self.body, style="Card.TFrame", padding=1)
        frame.pack(fill="x")
        ports = LineList(frame, [Column("port", 14), Column("board", 20)], rows=4)
        ports.table.bind("<<TreeviewSelect>>", lambda event: self._take_selected())
        ports.table.bind("<Double-Button-1>", lambda event: self._connect())
        ports.pack(fill="x")
        return ports

    def _add_fields(self) -> None:
        form = ttk.Frame(self.body)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        ttk.Label(form, text="Port").grid(row=0, column=0, sticky="w")
        entry = ttk.Entry(form, textvariable=self._port)
        entry.grid(row=0, column=1, sticky="ew", padx=(self.em, 0))
        ttk.Label(form, text="a device, or socket://host:port", style="Muted.TLabel").grid(
            row=1, column=1, sticky="w", padx=(self.em, 0)
        )
        ttk.Label(form, text="Round").grid(row=2, column=0, sticky="w", pady=(self.em // 2, 0))
        period = ttk.Frame(form)
        period.grid(row=2, column=1, sticky="w", padx=(self.em, 0), pady=(self.em // 2, 0))
        ttk.Combobox(period, textvariable=self._period, values=_PERIODS_S, width=5).pack(side="left")
        ttk.Label(period, text="seconds").pack(side="left", padx=(self.em // 2, 0))
        ttk.Label(form, text="Network").grid(row=3, column=0, sticky="w", pady=(self.em // 2, 0))
        ttk.Combobox(form, textvariable=self._network, values=_NETWORKS, state="readonly", width=8).grid(
            row=3, column=1, sticky="w", padx=(self.em, 0), pady=(self.em // 2, 0)
        )
        self._add_keys(form, row=4)
        ttkbootstrap.Checkbutton(
            form,
            text=f"Nodes on the network too (UDP {GROUP}:{PORT})",
            variable=self._udp,
            bootstyle="round-toggle",
        ).grid(row=6, column=0, columnspan=2, sticky="w", pady=(self.em, 0))

    def _add_keys(self, form: ttk.Frame, row: int) -> None:
        ttk.Label(form, text="Keys").grid(row=row, column=0, sticky="w", pady=(self.em // 2, 0))
        keys = ttk.Frame(form)
        keys.grid(row=row, column=1, sticky="ew", padx=(self.em, 0), pady=(self.em // 2, 0))
        keys.columnconfigure(0, weight=1)
        ttk.Entry(keys, textvariable=self._keys).grid(row=0, column=0, sticky="ew")
        ttkbootstrap.Button(
            keys, text="Choose ...", command=self._choose_keys, bootstyle="secondary-outline"
        ).grid(row=0, column=1, padx=(self.em // 2, 0))
        ttkbootstrap.Checkbutton(
            form,
            text="It has none: an open network, in which anybody may take part",
            variable=self._open_network,
            bootstyle="round-toggle",
        ).grid(row=row + 1, column=1, sticky="w", padx=(self.em, 0), pady=(self.em // 2, 0))

    def _choose_keys(self) -> None:
        chosen = ttkbootstrap.Querybox.get_open_filename(self, title="The network's keys")
        if chosen:
            self._keys.set(chosen)

    def _access(self) -> Access:
        """Raises UsageError for keys that cannot be read, or neither keys nor an open network."""
        if self._keys.get().strip():
            return load_access(self._keys.get().strip())
        if not self._open_network.get():
            raise UsageError("choose the network's keys, or say that it has none")
        return OPEN

    def _refresh(self) -> None:
        """Ports come and go while the dialog is open."""
        ports = list_ports()
        if ports != self._shown:
            self._shown = ports
            self._list.clear()
            self._list.add(Line((port.device, port.board)) for port in ports)
            if not ports:
                self._list.add([Line(("none", "plug a board in, with a cable that carries data"))])
            boards = [port for port in ports if port.vid is not None]
            if len(boards) == 1 and not self._port.get():
                self._port.set(boards[0].device)
        self._timer = self.after(_REFRESH_MS, self._refresh)

    def destroy(self) -> None:
        """Close, and look for ports no more."""
        self.after_cancel(self._timer)
        super().destroy()

    def _take_selected(self) -> None:
        selected = self._list.table.selection()
        if selected and self._shown:
            self._port.set(self._shown[self._list.table.index(selected[0])].device)

    def _connect(self) -> None:
        port = self._port.get().strip()
        try:
            period_s = float(self._period.get())
            network = Network[self._network.get().upper()]
            source = LiveSource(
                [port] if port else [],
                access=self._access(),
                udp=self._udp.get(),
                period_s=period_s,
                network=network,
            )
        except ValueError:
            self._problem.configure(text=f"{self._period.get()!r} is no time for a round: write seconds")
        except TreeringError as error:
            self._problem.configure(text=str(error))
        else:
            if not port and not self._udp.get():
                self._problem.configure(text="nothing to connect to: choose a port, or the network")
                return
            self.destroy()
            self._on_connect(source)
