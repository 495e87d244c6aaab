"""Writes a trail."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bridge.access import Access
from bridge.log.decoder import packed
from bridge.private_file import write_private
from desktop.model.history import Series
from desktop.model.model import Model
from desktop.packets.seal import sealed
from desktop.replay.entries import BYTE, CHECKPOINT, EVENT, KINDS, READING, ROW, SAMPLE, row_entry, series_of
from desktop.replay.moment import Moment
from desktop.replay.tables import TableWriter, bounded
from desktop.replay.trail import BEGIN_BYTES, HEAD, Trail, about, begin_digest, read_head


class TrailWriter:
    """Adds to a trail: goes on where `trail` ends, or begins anew if that covers nothing. Raises OSError."""

    def __init__(self, trail: Trail, log: Path, access: Access, *, learns: bool) -> None:
        self._folder = trail.folder
        self._head = read_head(trail.folder) if trail.records else {}
        checkpoints, entry = 0, dict.fromkeys(CHECKPOINT.names or (), 0)
        self._series: dict[int, TableWriter] = {}
        self._told: dict[tuple[int, int], int] = {}  # readings, by node and metric
        if trail.records:
            checkpoints, entry, state = trail.end()
            self._series = {metric: self._sample_writer(metric, n) for metric, (n, _) in series_of(state)}
            self._told = {(node, metric): count for node, metric, count in state["nodes"]}
        else:
            self._begin_anew(log, access, learns=learns)
        self._log = log
        self._checkpoints = self._writer("checkpoints", CHECKPOINT, checkpoints)
        self._states = self._writer("states", BYTE, entry["state"])
        self._rows = self._writer("rows", ROW, entry["rows"])
        self._events = self._writer("events", EVENT, entry["events"])
        self._texts = self._writer("texts", BYTE, entry["texts"])
        self._readings = self._writer("readings", READING, entry["readings"])

    def commit(
        self, moment: Moment, newest_us: int, row_records: Sequence[int], event_records: Sequence[int]
    ) -> int:
        """Write a checkpoint, and what was told since the last: each row and event after which record.

        The size of the state, in bytes.
        """
        model = moment.model
        rows = model.rows.numbered(self._rows.count, model.rows.total)
        entries = [row_entry(at, row) for at, row in zip(row_records, rows, strict=True)]
        self._rows.append(np.array(entries, ROW))
        self._write_events(model, event_records)
        self._write_readings(model)
        for metric_id, series in model.series.items():
            self._write_samples(metric_id, series)
        state = packed(json.dumps(self._state_of(moment), separators=(",", ":")).encode())
        self._states.append(np.frombuffer(state, BYTE))
        counts = (self._rows.count, self._events.count, self._texts.count, self._readings.count)
        entry = (moment.records, bounded(newest_us), self._states.count, *counts)
        self._checkpoints.append(np.array([entry], CHECKPOINT))
        return len(state)

    def end(self) -> None:
        """The log was read to its end: if it is as large but changed later, the trail is stale."""
        status = self._log.stat()
        self._head |= {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        write_private(self._folder / HEAD, sealed(self._head).encode())

    def close(self) -> None:
        """No more; what was committed stays."""
        tables = (
            self._checkpoints, self._states, self._rows, self._events, self._texts, self._readings
        )  # fmt: skip
        for table in (*tables, *self._series.values()):
            table.close()

    def _begin_anew(self, log: Path, access: Access, *, learns: bool) -> None:
        for old in (self._folder / HEAD, *self._folder.glob("*.table")):
            old.unlink(missing_ok=True)
        size = log.stat().st_size
        begin_bytes = min(size, BEGIN_BYTES)
        self._head = {
            "id": secrets.token_hex(8),
            "about": about(access, learns=learns),
            "size": size,
            "mtime_ns": 0,
            "begin_bytes": begin_bytes,
            "begin": begin_digest(log, begin_bytes),
        }
        write_private(self._folder / HEAD, sealed(self._head).encode())

    def _writer(self, name: str, dtype: np.dtype[Any], count: int) -> TableWriter:
        return TableWriter(self._folder / f"{name}.table", dtype, count)

    def _sample_writer(self, metric_id: int, count: int) -> TableWriter:
        return self._writer(f"series-{metric_id}", SAMPLE, count)

    def _write_events(self, model: Model, records: Sequence[int]) -> None:
        events = model.events.numbered(self._events.count, model.events.total)
        entries, texts = [], b""
        for at, event in zip(records, events, strict=True):
            texts += event.text.encode(errors="replace")
            end = self._texts.count + len(texts)
            entries.append((at, bounded(event.timestamp_us), KINDS.index(event.kind), end))
        self._texts.append(np.frombuffer(texts, BYTE))
        self._events.append(np.array(entries, EVENT))

    def _write_readings(self, model: Model) -> None:
        parts = []
        for (node, metric_id), series in model.node_series.items():
            total = series.forgotten + len(series)
            if new := total - self._told.get((node, metric_id), 0):
                part = np.empty(min(new, len(series)), READING)
                part["time_s"], part["value"] = series.time_s[-new:], series.value[-new:]
                part["node"], part["metric_id"] = node, metric_id
                parts.append(part)
                self._told[node, metric_id] = total
        if parts:
            self._readings.append(np.concatenate(parts))

    def _write_samples(self, metric_id: int, series: Series) -> None:
        """The new ones, and again the last that was written: its least reading may be known since."""
        if metric_id not in self._series:
            self._series[metric_id] = self._sample_writer(metric_id, 0)
        table = self._series[metric_id]
        again = min(table.count, 1)
        first = max(0, table.count - again - series.forgotten)
        samples = np.empty(len(series) - first, SAMPLE)
        samples["time_s"] = series.time_s[first:]
        for name in Series.COLUMNS:
            samples[name] = series.column(name).values[first:]
        table.append(samples, rewriting=again)

    def _state_of(self, moment: Moment) -> dict[str, Any]:
        series = {
            metric_id: [
                series.forgotten + len(series),
                [float(series.column(name).values[-1]) for name in Series.COLUMNS],
            ]
            for metric_id, series in moment.model.series.items()
        }
        nodes = [[*key, count] for key, count in self._told.items()]
        return {"moment": moment.state(), "series": series, "nodes": nodes}
