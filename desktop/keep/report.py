"""A session as one HTML page that needs nothing else: for a lab report, an e-mail, or paper."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from bridge.entries import utc
from desktop.keep.job import Tell
from desktop.keep.markup import Markup, element, joined, table
from desktop.keep.report_facts import MOST_ROWS, Facts, ReportRequest, RoundSum, gather
from desktop.keep.report_pictures import network_svg, plot_svg
from desktop.keep.report_style import style
from desktop.model.model import Model
from desktop.model.words import (
    count_label,
    duration_label,
    metric_label,
    plural,
    reading_label,
    unit_label,
    value_label,
)
from desktop.network.scenes import scene_of
from protocol.aggregate import metric_of
from protocol.observer import RoundRow
from protocol.packets import Network

MOST_NODES = 2_000
_REAL_TIME_US = 946_684_800_000_000  # the year 2000: what is before is the time of a simulation
_SUM_HEADS = ("rounds", "exact", "saturated", "nodes counted", "of the alive", "average", "lowest average",
              "highest average", "maximum", "at node")  # fmt: skip
_NETWORKS = {Network.TREE: "sink tree", Network.RING: "token ring", Network.POLLING: "polled network"}


def make_report(request: ReportRequest, tell: Tell) -> str:
    """Write the page, which is there when it is whole; an empty file of that name kept the name until then.

    Raises UsageError, OSError, CancelledError.
    """
    part = request.path.with_name(request.path.name + ".part")
    try:
        facts = gather(request, tell)
        part.write_text(page(request, facts, tell), encoding="utf-8")
        os.replace(part, request.path)
    except BaseException:
        part.unlink(missing_ok=True)
        if request.path.is_file() and not request.path.stat().st_size:
            request.path.unlink()
        raise
    return f"{facts.records:,} packets, {plural(facts.rounds, 'result')}"


def page(request: ReportRequest, facts: Facts, tell: Tell = lambda share, text: None) -> str:
    """The whole of it."""
    sections: list[tuple[str, Callable[[], Markup]]] = [
        ("Session", lambda: _session(request, facts)),
        ("Notes", lambda: _notes(request, facts.model)),
        ("The network at the end", lambda: _network(facts.model)),
        ("Over time", lambda: _plots(facts.model)),
        ("How exact the results are", lambda: _exactness(facts)),
        ("Rounds", lambda: _rounds(facts)),
        ("Nodes", lambda: _nodes(facts.model)),
        ("Links", lambda: _links(facts)),
        ("Events", lambda: _events(facts)),
    ]
    made = []
    for i, (title, make) in enumerate(sections):
        tell(0.9 + 0.1 * i / len(sections), title.lower())
        if content := make():
            made.append(element("section", element("h2", title), content))
    head = joined([
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"Treering {version('treering')}"),
        element("title", f"{request.title} – Treering report"),
        element("style", Markup(style())),
    ])  # fmt: skip
    lead = element("p", f"Report of a session recorded in {request.log.name}", class_="lead")
    body = element("main", element("h1", request.title), lead, *made, _foot())
    return (
        "<!DOCTYPE html>\n" + element("html", element("head", head), element("body", body), lang="en") + "\n"
    )


def _foot() -> Markup:
    made_at = datetime.now().astimezone().isoformat(timespec="seconds")
    text = f"Made by Treering {version('treering')} on {made_at}; its numbers come from"
    return element("p", text + " the packet log: open it to check any of them.", class_="muted")


# --- what, when, with what -------------------------------------------------------------------------------


def _session(request: ReportRequest, facts: Facts) -> Markup:
    items = [(name, value) for name, value in _settings(request, facts) if value]
    definitions = [joined((element("dt", name), element("dd", value))) for name, value in items]
    return joined([element("dl", *definitions), *(element("p", remark) for remark in facts.remarks)])


def _settings(request: ReportRequest, facts: Facts) -> Iterator[tuple[str, str]]:
    model = facts.model
    yield "Source", request.title
    yield "Log", f"{request.log.name}, {plural(facts.records, 'packet')}"
    if model.start_us is not None:
        yield "Time span", _span(model)
        yield "Length", duration_label(model.seconds(model.now_us))
    yield "Network", f"{_NETWORKS[model.network]}, {plural(len(scene_of(model, 0).looks), 'node')}"
    yield "Metrics", ", ".join(_metric(metric_id) for metric_id in sorted(facts.sums))
    yield "Round period", _period(facts)
    keys = request.access.keys
    yield "Protection", "open frames" if keys is None else f"sealed frames of the network “{keys.name}”"
    if facts.opener is not None and facts.opener.unread:
        yield "Not opened", plural(facts.opener.unread.total(), "frame")


def _span(model: Model) -> str:
    assert model.start_us is not None
    if model.start_us < _REAL_TIME_US:
        return "simulated time"
    first, last = (f"{utc(time_us):%Y-%m-%d %H:%M:%S}" for time_us in (model.start_us, model.now_us))
    return f"{first} to {last} UTC"


def _period(facts: Facts) -> str:
    """As it was, over the whole session: rounds that were never finished make it longer."""
    times_us = [row.timestamp_us for row in facts.model.rows]
    rounds = [row.round for row in facts.model.rows]
    if not rounds or rounds[-1] <= rounds[0]:
        return ""
    return f"{(times_us[-1] - times_us[0]) / (rounds[-1] - rounds[0]) / 1e6:.1f} s, as it was on average"


def _notes(request: ReportRequest, model: Model) -> Markup:
    notes = request.notes
    rows = [(duration_label(model.seconds(each.time_us)), each.text) for each in notes.bookmarks]
    parts = [element("p", line) for line in notes.note.splitlines()]
    return joined([*parts, table(("time", "bookmark"), rows)] if rows else parts)


# --- pictures --------------------------------------------------------------------------------------------


def _network(model: Model) -> Markup:
    if not scene_of(model, 0).looks:
        return element("p", "No node was heard.", class_="muted")
    summary = scene_of(model, 0).summary
    label = f"{_NETWORKS[model.network]}: {summary}"
    return element("figure", network_svg(model, min(model.series, default=0), label), _caption(summary))


def _plots(model: Model) -> Markup:
    return joined(
        element(
            "figure",
            plot_svg(model, metric_id, f"{_metric(metric_id)} over time"),
            _caption(_metric(metric_id)),
        )
        for metric_id in sorted(model.series)
    )


def _caption(text: str) -> Markup:
    return element("figcaption", text)


# --- results ---------------------------------------------------------------------------------------------


def _exactness(facts: Facts) -> Markup:
    if not facts.sums:
        return element("p", "No round was finished.", class_="muted")
    law = (
        "A result is exact for the nodes that it counts, or it says that it is not: then its count is given"
        " as from–to, because a report may have been lost or have come twice. The average and the maximum are"
        " of the nodes that are counted, not of those that were silent."
    )
    rows = [_sum_cells(each, _metric(metric_id)) for metric_id, each in sorted(facts.sums.items())]
    return joined((element("p", law), table(("metric", *_SUM_HEADS), rows, numbers=10)))


def _sum_cells(each: RoundSum, name: str) -> tuple[str, ...]:
    unit, found = metric_of(each.metric_id).unit, each.averages > 0
    low, high = each.count_least or 0, each.count_most
    return (
        name,
        f"{each.rounds:,}",
        f"{each.exact / each.rounds:.1%}" if each.rounds else "–",
        f"{each.saturated:,}",
        str(low) if low == high else f"{low} to {high}",
        f"{each.counted / each.alive:.1%}" if each.alive else "–",
        value_label(each.average, unit),
        value_label(each.average_least if found else None, unit),
        value_label(each.average_most if found else None, unit),
        value_label(each.highest.maximum if each.highest else None, unit),
        "–" if each.highest is None else str(each.highest.max_id),
    )


def _rounds(facts: Facts) -> Markup:
    if not facts.rounds:
        return Markup("")
    if facts.rounds <= MOST_ROWS:
        columns = ("time", "round", "metric", "maximum", "at node", "average", "nodes", "exact")
        return table(columns, (_round_cells(facts.model, row) for row in facts.model.rows), numbers=5)
    sums = [
        (duration_label(at * facts.interval_s), *_sum_cells(each, _metric(metric_id)))
        for (at, metric_id), each in sorted(facts.intervals.items())
    ]
    text = f"{plural(facts.rounds, 'result')}, summed up in intervals of {_length(facts.interval_s)};"
    note = element("p", f"{text} each one is in the log, and can be exported as CSV.", class_="muted")
    return joined((note, table(("from", "metric", *_SUM_HEADS), sums, numbers=10)))


def _round_cells(model: Model, row: RoundRow) -> tuple[str, ...]:
    unit = row.metric.unit
    return (
        duration_label(model.seconds(row.timestamp_us)),
        str(row.round),
        metric_label(row.metric.name),
        value_label(row.maximum, unit),
        "–" if row.max_id is None else str(row.max_id),
        value_label(row.average, unit),
        count_label(row),
        "saturated" if row.saturated else "yes" if row.exact else "no",
    )


def _length(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else duration_label(seconds)


def _metric(metric_id: int) -> str:
    metric = metric_of(metric_id)
    return f"{metric_label(metric.name)} ({unit_label(metric.unit)})"


# --- nodes, links, events --------------------------------------------------------------------------------


def _nodes(model: Model) -> Markup:
    looks = scene_of(model, min(model.series, default=0)).looks
    told = {node.id: node for node in model.tree()}
    readings, heard = _last_readings(model), model.heard_us()
    rows = []
    for node_id in sorted(looks)[:MOST_NODES]:
        node = told.get(node_id)
        rows.append((
            str(node_id),
            looks[node_id].standing.value,
            "–" if node is None or node.parent is None else str(node.parent),
            "–" if node is None or node.hop_count is None else str(node.hop_count),
            "–" if node is None or node.quality is None else f"{node.quality:.0%}",
            duration_label(model.seconds(heard[node_id])) if node_id in heard else "–",
            _readings_text(readings.get(node_id, {})),
        ))  # fmt: skip
    heads = (
        "node",
        "state at the end",
        "parent",
        "hops",
        "reports that arrive",
        "last heard",
        "last reading",
    )
    more = len(looks) - len(rows)
    note = [element("p", f"and {more:,} more", class_="muted")] if more > 0 else []
    return joined((table(heads, rows), *note)) if rows else Markup("")


def _last_readings(model: Model) -> dict[int, dict[int, int]]:
    """By node and metric, raw: its latest own ones, or those of the last round that are known."""
    settled = {} if model.settled is None else model.settled.readings
    own = {node: dict(pairs) for node, (_, pairs) in model.readings_of_nodes().items()}
    return {node: {**settled.get(node, {}), **own.get(node, {})} for node in {*settled, *own}}


def _readings_text(raw_by_metric: dict[int, int]) -> str:
    words = (f"{metric_label(metric_of(m).name)} {reading_label(raw, m)}" for m, raw in raw_by_metric.items())
    return ", ".join(words) or "–"


def _links(facts: Facts) -> Markup:
    rows = [
        (name, *(f"{count:,}" for count in (each.frames, each.inbound, each.outbound, each.bytes, each.bad)),
         f"{each.bad / each.frames:.2%}")
        for name, each in sorted(facts.links.items())[:MOST_NODES]
    ]  # fmt: skip
    heads = ("link", "frames", "received", "sent", "bytes", "bad", "share bad")
    dropped = facts.model.observer.dropped
    why = ", ".join(f"{reason.label}: {count:,}" for reason, count in sorted(dropped.items()))
    parts = [table(heads, rows, numbers=6)] if rows else []
    return joined([*parts, element("p", f"Why frames were bad: {why}.")] if why else parts)


def _events(facts: Facts) -> Markup:
    model = facts.model
    rows = [
        (duration_label(model.seconds(event.timestamp_us)), event.kind.value, event.text)
        for event in facts.events
    ]
    if not rows:
        return element("p", "Nothing happened besides rounds.", class_="muted")
    counts = ", ".join(f"{kind.value}: {count:,}" for kind, count in facts.kinds.most_common())
    parts = [element("p", counts, class_="muted"), table(("time", "what", "event"), rows)]
    if facts.left_out:
        text = f"{plural(facts.left_out, 'event')} in the middle are left out; the log has all."
        parts.insert(1, element("p", text))
    return joined(parts)


def path_for(folder: Path, log: Path) -> Path:
    """Where the report of that log goes."""
    return folder / f"{log.stem}-report.html"
