"""Links that run in a thread of their own, as a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bridge.access import OPEN, Access, RecordOpener
from bridge.link import Link, LinkCounts, LinkState
from bridge.thread import BridgeThread, Ended
from bridge.thread import Status as BridgeStatus
from desktop.sources.source import Put, Report, State, Status


class LinkSource:
    """All that is heard on `links`; `own_link` is the app's own node among them, which is no news.

    `access` opens the records; between the links frames go as `relay_access` allows.
    """

    log = None
    is_simulated = False

    def __init__(
        self,
        title: str,
        links: Sequence[Link],
        *,
        access: Access,
        relay_access: Access = OPEN,
        own_link: str | None = None,
    ) -> None:
        self.title = title
        self.opener = RecordOpener(access)
        self._links = links
        self._relay_access = relay_access
        self._own_link = own_link
        self._states: dict[str, LinkState] = {}
        self._counts: dict[str, LinkCounts] = {}
        self._thread: BridgeThread | None = None

    def start(self, put: Put, report: Report) -> None:
        """See desktop.sources.source.Source.start."""

        def on_status(status: BridgeStatus) -> None:
            report(self._status(status))

        self._thread = BridgeThread(self._links, put, on_status, self._relay_access)
        self._thread.start()

    def stop(self) -> None:
        """See desktop.sources.source.Source.stop."""
        if self._thread is not None:
            self._thread.stop()

    def _status(self, news: BridgeStatus) -> Status:
        notice = None
        if isinstance(news, Ended):
            return Status(State.FAILED if news.error else State.ENDED, news.error or "disconnected")
        if isinstance(news, LinkCounts):
            self._counts[news.link] = news
        elif news.link != self._own_link:
            self._states[news.link] = news
            notice = str(news)
        down = [state for state in self._states.values() if not state.is_up]
        text = "connected" if self._states else "connecting"
        if down:  # the only one is named by the title
            text = down[0].reason if len(self._states) == 1 else "; ".join(map(str, down))
        state = State.STARTING if down or not self._states else State.RUNNING
        return Status(state, text, drops=self._drops(), notice=notice)

    def _drops(self) -> Counter[str]:
        drops: Counter[str] = Counter()
        for counts in self._counts.values():
            for reason, count in counts.drops.items():
                drops[f"{reason.label} ({counts.link})"] += count
            drops[f"not sent ({counts.link})"] += counts.unsent
        return drops
