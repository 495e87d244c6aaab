"""The app's own log is read as it is written."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from desktop.shell.log_text import FORMAT, chosen, read_entries


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "desktop.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    logger = logging.Logger("desktop.test")
    logger.addHandler(handler)
    logger.warning("the port is gone: %s", "/dev/ttyACM0")
    try:
        raise ZeroDivisionError("deliberate")
    except ZeroDivisionError:
        logger.exception("in a callback")
    logger.info("all is well")
    handler.close()
    return path


def test_entries_come_newest_first_with_their_tracebacks(log: Path) -> None:
    info, error, warning = read_entries(log)
    assert (info.level, info.source, info.text) == ("INFO", "desktop.test", "all is well")
    assert error.summary == "in a callback: ZeroDivisionError: deliberate"
    assert "Traceback (most recent call last)" in error.whole
    assert warning.summary == "the port is gone: /dev/ttyACM0"


def test_the_log_before_is_read_too(log: Path) -> None:
    log.rename(log.with_name("desktop.log.1"))
    log.write_text("2026-01-01 00:00:00,000 ERROR desktop: newer\n")
    assert [entry.level for entry in read_entries(log)] == ["ERROR", "INFO", "ERROR", "WARNING"]


def test_levels_and_words_choose(log: Path) -> None:
    entries = read_entries(log)
    assert [entry.level for entry in chosen(entries, logging.WARNING, "")] == ["ERROR", "WARNING"]
    assert [entry.level for entry in chosen(entries, 0, "ACM0 gone")] == ["WARNING"]
    assert [entry.level for entry in chosen(entries, 0, "traceback")] == ["ERROR"]
    assert chosen(entries, logging.ERROR, "port") == []


def test_what_is_no_log_is_no_trouble(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "missing.log") == []
    (tmp_path / "odd.log").write_bytes(b"\xff\xfe no entry\n\n")
    assert read_entries(tmp_path / "odd.log") == []
