"""What the app remembers of its own accord: how the window was, and what was opened and done. No tkinter."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from bridge.errors import UsageError
from bridge.private_file import make_private_folder, write_private

_MOST_RECENT = 20


class Memory:
    """A small JSON file. Nobody wrote it by hand and nobody misses it: what cannot be read is begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            read = json.loads(path.read_text(encoding="utf-8"))
            self._kept = read if isinstance(read, dict) else {}

    def numbers(self, name: str, count: int) -> list[int] | None:
        """So many whole numbers that were put there under that name; None if there is no such thing."""
        value = self._kept.get(name)
        is_so = isinstance(value, list) and len(value) == count and all(type(item) is int for item in value)
        return value if is_so else None

    def texts(self, name: str) -> list[str]:
        """The texts that were put there under that name, or none."""
        value = self._kept.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def put(self, name: str, value: list[int] | list[str]) -> None:
        """Keep that until `save`."""
        self._kept[name] = value

    def add_recent(self, name: str, text: str) -> None:
        """Put that first among the texts of that name, until `save`."""
        others = [other for other in self.texts(name) if other != text]
        self.put(name, [text, *others][:_MOST_RECENT])

    def save(self) -> None:
        """Write the file; where there is no place to, the next start begins anew."""
        with contextlib.suppress(UsageError):
            make_private_folder(self._path.parent)
            write_private(self._path, json.dumps(self._kept, indent=1).encode())
