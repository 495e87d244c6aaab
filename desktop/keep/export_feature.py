"""Exports, and the report of a session: what leaves the app for other programs and for people."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge import new_file
from bridge.errors import TreeringError, UsageError
from desktop.actions import Action
from desktop.feature import Feature
from desktop.keep.export import TableRequest, What, export_table, write_columns
from desktop.keep.export_dialog import Choice, ExportDialog, Span, span_of
from desktop.keep.feature import KeepFeature
from desktop.keep.file_manager import reveal
from desktop.keep.job import Job, Outcome, Tell
from desktop.keep.job_bar import Choice as Offer
from desktop.keep.job_bar import JobBar
from desktop.keep.report import make_report, path_for
from desktop.keep.report_facts import ReportRequest
from desktop.model.words import EventKind
from desktop.plots.picture import save_picture
from desktop.sources.session import Session

if TYPE_CHECKING:
    from desktop.window import Window

MOST_NOTICES = 100  # in a report; more than fits into the pipe to its process would make the window wait


class ExportFeature(Feature):
    """Tables and the report are made beside the window, of the log; pictures at once, as they are seen."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.bars: list[JobBar] = []
        self.actions = [
            Action("File", "Export …", "Shift+e", self.ask, group=1),
            Action("File", "Report as HTML", "Shift+r", self.report, group=1),
        ]

    def ask(self) -> None:
        """Which export, and where to."""
        session = self.window.session_or_complaint("There is nothing to export yet")
        if session is not None:
            ExportDialog(
                self.window.root, self.spans(session), lambda choice: self._ask_where(session, choice)
            ).open()

    def export(self, session: Session, choice: Choice, path: Path) -> None:
        """Write that file."""
        if choice.what.kind:
            span = choice.span
            request = TableRequest(
                session.log, session.source.opener.access, choice.what, span.from_us, span.to_us, path
            )
            self._begin(
                path, export_table, request, [("Show in folder", lambda: reveal(path, self.window.complain))]
            )
        else:
            self._write_picture(session, choice, path)

    def report(self, path: Path | None = None) -> None:
        """Make the report of the session among the recordings, or there."""
        session = self.window.session_or_complaint("There is nothing to report yet")
        if session is None:
            return
        keep = self.window.feature(KeepFeature)
        try:
            path = path or self._new_path(path_for(keep.recordings.new_path().parent, session.log))
        except UsageError as error:
            self.window.complain("The report cannot be written", str(error))
            return
        events = session.model.events if session.source.log is None else ()  # a log has none of the app's own
        notices = [event for event in events if event.kind is EventKind.NOTICE][-MOST_NOTICES:]
        request = ReportRequest(
            session.log, session.source.opener.access, session.source.title, keep.bookmarks.notes,
            notices, path,
        )  # fmt: skip
        offers = [
            ("Open", lambda: webbrowser.open(path.as_uri())),
            ("Show in folder", lambda: reveal(path, self.window.complain)),
        ]
        self._begin(path, make_report, request, offers)

    def spans(self, session: Session) -> Sequence[Span]:
        """The parts of the log that can be exported, the whole first."""
        model, whole = session.viewed, Span("All of the session")
        if model.start_us is None:
            return [whole]
        from_s, to_s = self.window.workspace.plot.chart.viewport.window_s
        spans = [
            whole,
            span_of("What the plots show", model.start_us, from_s, min(to_s, model.seconds(model.now_us))),
        ]
        if session.replay is not None and (loop_us := session.replay.loop_us) is not None:
            spans.append(span_of("The range that loops", model.start_us, *map(model.seconds, loop_us)))
        return spans

    # --- what goes on ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        for bar in self.bars:
            if bar.winfo_exists():
                bar.look()
        self.bars = [bar for bar in self.bars if bar.winfo_exists()]

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        for bar in self.bars:
            bar.close()

    def _ask_where(self, session: Session, choice: Choice) -> None:
        types = [(choice.format, f"*{choice.suffix}"), ("All files", "*")]
        path = self.window.ask_save(f"Export: {choice.what.label}", types, choice.suffix)
        if path is not None:
            self.export(session, choice, path)

    def _write_picture(self, session: Session, choice: Choice, path: Path) -> None:
        plot = self.window.workspace.plot

        def write(to: Path) -> None:
            if choice.what is What.NETWORK:
                save_picture(session.viewed, to, session.source.title)
            elif choice.suffix in (".csv", ".parquet"):
                write_columns(plot.visible_columns(), to)
            else:
                plot.save(to)

        try:
            self.window.write(path, write)
        except (TreeringError, ValueError) as error:
            self.window.complain("This file cannot be written", f"{path}: {error}")

    def _begin(
        self, path: Path, work: Callable[[Any, Tell], str], request: object, offers: Sequence[Offer]
    ) -> None:
        def on_end(outcome: Outcome) -> None:
            if outcome.is_well:
                self.window.notice(f"saved as {path}")
            elif outcome.text != "cancelled":
                self.window.complain("This could not be made", outcome.text, outcome.details)

        bar = JobBar(self.window.root, path.name, Job(work, request), offers, on_end)
        bar.pack(fill="x", after=self.window.header)
        self.bars.append(bar)

    def _new_path(self, path: Path) -> Path:
        """An empty file, so that no other report takes its name. Raises UsageError."""
        free, file = new_file.create(path)
        file.close()
        return free
