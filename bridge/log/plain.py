"""Objects as plain JSON and back, for the state of observers (PROTOCOL.md 18.3), rules and streams.

As pickle does it, but of values and the classes of named packages alone, none of whose code is run: a state
that somebody else made cannot do anything. An object that is shared stays shared.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

_PACKAGES = ("protocol.", "bridge.rules.", "bridge.stream.", "bridge.peers")
_ATOMS = (int, str, bool, float, type(None))
_MUTABLE: dict[object, Callable[[], Any]] = {"l": list, "s": set}


class PlainError(ValueError):
    """Not what `dump` gives, or of classes that are no more."""


def dump(value: object, *packages: str) -> object:
    """Something for `json.dumps`. Raises TypeError for what is neither a value nor of our packages or these.

    `packages` are prefixes of modules' names, as "desktop.model.".
    """
    return _Dumper((*_PACKAGES, *packages)).plain(value)


def load(plain: object, *packages: str) -> Any:
    """What `dump` was given. Raises PlainError."""
    try:
        return _Loader((*_PACKAGES, *packages)).value(plain)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PlainError(f"no state of this version: {error}") from error


def attributes(value: object) -> dict[str, object]:
    """What an object holds, by name."""
    names = [*getattr(value, "__dict__", ())]
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


class _Dumper:
    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages
        self._places: dict[int, int] = {}
        self._kept: list[object] = []  # as long as they live, their ids are theirs

    def plain(self, value: Any) -> object:
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind is bytes:
            return ["b", value.hex()]
        if kind is tuple:
            return ["t", *self._all(value)]
        if kind is frozenset:
            return ["f", *self._all(value)]
        if isinstance(value, Enum):
            return ["e", self._name(kind), value.value]
        if isinstance(value, tuple):
            return ["n", self._name(kind), *self._all(value)]
        if id(value) in self._places:
            return ["r", self._places[id(value)]]
        self._places[id(value)] = len(self._places)
        self._kept.append(value)
        if kind is list:
            return ["l", *self._all(value)]
        if kind is set:
            return ["s", *self._all(value)]
        if kind is deque:
            return ["q", value.maxlen, *self._all(value)]
        if kind is dict or kind is Counter:
            items = [self.plain(part) for item in value.items() for part in item]
            return ["d" if kind is dict else "c", *items]
        held = [part for name, held in attributes(value).items() for part in (name, self.plain(held))]
        return ["o", self._name(kind), *held]

    def _name(self, cls: type) -> str:
        if not cls.__module__.startswith(self._packages):
            raise TypeError(f"{cls.__module__}.{cls.__qualname__} has no place in a state")
        return f"{cls.__module__}:{cls.__qualname__}"

    def _all(self, values: Iterable[object]) -> list[object]:
        found = list(values)
        if all(type(value) is int for value in found):
            return found
        return [self.plain(value) for value in found]


class _Loader:
    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages
        self._known: list[Any] = []

    def value(self, plain: Any) -> Any:
        if type(plain) in _ATOMS:
            return plain
        if type(plain) is not list:
            raise PlainError(f"{type(plain).__name__} in a state")
        tag, *items = plain
        if tag in _MUTABLE:
            return self._filled(_MUTABLE[tag](), items)
        match tag, items:
            case "d" | "c", _:
                return self._filled_dict({} if tag == "d" else Counter(), items)
            case "q", [maxlen, *items]:
                return self._filled(deque[Any](maxlen=maxlen), items)
            case "o", [name, *items]:
                return self._object(self._class(name, object), items)
            case "r", [int(place)]:
                return self._known[place]
        return self._immutable(tag, items)

    def _immutable(self, tag: object, items: list[Any]) -> Any:
        match tag, items:
            case "b", [str(text)]:
                return bytes.fromhex(text)
            case "t", _:
                return tuple(self._all(items))
            case "f", _:
                return frozenset(self._all(items))
            case "e", [name, value]:
                return self._class(name, Enum)(value)
            case "n", [name, *items]:
                return tuple.__new__(self._class(name, tuple), self._all(items))
        raise PlainError(f"{tag} in a state")

    def _all(self, items: list[Any]) -> list[Any]:
        return [self.value(item) for item in items]

    def _filled(self, found: Any, items: list[Any]) -> Any:
        self._known.append(found)
        for item in items:
            found.add(self.value(item)) if isinstance(found, set) else found.append(self.value(item))
        return found

    def _filled_dict(self, found: dict[Any, Any], items: list[Any]) -> dict[Any, Any]:
        self._known.append(found)
        for key, value in zip(items[::2], items[1::2], strict=True):
            loaded = self.value(key)  # first, as it was dumped first
            found[loaded] = self.value(value)
        return found

    def _object(self, cls: type, items: list[Any]) -> object:
        found: object = object.__new__(cls)
        self._known.append(found)
        for name, value in zip(items[::2], items[1::2], strict=True):
            object.__setattr__(found, name, self.value(value))
        return found

    def _class(self, name: str, base: type) -> Any:
        module, _, qualname = name.partition(":")
        cls = getattr(sys.modules[module], qualname) if module.startswith(self._packages) else None
        if not isinstance(cls, type) or not issubclass(cls, base) or cls.__module__ != module:
            raise PlainError(f"{name} in a state")
        return cls
