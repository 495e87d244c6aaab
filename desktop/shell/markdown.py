"""As much of Markdown as the help needs: headings, paragraphs, lists, code, bold, links. No tkinter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

_SPAN = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\[(?P<words>[^\]]+)\]\((?P<target>[^)]+)\)")
_ITEM = re.compile(r"(?:[-*]|\d+\.) +")


class Kind(Enum):
    """What a block is."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Span:
    """Some words; `look` is "", "code", "bold" or "link", and a link has a target."""

    text: str
    look: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What stands on lines of its own."""

    kind: Kind
    spans: Sequence[Span]

    @property
    def text(self) -> str:
        """What can be read of it."""
        return "".join(span.text for span in self.spans)


def parse(source: str) -> list[Block]:
    """The blocks of a page; lines of a paragraph or an item are joined, those of code are not."""
    blocks: list[Block] = []
    for kind, lines in _gathered(source.splitlines()):
        if kind is Kind.CODE:
            blocks.append(Block(kind, [Span("\n".join(lines))]))
        else:
            blocks.append(Block(kind, list(_spans(" ".join(lines)))))
    return blocks


def _gathered(lines: Sequence[str]) -> Iterator[tuple[Kind, list[str]]]:
    kind, held = Kind.PARAGRAPH, list[str]()
    for line in [*lines, ""]:
        bare = line.strip()
        is_code = line.startswith("    ") and (kind is Kind.CODE or not held)
        is_new = not bare or line.startswith("#") or _ITEM.match(line) or is_code != (kind is Kind.CODE)
        if is_new and held:
            yield kind, held
            kind, held = Kind.PARAGRAPH, []
        if is_code:
            kind, held = Kind.CODE, [*held, line[4:]]
        elif line.startswith("#"):
            yield (Kind.TITLE if line.startswith("# ") else Kind.HEADING), [bare.lstrip("# ")]
        elif found := _ITEM.match(line):
            kind, held = Kind.ITEM, [line[found.end() :]]
        elif bare:
            held.append(bare)


def _spans(text: str) -> Iterator[Span]:
    at = 0
    for found in _SPAN.finditer(text):
        if found.start() > at:
            yield Span(text[at : found.start()])
        if found["words"]:
            yield Span(found["words"], "link", found["target"])
        else:
            yield Span(found["code"] or found["bold"], "code" if found["code"] else "bold")
        at = found.end()
    if at < len(text):
        yield Span(text[at:])
