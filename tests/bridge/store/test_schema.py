"""A store's file of any age is opened or refused with a line that says what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bridge.store import queries, schema
from bridge.store.queries import Queries
from bridge.store.schema import MIGRATIONS, StoreError
from bridge.store.store import Store
from tests.bridge.store.feed import batch, reading, result, time_us

FILES = Path(__file__).parent / "files"


def dump(path: Path) -> list[str]:
    """The file as SQL, without what SQLite itself keeps."""
    db = sqlite3.connect(path)
    try:
        return sorted(db.iterdump())
    finally:
        db.close()


def file_of_version(version: int, path: Path) -> Path:
    """A file as the Treering of that schema left it."""
    db = sqlite3.connect(path)
    db.executescript((FILES / f"version-{version}.sql").read_text("utf-8"))
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return path


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_file_of_each_version_keeps_what_it_holds(version: int, tmp_path: Path) -> None:
    path = file_of_version(version, tmp_path / "old")
    store = Store(path, "garden")
    place = store.checkpoint()
    store.take(batch(reading(100, raw=111)))
    store.close()
    assert place is not None
    assert place.at == (3, 4_096)
    with Queries(path) as ask:
        assert [row.raw for row in ask.readings(7, 0, time_us(0), time_us(200))] == [100, 111]
        assert ask.last_rounds() == [result(1)]
        assert [row.value for row in ask.actuator_states()] == [1]
        assert [row.node for row in ask.peers()] == [7]
        assert [row.kind for row in ask.events(time_us(0), time_us(200))] == ["lost"]


def test_a_file_of_each_version_comes_to_the_same_schema(tmp_path: Path) -> None:
    Store(tmp_path / "new", "garden").close()
    schemas = {tuple(statements(tmp_path / "new"))}
    for version in range(1, len(MIGRATIONS) + 1):
        path = file_of_version(version, tmp_path / f"{version}")
        Store(path, "garden").close()
        schemas.add(tuple(statements(path)))
    assert len(schemas) == 1


def statements(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    try:
        found = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        return [" ".join(sql.split()) for (sql,) in found]
    finally:
        db.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    Store(path, "garden").close()
    before = dump(path)
    bad = ("CREATE TABLE more (x)", "CREATE TABLE readings (again)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, bad))
    with pytest.raises(StoreError, match="already exists"):
        Store(path, "garden")
    assert dump(path) == before


def test_the_next_migration_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    Store(path, "garden").close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)",)))
    with pytest.raises(StoreError, match="older Treering; start the bridge once"):
        Queries(path)
    for _ in range(2):
        Store(path, "garden").close()
    assert "CREATE TABLE more (x)" in statements(path)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    Store(path, "garden").close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    for opened in (lambda: Store(path, "garden"), lambda: Queries(path)):
        with pytest.raises(StoreError, match=r"/s: made by a newer Treering \(version 99.*; install that"):
            opened()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE contacts (name)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"contacts.db: a database of another program; name another file"):
        Store(path, "garden")
    assert path.read_bytes() == before


def test_another_networks_store_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path / "s", "garden").close()
    with pytest.raises(StoreError, match="holds the network 'garden', not 'roof'; name another file"):
        Store(tmp_path / "s", "roof")


def test_a_file_that_is_no_database_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"no database, but longer than a header" * 10)
    for opened in (lambda: Store(tmp_path / "s", "garden"), lambda: Queries(tmp_path / "s")):
        with pytest.raises(StoreError, match=r"/s: damaged .*`treering rebuild LOG --store .*/s`"):
            opened()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name a file in a folder that you may write to"):
        Store(tmp_path / "missing" / "s", "garden")
    with pytest.raises(StoreError, match="there is no such file"):
        Queries(tmp_path / "s")


def test_every_question_uses_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table is read from end to end: EXPLAIN QUERY PLAN of all that is asked says SEARCH for each."""
    path = tmp_path / "s"
    Store(path, "garden").close()
    asked: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        db = schema.open_reader(path)
        db.set_trace_callback(asked.append)
        return db

    monkeypatch.setattr(queries, "open_reader", traced)
    with Queries(path) as ask:
        ask.readings_plot(7, 0, time_us(0), time_us(86_400))
        ask.rounds_plot(0, time_us(0), time_us(86_400))
        ask.readings(7, 0, time_us(0), time_us(9))
        ask.latest_readings()
        ask.rounds(0, time_us(0), time_us(9))
        ask.last_rounds()
        ask.events(time_us(0), time_us(9))
    db = sqlite3.connect(path)
    tables = (
        "readings",
        "reading_minutes",
        "reading_hours",
        "rounds",
        "round_minutes",
        "round_hours",
        "events",
    )
    asked = [sql for sql in asked if sql.startswith(("SELECT", "WITH")) and " state" not in sql]
    plans = [(sql, row[3]) for sql in asked for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    db.close()
    assert len(plans) > 20
    assert [
        (sql, step) for sql, step in plans if step.split()[:2] in [["SCAN", table] for table in tables]
    ] == []
