"""The pages of the help: those in desktop/help, and the keys, from the actions. No tkinter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from desktop.actions import Action, in_menus
from desktop.shell.markdown import Block, Kind, Span, parse

FIRST, KEYS = "index.md", "keys.md"
_AROUND = 40  # letters about what was found


@dataclass(frozen=True, slots=True)
class HelpText:
    """One page; other pages link to its name."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Found:
    """A place where what was looked for stands."""

    page: HelpText
    block: int
    text: str


def manual(features: Iterable[Iterable[Action]]) -> list[HelpText]:
    """All pages, the first one first, the keys last."""
    folder = files("desktop").joinpath("help")
    sources = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    pages = [_page(name, parse(text)) for name, text in sources.items() if name.endswith(".md")]
    pages.sort(key=lambda page: (page.name != FIRST, page.title))
    return [*pages, _page(KEYS, _keys(features))]


def find(pages: Iterable[HelpText], typed: str) -> list[Found]:
    """Where all words that are typed stand in one block; titles and headings come first."""
    words = typed.lower().split()
    found: list[tuple[bool, Found]] = []
    for page in pages:
        for i, block in enumerate(page.blocks):
            text = block.text.lower()
            if words and all(word in text for word in words):
                is_head = block.kind in (Kind.TITLE, Kind.HEADING)
                found.append((not is_head, Found(page, i, _excerpt(block.text, text.index(words[0])))))
    return [place for _, place in sorted(found, key=lambda one: one[0])]


def _excerpt(text: str, at: int) -> str:
    first = max(0, at - _AROUND // 2)
    cut = " ".join(text[first : at + _AROUND].split())
    return f"{'… ' if first else ''}{cut}{' …' if at + _AROUND < len(text) else ''}"


def _page(name: str, blocks: Sequence[Block]) -> HelpText:
    title = next((block.text for block in blocks if block.kind is Kind.TITLE), name)
    return HelpText(name, title, blocks)


def _keys(features: Iterable[Iterable[Action]]) -> list[Block]:
    blocks = [
        Block(Kind.TITLE, [Span("Keys")]),
        Block(
            Kind.PARAGRAPH,
            [
                Span("All that can be done, as it stands in the menus. What has no key is found by "),
                Span("Ctrl+K", "code"),
                Span(
                    ", Alt with its underlined letter opens a menu, Tab goes from part to part, space or"
                    " Return presses."
                ),
            ],
        ),
    ]
    for title, groups in in_menus(features):
        blocks.append(Block(Kind.HEADING, [Span(title)]))
        for action in (action for group in groups for action in group):
            where = f", on the page “{action.page.title}”" if action.page and action.page.title else ""
            key = [Span(action.shown_key, "code"), Span("  ")] if action.shown_key else []
            blocks.append(Block(Kind.ITEM, [*key, Span(f"{action.name}{where}")]))
    blocks += parse(_OTHER_KEYS)
    return blocks


_OTHER_KEYS = """
## In the network

- `Arrow keys`  From node to node
- `Escape`  Leave the node
"""
