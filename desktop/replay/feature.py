"""Time: a log, or what a live session has recorded, at any place and any pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ttkbootstrap

from desktop import theme
from desktop.actions import Action
from desktop.feature import Feature
from desktop.keep.feature import KeepFeature
from desktop.model.model import Changes
from desktop.replay.go_to import place_in
from desktop.replay.overview import Overview, Told
from desktop.replay.playback import SPEEDS
from desktop.replay.replay import Replay
from desktop.replay.transport import Controls, Shown, Transport
from desktop.sources.session import LiveSession, Session

if TYPE_CHECKING:
    from desktop.window import Window

_MOVE_MS = 50  # the playhead moves so often
_HELD_BACK = 0.8  # less than this share of the speed that was asked for is told


class ReplayFeature(Feature):
    """The transport below the views, and its actions."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._by_round = False
        self._told = Told()
        page, obstacle = window.workspace, window.session_obstacle

        def action(label: str, key: str, run: Callable[[], object], group: int = 0) -> Action:
            return Action("Replay", label, key, run, obstacle=obstacle, page=page, group=group)

        self.back = action("Step back", "F6", lambda: self._step(-1))
        self.play = action("Play or pause", "F7", self.toggle)
        self.forward = action("Step forward", "F8", lambda: self._step(1))
        self.loop = action("Loop the last round, or no more", "Shift+F7", self.toggle_loop, 2)
        self.newest = action("To the newest: live, or the log's end", "End", self.follow, 1)
        self.actions = [
            self.back,
            self.play,
            self.forward,
            action("Back to the round before", "Alt+Left", lambda: self._step_round(-1), 1),
            action("On to the next round", "Alt+Right", lambda: self._step_round(1), 1),
            action("To the beginning", "Home", lambda: self._seek_records(0), 1),
            self.newest,
            action("Go to a time or a packet …", "h", self.ask_where, 1),
            action("Steps of a packet, or of a round", "Shift+F8", self._toggle_unit, 2),
            action("Faster", "Alt+Up", lambda: self._change_speed(1), 2),
            action("Slower", "Alt+Down", lambda: self._change_speed(-1), 2),
            self.loop,
            action("Loop from here", "", lambda: self._loop_here(0), 2),
            action("Loop to here", "", lambda: self._loop_here(1), 2),
        ]
        controls = Controls(self.seek_time, self._loop, self._set_speed, self._set_by_round)
        buttons = (self.back, self.play, self.forward, self.loop, self.newest)
        self.transport = Transport(page.foot, buttons, controls)
        self.transport.pack(fill="x", pady=(theme.em_px() // 3, 0))
        self._timer = window.root.after(_MOVE_MS, self._move)

    # --- what a person does ------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause; what is live is held."""
        session = self.window.session
        if isinstance(session, LiveSession) and session.replay is None:
            session.hold()
        else:
            self._replay().toggle()
        self.refresh()

    def follow(self) -> None:
        """Show the newest, from now on."""
        session = self.window.session
        if isinstance(session, LiveSession):
            session.go_live()
        elif session is not None:
            self._replay().playback.follow()
        self.refresh()

    def seek_time(self, time_us: float) -> None:
        """Show what was then."""
        session = self.window.session
        if session is not None:
            session.seek(time_us)
            self._show_now()

    def toggle_loop(self) -> None:
        """Loop the last round before here, or loop no more."""
        playback = self._replay().playback
        if playback.loop is not None:
            playback.loop = None
        else:
            last, before = self._replay().round_places(self._replay().position)
            playback.set_loop(before, last)
        self.refresh()

    def ask_where(self) -> None:
        """Ask for a time since the beginning, or for the number of a packet, and go there."""
        text = ttkbootstrap.Querybox.get_string(
            "A time since the beginning, as 1:23 or 83.5 s, or a packet, as #1200",
            "Go to",
            parent=self.window.root,
        )
        if not text:
            return
        try:
            is_packet, value = place_in(text)
        except ValueError as error:
            self.window.complain("There is no such place", str(error))
            return
        if is_packet:
            self._seek_records(int(value))
        elif (session := self.window.session) is not None:
            replay = session.replay
            start_us = replay.times.start_us if replay is not None else session.model.start_us
            self.seek_time((start_us or 0) + value * 1e6)

    # --- what goes on ------------------------------------------------------------------------------------

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self._told = Told()
        if isinstance(session, LiveSession):
            self._told.add_events(session.model.events)
            self._told.add_rows(session.model.rows)
            session.subscribe(self._note)
        self.refresh()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        session = self.window.session
        if session is not None and self.transport.winfo_viewable():
            self.transport.show(self._shown(session), self._overview(session))

    def repaint(self) -> None:
        """See desktop.feature.Feature.repaint."""
        self.transport.repaint()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.window.root.after_cancel(self._timer)

    def _move(self) -> None:
        self._timer = self.window.root.after(_MOVE_MS, self._move)
        session = self.window.session
        if session is not None and session.replay is not None and session.replay.playback.is_playing:
            self.transport.move(session.replay.cursor_us)

    def _note(self, changes: Changes) -> None:
        self._told.add_events(changes.events)
        self._told.add_rows(changes.rows)

    def _shown(self, session: Session) -> Shown:
        replay, is_live = session.replay, isinstance(session, LiveSession)
        if replay is None:
            return Shown(False, 1.0, None, False, self._by_round, is_live, True)
        playback = replay.playback
        real = playback.real_speed
        return Shown(
            playback.is_playing,
            playback.speed,
            real if real is not None and real < _HELD_BACK * playback.speed and not replay.waits else None,
            playback.loop is not None,
            self._by_round,
            is_live,
            not is_live and playback.follows,
            replay.analysed_share if replay.waits else None,
        )

    def _overview(self, session: Session) -> Overview | None:
        """Of a log all that is known, of a live session all that came."""
        marked = [(mark.time_us, mark.text) for mark in self.window.feature(KeepFeature).bookmarks.items]
        if not isinstance(session, LiveSession):
            replay = session.replay
            return replay.overview(marked) if replay is not None and len(replay.times) else None
        start_us, replay = session.model.start_us, session.replay
        if start_us is None:
            return None
        end_us, told = session.model.now_us, self._told
        shown_us, reach_us, loop_us = end_us, end_us, None
        if replay is not None:
            shown_us, reach_us, loop_us = round(replay.cursor_us), replay.reach_us, replay.loop_us
        return Overview(
            start_us,
            end_us,
            shown_us,
            reach_us,
            loop_us,
            told.events,
            told.rounds,
            told.lines.__getitem__,
            marked,
            is_live=True,
        )

    def _show_now(self) -> None:
        """A person waits to see it."""
        session = self.window.session
        if session is not None and session.replay is not None:
            self.window.workspace.attach(session.viewed)
            self.transport.move(session.replay.cursor_us)

    def _replay(self) -> Replay:
        """What is replayed; a live session is held for it."""
        session = self.window.session
        assert session is not None  # an action's obstacle
        return session.hold()

    def _step(self, direction: int) -> None:
        replay = self._replay()
        (replay.step_round if self._by_round else replay.step)(direction)
        self._show_now()

    def _step_round(self, direction: int) -> None:
        self._replay().step_round(direction)
        self._show_now()

    def _seek_records(self, records: int) -> None:
        self._replay().seek(records)
        self._show_now()

    def _loop(self, first_us: float, last_us: float) -> None:
        replay = self._replay()
        first, last = sorted((first_us, last_us))
        replay.playback.set_loop(replay.times.records_until(first), replay.times.records_until(last))
        self.refresh()

    def _loop_here(self, edge: int) -> None:
        replay = self._replay()
        loop = list(replay.playback.loop or (0, len(replay.times)))
        loop[edge] = replay.position
        replay.playback.set_loop(min(loop), max(loop))
        self.refresh()

    def _set_speed(self, speed: float) -> None:
        self._replay().set_speed(speed)

    def _change_speed(self, steps: int) -> None:
        speed = self._replay().playback.speed
        place = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - speed)) + steps
        self._set_speed(SPEEDS[max(0, min(place, len(SPEEDS) - 1))])
        self.refresh()

    def _set_by_round(self, by_round: bool) -> None:
        self._by_round = by_round

    def _toggle_unit(self) -> None:
        self._by_round = not self._by_round
        self.refresh()
