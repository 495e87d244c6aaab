"""What follows from a document is found beside the window, which never waits long for it."""

from __future__ import annotations

import threading
import time

import pytest

from desktop.editor import findings
from desktop.editor.document import FieldDocument
from desktop.editor.findings import Finder


def test_who_closes_the_window_does_not_wait_for_a_field_of_thousands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(findings, "_CLOSE_S", 0.05)
    monkeypatch.setattr(findings, "find", lambda document: may_end.wait(20))
    finder = Finder(lambda found: None)
    finder.want(FieldDocument())
    began_s = time.monotonic()
    finder.close()
    assert time.monotonic() - began_s < 5
    assert not finder.is_busy
    may_end.set()
