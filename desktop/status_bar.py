"""The bottom line: the source and how it is doing, frames good and bad, and where they are recorded."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from tkinter.font import nametofont

import ttkbootstrap

from desktop import theme
from desktop.sources.session import Security, Session
from desktop.sources.source import State

_STATE_COLORS = {
    State.STARTING: "seeking",
    State.RUNNING: "joined",
    State.ENDED: "muted",
    State.FAILED: "maximum",
}

# In a word or two, in which colour, and what it means.
_SECURITY = {
    Security.SIMULATED: ("", "muted", ""),
    Security.UNKNOWN: ("", "muted", ""),
    Security.SEALED: (
        "sealed",
        "joined",
        "Frames are sealed: nobody without the keys reads them or takes part",
    ),
    Security.OPEN: (
        "open network",
        "seeking",
        "Frames are open: anybody near may read them, change them and take part",
    ),
    Security.LOCKED: (
        "sealed: no keys",
        "seeking",
        "Frames are sealed: open the log, or connect, again with the network's keys",
    ),
    Security.UNREAD: (
        "sealed: not opened",
        "seeking",
        "These keys open none of the frames: they are another network's, or a member's, who must hear\n"
        "each node say hello before it understands it; the controller's open all",
    ),
}


class StatusBar(ttk.Frame):
    """Shows a session; `refresh` is cheap, and called a few times a second."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, padding=(em, em // 3))
        self._state = ttk.Label(self)
        self._security = ttk.Label(self)
        self._source = ttk.Label(self, style="Muted.TLabel")
        self._frames = ttk.Label(self, style="Muted.TLabel")
        self._file = ttk.Label(self, style="Muted.TLabel", anchor="e")
        self._state.pack(side="left", padx=(0, em // 2))
        self._file.pack(side="right")
        self._frames.pack(side="right", padx=2 * em)
        self._security.pack(side="left")
        # Last, so that in a narrow window it is the one that is cut.
        self._source.pack(side="left", fill="x", expand=True)
        self._source.bind("<Configure>", lambda event: self._fit_source(), add=True)
        self._told = ""  # of the source, as long as it is
        self._protection = ttkbootstrap.ToolTip(self._security, text="")
        self._whole = ttkbootstrap.ToolTip(self._source, text="")
        self._why = ttkbootstrap.ToolTip(self._frames, text="")
        self._where = ttkbootstrap.ToolTip(self._file, text="")
        self._session: Session | None = None

    def attach(self, session: Session | None) -> None:
        """Show that session from now on."""
        self._session = session
        self.refresh()

    def refresh(self) -> None:
        """Bring the texts to the state of the session, in the colours of the theme in use."""
        session, palette = self._session, theme.current()
        if session is None:
            self._say(self._state, "")
            self._show_security(Security.SIMULATED)
            self._tell_source("")
            self._say(self._frames, "")
            self._say(self._file, "")
            return
        status = session.status
        self._state.configure(foreground=getattr(palette, _STATE_COLORS[status.state]))
        self._say(self._state, "●")
        self._show_security(session.security)
        progress = "" if status.progress is None else f" {status.progress:.0%}"
        self._tell_source(f"{session.source.title}: {status.text}{progress}")
        self._whole.configure(text=status.text)  # in a narrow window the line is cut
        observer = session.model.observer
        bad, lost = sum(observer.dropped.values()), sum(status.drops.values()) + session.not_shown
        unread = session.opener.unread.total()
        counts = f"{observer.good:,} frames good, {bad:,} bad, {lost:,} dropped"
        self._say(self._frames, f"{counts}, {unread:,} not opened" if unread else counts)
        self._say(self._file, _file_text(session))
        self._why.configure(text=_why_text(session))
        self._where.configure(
            text=str(session.log) if session.kept else "gone when the app closes, unless you save it"
        )

    def _show_security(self, security: Security) -> None:
        """A network that anybody may enter is not passed over."""
        text, color, why = _SECURITY[security]
        self._security.configure(
            foreground=getattr(theme.current(), color), padding=(0, 0, theme.em_px() // 2 if text else 0, 0)
        )
        self._say(self._security, text)
        self._protection.configure(text=why)

    def _tell_source(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._fit_source()

    def _fit_source(self) -> None:
        """As much of it as there is room for; all of it is in the hint."""
        font = nametofont("TkDefaultFont")
        text, room_px = self._told, self._source.winfo_width()
        while room_px > 1 < len(text) and font.measure(text) > room_px:  # 1: it is not shown yet
            text = text.rstrip("…")[:-1].rstrip(" ;,:") + "…"
        self._say(self._source, text)

    def _say(self, label: ttk.Label, text: str) -> None:
        if label.cget("text") != text:
            label.configure(text=text)


def _file_text(session: Session) -> str:
    if session.source.log is not None:
        return session.log.name
    if not session.is_recording:
        return f"{session.log.name}: recording has stopped"
    return f"recording {session.log.name}" if session.kept else "not recorded: Ctrl+S saves it"


def _why_text(session: Session) -> str:
    """Every reason with its count; bad frames are in the log, dropped ones never became records."""
    bad = [f"bad, {reason.label}: {count:,}" for reason, count in session.model.observer.dropped.items()]
    lost = [f"dropped, {reason}: {count:,}" for reason, count in session.status.drops.items() if count]
    unread = session.opener.unread
    lost += [f"not opened, {reason.label}: {count:,}" for reason, count in sorted(unread.items())]
    late = [f"on file, too fast to be shown: {session.not_shown:,}"] if session.not_shown else []
    return "\n".join([*bad, *lost, *late]) or "every frame was good"
