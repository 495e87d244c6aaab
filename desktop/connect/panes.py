"""The ways to a live field: what each asks for, and the source that it makes of the answers."""

from __future__ import annotations

import tkinter as tk
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from bridge.access import Access
from bridge.addresses import STREAM_PORT, address_text, parse_address
from bridge.descriptions import NETWORKS
from bridge.discovery import FoundBridge
from bridge.errors import UsageError
from bridge.ports import PortInfo, list_ports
from bridge.udp_link import GROUP, PORT
from desktop import theme
from desktop.connect.bridge_finder import BridgeFinder
from desktop.connect.nearby import Nearby
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.sources.bridge import BridgeSource
from desktop.sources.link import LinkSource
from desktop.sources.live import LiveSource
from protocol.packets import Network

_PERIODS_S = ("1", "2", "5", "10", "30", "60")
_ROWS = 3
_TEXT_EM = 40
_OPEN = "open"


class Pane(ABC, ttk.Frame):
    """One way; `refresh` is called every second while the dialog is open."""

    name: str
    text: str

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master)
        self.em = theme.em_px()
        label = ttk.Label(self, text=self.text, style="Muted.TLabel", wraplength=_TEXT_EM * self.em)
        label.pack(anchor="w", pady=(self.em, 0))

    @abstractmethod
    def source(self, access: Access) -> LinkSource:
        """What was chosen. Raises UsageError for what is no answer."""

    def prefer(self, nearby: Nearby) -> bool:
        """Begin with that one, if it is of this way; whether it is."""
        return False

    def refresh(self) -> None:
        """Bring what is listed to what there is now."""

    def _add_list(self, columns: Sequence[Column], on_choice: Callable[[int], None]) -> LineList:
        """Lines to choose from; `on_choice` gets the number of the one that is chosen."""
        frame = ttk.Frame(self, style="Card.TFrame", padding=1)
        frame.pack(fill="both", expand=True, pady=(self.em, 0))
        lines = LineList(frame, columns, rows=_ROWS)
        lines.pack(fill="both", expand=True)

        def choose(event: tk.Event[tk.Misc]) -> None:
            if selected := lines.table.selection():
                on_choice(lines.table.index(selected[0]))

        lines.table.bind("<<TreeviewSelect>>", choose)
        lines.table.bind("<Double-Button-1>", lambda event: self.event_generate("<<Connect>>"))
        return lines

    def _add_form(self) -> ttk.Frame:
        form = ttk.Frame(self)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        return form


class BridgePane(Pane):
    """A bridge, of those that are found or by its address; `on_found` gets the one that is chosen."""

    name = "Bridge"
    text = "Hear what a bridge hears, and see how it is. The app only listens."

    def __init__(self, master: tk.Misc, on_found: Callable[[FoundBridge], None]) -> None:
        super().__init__(master)
        self._on_found = on_found
        self._found: Sequence[FoundBridge] | None = None
        self._address = tk.StringVar(self)
        self._list = self._add_list(
            (Column("bridge", 11), Column("network", 7), Column("keys", 4), Column("address", 11)), self._take
        )
        self._list.table.tag_configure(_OPEN, foreground=theme.current().seeking)
        self._hint = ttk.Label(self, style="Muted.TLabel", wraplength=_TEXT_EM * self.em)
        self._hint.pack(anchor="w", pady=(self.em // 3, 0))
        form = self._add_form()
        add_field(form, 0, "Address", ttk.Entry(form, textvariable=self._address))
        add_hint(form, 1, f"HOST or HOST:PORT (port: {STREAM_PORT}); localhost for one on this computer")
        self._finder = BridgeFinder()
        self._finder.start()

    def source(self, access: Access) -> LinkSource:
        """See Pane.source."""
        text = self._address.get().strip()
        if not text:
            raise UsageError("choose a bridge, or write its address")
        return BridgeSource(parse_address(text, STREAM_PORT), access=access)

    def prefer(self, nearby: Nearby) -> bool:
        """See Pane.prefer."""
        self._address.set(nearby.bridge)
        return bool(nearby.bridge)

    def refresh(self) -> None:
        """Bridges come and go, too."""
        found = self._finder.found
        if found != self._found:
            self._found = found
            self._list.show(_bridge_line(bridge) for bridge in found)
        if self._finder.problem:
            hint = f"there is no mDNS here ({self._finder.problem}): write the address"
        elif found:
            hint = "found by mDNS, which proves nothing: keys do"
        else:
            hint = "looking in the local network; a bridge that listens on localhost alone is not found"
        self._hint.configure(text=hint)

    def destroy(self) -> None:
        """Look no more."""
        self._finder.stop()
        super().destroy()

    def _take(self, number: int) -> None:
        if self._found:
            self._address.set(address_text(self._found[number].address))
            self._on_found(self._found[number])


def _bridge_line(bridge: FoundBridge) -> Line:
    info = bridge.info
    values = (info.name, info.network, "sealed" if info.is_sealed else "OPEN", address_text(bridge.address))
    return Line(values, "" if info.is_sealed else _OPEN)


class Rounds:
    """How the network goes that the app takes part in, the same in all panes."""

    def __init__(self, master: tk.Misc, period_s: float) -> None:
        self._period = tk.StringVar(master, value=f"{period_s:g}")
        self._network = tk.StringVar(master, value=NETWORKS[0])

    def add_to(self, form: ttk.Frame, row: int) -> None:
        """Ask for it in a row of the form."""
        em = theme.em_px()
        both = ttk.Frame(form)
        networks = ttk.Combobox(both, textvariable=self._network, values=NETWORKS, state="readonly", width=8)
        networks.pack(side="left")
        ttk.Label(both, text="with a round every").pack(side="left", padx=em)
        ttk.Combobox(both, textvariable=self._period, values=_PERIODS_S, width=5).pack(side="left")
        ttk.Label(both, text="seconds").pack(side="left", padx=(em // 2, 0))
        add_field(form, row, "Network", both)

    @property
    def network(self) -> Network:
        """What kind it is."""
        return Network[self._network.get().upper()]

    @property
    def period_s(self) -> float:
        """The time between two rounds. Raises UsageError for what is no number."""
        try:
            return float(self._period.get())
        except ValueError:
            raise UsageError(f"{self._period.get()!r} is no time for a round: write seconds") from None


class PortPane(Pane):
    """A serial port, of those there are or by its name, and the network beside it if wanted."""

    name = "Serial port"
    text = "A board on USB, as a node or as the gateway to others. The app takes part, in a tree as its root."

    def __init__(self, master: tk.Misc, rounds: Rounds) -> None:
        super().__init__(master)
        self._rounds = rounds
        self._ports: list[PortInfo] | None = None
        self._port = tk.StringVar(self)
        self._udp = tk.BooleanVar(self)
        self._list = self._add_list((Column("port", 14), Column("board", 20)), self._take)
        form = self._add_form()
        entry = ttk.Entry(form, textvariable=self._port)
        add_field(form, 0, "Port", entry)
        ttkbootstrap.ToolTip(entry, text="A device, or socket://HOST:PORT of a serial port elsewhere")
        rounds.add_to(form, 1)
        toggle = ttkbootstrap.Checkbutton(
            form, text="Agents on the network too", variable=self._udp, bootstyle="round-toggle"
        )
        add_field(form, 2, "", toggle, sticky="w")

    @property
    def has_board(self) -> bool:
        """Whether a board is plugged in."""
        return any(port.vid is not None for port in self._ports or ())

    def source(self, access: Access) -> LinkSource:
        """See Pane.source."""
        port = self._port.get().strip()
        if not port:
            raise UsageError("choose a port, or write its name")
        rounds = self._rounds
        return LiveSource(
            [port], access=access, udp=self._udp.get(), period_s=rounds.period_s, network=rounds.network
        )

    def prefer(self, nearby: Nearby) -> bool:
        """See Pane.prefer."""
        self._port.set(nearby.port)
        return bool(nearby.port)

    def refresh(self) -> None:
        """Ports come and go while the dialog is open."""
        ports = list_ports()
        if ports == self._ports:
            return
        self._ports = ports
        nothing = [Line(("none", "plug a board in, with a cable that carries data"))]
        self._list.show([Line((port.device, port.board)) for port in ports] or nothing)
        boards = [port for port in ports if port.vid is not None]
        if len(boards) == 1 and not self._port.get():
            self._port.set(boards[0].device)

    def _take(self, number: int) -> None:
        if self._ports:
            self._port.set(self._ports[number].device)


class NetworkPane(Pane):
    """Agents on the network, without a board."""

    name = "Network"
    text = (
        f"Agents on Pis and other computers, by UDP (group {GROUP}, port {PORT})."
        " The app takes part, in a tree as its root."
    )

    def __init__(self, master: tk.Misc, rounds: Rounds) -> None:
        super().__init__(master)
        self._rounds = rounds
        rounds.add_to(self._add_form(), 0)

    def source(self, access: Access) -> LinkSource:
        """See Pane.source."""
        return LiveSource([], access=access, period_s=self._rounds.period_s, network=self._rounds.network)


def add_field(form: ttk.Frame, row: int, label: str, field: tk.Widget, sticky: str = "ew") -> None:
    """A labelled field in that row."""
    em = theme.em_px()
    above = em // 2 if row else 0
    ttk.Label(form, text=label, width=8).grid(row=row, column=0, sticky="w", pady=(above, 0))
    field.grid(row=row, column=1, sticky=sticky, padx=(em, 0), pady=(above, 0))


def add_hint(form: ttk.Frame, row: int, text: str) -> None:
    """A word on the field above."""
    ttk.Label(form, text=text, style="Muted.TLabel").grid(
        row=row, column=1, sticky="w", padx=(theme.em_px(), 0)
    )
