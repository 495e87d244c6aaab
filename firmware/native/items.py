"""Items as the C core holds them."""

from __future__ import annotations

from typing import Any

from protocol.aggregate import Aggregate
from protocol.packets import Items, Link


def entry_of(entry: Any, version: int) -> tuple[int, Aggregate]:
    """Metric and aggregate of a tr_metric_aggregate_t."""
    a = entry.aggregate
    return entry.metric, Aggregate(version, a.max, a.max_id, a.total, a.count)


def items_of(items: Any) -> Items:
    """Those of a tr_items_t."""
    return Items(
        tuple(entry_of(items.aggregates[i], items.version) for i in range(items.aggregate_count)),
        tuple(Link(link.child, link.parent, link.quality) for link in items.links[0 : items.link_count]),
        items.doubt,
    )
