"""HTML made of elements: a text is always a text, whatever is in it, and only an element is markup."""

from __future__ import annotations

import html
from collections.abc import Iterable

_EMPTY = frozenset(("meta", "br", "hr"))


class Markup(str):
    """HTML that is right as it is."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Markup:
    """`<name ...>content</name>`. What is no Markup is escaped; an attribute `class_` is `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Iterable[object]) -> Markup:
    """One after the other, escaped as in `element`."""
    return Markup(
        "".join(each if isinstance(each, Markup) else html.escape(_printable(str(each))) for each in content)
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[object]], *, numbers: int = 0) -> Markup:
    """With a head; the last `numbers` columns hold numbers."""
    titles = list(heads)
    first = len(titles) - numbers

    def cells(name: str, row: Iterable[object]) -> Markup:
        return joined(
            element(name, cell, class_="number") if i >= first else element(name, cell)
            for i, cell in enumerate(row)
        )

    body = joined(element("tr", cells("td", row)) for row in rows)
    head = element("thead", element("tr", cells("th", titles)))
    return element("div", element("table", head, element("tbody", body)), class_="wide")


def _printable(text: str) -> str:
    """Control characters have no place in HTML; a name that was heard may hold any."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )
