"""TOML written by people: tables read with types and limits, and errors that name the line.

tomllib keeps no lines. `key_lines` finds them with tomllib itself: it splits the text into the shortest
pieces that parse alone. These are its statements, since a TOML statement is complete at the end of a line or
not at all.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

Path = tuple[str | int, ...]
_Default = TypeVar("_Default")
_MOST_DEPTH = 50
_MOST_LINES = 500  # of one value
_TOO_DEEP = f"something is nested more than {_MOST_DEPTH} deep"
_PART = r"""[A-Za-z0-9_"'-]"""
_DEEP_KEY = re.compile(rf"(?<!{_PART})(?:{_PART}++[ \t]*+\.[ \t]*+){{{_MOST_DEPTH}}}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_WHERE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class DescriptionError(ValueError):
    """A description of a field or a run that cannot be used; the message names file, line and remedy.

    `path` is that of the key or table in question: ("serial", 0, "port").
    """

    def __init__(self, name: str, line: int, problem: str, remedy: str, path: Path = ()) -> None:
        super().__init__(f"{name}:{line}: {problem}; {remedy}")
        self.name, self.line, self.problem, self.remedy, self.path = name, line, problem, remedy, path

    @property
    def place(self) -> str:
        """File, line and the path of the key: "bridge.toml:12: serial[0].port"."""
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{_key_text(part)}" for part in self.path)
        return f"{self.name}:{self.line}" + (f": {path.lstrip('.')}" if path else "")


def _key_text(key: str) -> str:
    """As TOML writes it, in one line, and not too long."""
    return key if _BARE_KEY.fullmatch(key) else _shown(key)


def _shallow(values: dict[str, Any]) -> dict[str, Any]:
    """The same, if nothing in it is nested too deep to be gone through. Raises ValueError."""
    level: list[Any] = [values]
    for _ in range(_MOST_DEPTH):
        inner = [part for held in level for part in (held.values() if isinstance(held, dict) else held)]
        level = [part for part in inner if isinstance(part, dict | list)]
        if not level:
            return values
    raise ValueError(_TOO_DEEP)


def key_lines(text: str) -> dict[Path, int]:
    """The line of every table and key: ("run", "seed"), ("fault", 2, "kill"). `text` must be valid TOML.

    A value of thousands of lines is left out with all that follows: to find its end takes too long.
    """
    lines: dict[Path, int] = {}
    tables: Counter[Path] = Counter()
    table: Path = ()
    statement, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        statement += line + "\n"
        if number - first > _MOST_LINES:
            break
        try:
            parsed = tomllib.loads(statement)
        except ValueError:
            continue  # a value that goes on in the next line
        if statement.lstrip().startswith("["):
            table = _header_path(parsed, tables)
            lines.setdefault(table, first)
        else:
            for path in _paths(parsed):
                lines.setdefault(table + path, first)
        statement, first = "", number + 1
    return lines


def _header_path(parsed: Mapping[str, object], tables: Counter[Path]) -> Path:
    path: Path = ()
    inner: object = parsed
    while isinstance(inner, Mapping) and inner:
        ((key, inner),) = inner.items()
        path += (key,)
        if isinstance(inner, list):
            tables[path] += 1
            path += (tables[path] - 1,)
            inner = inner[0]
    return path


def _paths(parsed: Mapping[str, object]) -> Iterator[Path]:
    for key, value in parsed.items():
        yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, *path) for path in _paths(value))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield (key, index)
                    yield from ((key, index, *path) for path in _paths(item))


class Table:
    """One table of a document. Whoever reads it first says which keys there are (`expect`)."""

    def __init__(self, values: Mapping[str, object], text: str, name: str, path: Path = ()) -> None:
        self.values = values
        self._text = text
        self._name = name
        self._path = path

    @classmethod
    def parse(cls, text: str, name: str, remedy: str) -> Table:
        """The document itself. Raises DescriptionError, with that remedy, for what is no TOML."""
        if found := _DEEP_KEY.search(text):  # tomllib would take ages for a key of thousands of parts
            raise DescriptionError(name, text.count("\n", 0, found.start()) + 1, _TOO_DEEP, remedy)
        try:
            return cls(_shallow(tomllib.loads(text)), text, name)
        except RecursionError as error:
            raise DescriptionError(name, 1, _TOO_DEEP, remedy) from error
        except ValueError as error:  # a TOMLDecodeError, or a number of too many digits
            where = _WHERE.search(str(error))
            line = int(where[1]) if where and where[1] else text.rstrip("\n").count("\n") + 1
            column = f" (column {where[2]})" if where and where[2] else ""
            raise DescriptionError(name, line, _WHERE.sub("", str(error)) + column, remedy) from error

    def error(self, key: str | None, problem: str, remedy: str) -> DescriptionError:
        """An error at the line of that key, or of the table."""
        full: Path = self._path if key is None else (*self._path, key)
        path = full
        lines = key_lines(self._text)
        while path and path not in lines:
            path = path[:-1]
        return DescriptionError(self._name, lines.get(path, 1), problem, remedy, full)

    def error_of(self, key: str | None, text: str, remedy: str = "") -> DescriptionError:
        """The same of a text that says problem and remedy, as "problem; remedy"; else `remedy` is it."""
        problem, _, own_remedy = text.partition("; ")
        return self.error(key, problem, own_remedy or remedy)

    def expect(self, known: Collection[str], also: str = "") -> None:
        """Raises DescriptionError for a key that is none of those known."""
        for key in self.values:
            if key not in known:
                raise self.error(key, f"unknown key {_shown(key)}", f"known are {', '.join(known)}{also}")

    def need(self, *keys: str) -> None:
        """Raises DescriptionError unless all these keys are given."""
        for key in keys:
            if key not in self.values:
                raise self.error(None, f"{self.title} has no {key}", f"add {key} = ...")

    @property
    def title(self) -> str:
        """The table as people call it."""
        names = [str(part) for part in self._path if isinstance(part, str)]
        if not names:
            return "the file"
        return f"[[{names[-1]}]]" if isinstance(self._path[-1], int) else f"[{names[-1]}]"

    def number(
        self,
        key: str,
        default: _Default,
        *,
        least: float = -math.inf,
        above: float = -math.inf,
        most: float = math.inf,
        unit: str = "",
    ) -> float | _Default:
        """A finite number within limits."""
        if key not in self.values:
            return default
        return self._number(key, self.values[key], least, above, most, unit)

    def numbers(
        self, key: str, default: tuple[float, float], *, above: float, most: float
    ) -> tuple[float, float]:
        """A list of two numbers within limits."""
        pair = self.values.get(key, list(default))
        if not isinstance(pair, list) or len(pair) != 2:
            raise self.error(key, f"{key} is {_shown(pair)}", f"write two numbers: {key} = [50, 50]")
        first, second = (self._number(key, value, -math.inf, above, most, "") for value in pair)
        return first, second

    def _number(self, key: str, value: object, least: float, above: float, most: float, unit: str) -> float:
        limits = " ".join(
            f"{word} {limit:g}"
            for word, limit in (("from", least), ("above", above), ("up to", most))
            if math.isfinite(limit)
        )
        remedy = f"write a number {limits}".rstrip() + (f" ({unit})" if unit else "")
        number = _finite(value)
        if number is None or not (least <= number <= most and number > above):
            raise self.error(key, f"{key} is {_shown(value)}", remedy)
        return number

    def whole(self, key: str, default: _Default, least: int, most: int) -> int | _Default:
        """A whole number within limits."""
        if key not in self.values:
            return default
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            remedy = f"write a whole number from {least} to {most}"
            raise self.error(key, f"{key} is {_shown(value)}", remedy)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"{key} is {_shown(value)}", "write true or false")
        return value

    def text(self, key: str, default: _Default) -> str | _Default:
        """A text that is not empty."""
        if key not in self.values:
            return default
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self.error(key, f"{key} is {_shown(value)}", f'write a text: {key} = "..."')
        return value

    def choice(self, key: str, default: str, names: Collection[str]) -> str:
        """One of these names."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or value not in names:
            raise self.error(key, f"{key} is {_shown(value)}", f"write one of {', '.join(names)}")
        return value

    def node(self, key: str, ids: frozenset[int]) -> int:
        """One of these node ids."""
        return self.checked_node(key, self.values[key], ids)

    def nodes(self, key: str, ids: frozenset[int]) -> list[int]:
        """One of these node ids, or a list of them."""
        value = self.values[key]
        found = value if isinstance(value, list) else [value]
        if not found:
            raise self.error(key, f"{key} names no node", "name at least one")
        return [self.checked_node(key, node_id, ids) for node_id in found]

    def each_once(self, key: str, ids: frozenset[int]) -> tuple[int, ...]:
        """A list of some of these node ids, each once; an empty one if there is no such key."""
        if key not in self.values:
            return ()
        found = self.nodes(key, ids)
        for node_id, times in Counter(found).items():
            if times > 1:
                raise self.error(key, f"{key} names node {node_id} twice", "name each node once")
        return tuple(found)

    def checked_node(self, key: str, value: object, ids: frozenset[int]) -> int:
        """`value`, found under `key`, if it is one of these node ids."""
        if type(value) is not int:
            raise self.error(key, f"{key} is {_shown(value)}", "write node ids")
        if value not in ids:
            shown = ", ".join(map(str, sorted(ids)[:8])) + (", ..." if len(ids) > 8 else "")
            raise self.error(key, f"{key}: no node {_shown(value)} in the field", f"name one of {shown}")
        return value

    def table(self, key: str) -> Table:
        """The table of that name; an empty one if there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise self.error(key, f"{key} is {_shown(value)}", f"write a table: [{key}]")
        return Table(value, self._text, self._name, (*self._path, key))

    def tables(self, key: str) -> list[Table]:
        """The tables of that name, in order."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise self.error(key, f"{key} is {_shown(value)}", f"write a table for each: [[{key}]]")
        return [
            Table(item, self._text, self._name, (*self._path, key, index)) for index, item in enumerate(value)
        ]

    def element(self, key: str, index: int, value: Mapping[str, object]) -> Table:
        """The table `value` that stands there in a list of other things as well."""
        return Table(value, self._text, self._name, (*self._path, key, index))


def _finite(value: object) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an int of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def _shown(value: object) -> str:
    """The value as an error names it: short, and true and false as TOML writes them."""
    try:
        text = str(value).lower() if isinstance(value, bool) else repr(value)
    except ValueError:  # an int of thousands of digits
        text = "a number of too many digits"
    return text if len(text) <= 40 else text[:37] + "..."
