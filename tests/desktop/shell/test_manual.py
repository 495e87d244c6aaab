"""The help is read from pages that link to each other, and is found by words."""

from __future__ import annotations

import pytest

from desktop.actions import Action
from desktop.shell.manual import FIRST, KEYS, find, manual
from desktop.shell.markdown import Block, Kind, Span, parse

ACTIONS = [[Action("File", "Open log …", "o", print), Action("View", "Find a command …", "k", print)]]


def kinds(source: str) -> list[tuple[Kind, str]]:
    return [(block.kind, block.text) for block in parse(source)]


def test_blocks_are_told_apart_and_their_lines_joined() -> None:
    source = (
        "# Title\nOne\ntwo.\n\n## More\n- first\n  goes on\n- second\n1. third\n\n    code\n      more\n\nEnd"
    )
    assert kinds(source) == [
        (Kind.TITLE, "Title"),
        (Kind.PARAGRAPH, "One two."),
        (Kind.HEADING, "More"),
        (Kind.ITEM, "first goes on"),
        (Kind.ITEM, "second"),
        (Kind.ITEM, "third"),
        (Kind.CODE, "code\n  more"),
        (Kind.PARAGRAPH, "End"),
    ]


def test_words_may_be_code_bold_or_links() -> None:
    assert parse("Press `F1`, **now**, or [read](index.md).") == [
        Block(
            Kind.PARAGRAPH,
            [
                Span("Press "),
                Span("F1", "code"),
                Span(", "),
                Span("now", "bold"),
                Span(", or "),
                Span("read", "link", "index.md"),
                Span("."),
            ],
        )
    ]


def test_a_star_or_a_backtick_alone_is_itself() -> None:
    assert parse("2 * 3 ` 4")[0].spans == [Span("2 * 3 ` 4")]


def test_the_first_page_is_first_and_the_keys_come_from_the_actions() -> None:
    pages = manual(ACTIONS)
    assert (pages[0].name, pages[-1].name) == (FIRST, KEYS)
    texts = [block.text for block in pages[-1].blocks]
    assert "Ctrl+O  Open log" in texts or "Command+O  Open log" in texts


def test_every_page_has_a_title_and_every_link_leads_somewhere() -> None:
    pages = manual(ACTIONS)
    names = {page.name for page in pages}
    for page in pages:
        assert page.blocks[0].kind is Kind.TITLE, page.name
        targets = {span.target for block in page.blocks for span in block.spans if span.target}
        assert {target for target in targets if "://" not in target} <= names, page.name


@pytest.mark.parametrize(("typed", "page"), [("standby primary", "networks.md"), ("CABLE", "connecting.md")])
def test_words_are_found_wherever_they_stand(typed: str, page: str) -> None:
    found = find(manual(ACTIONS), typed)
    assert page in {place.page.name for place in found}
    for place in found:
        assert all(word in place.page.blocks[place.block].text.lower() for word in typed.lower().split())


def test_headings_come_before_what_stands_below_and_nothing_finds_nothing() -> None:
    pages = manual(ACTIONS)
    first = find(pages, "keys")[0]
    assert first.page.blocks[first.block].kind in (Kind.TITLE, Kind.HEADING)
    assert find(pages, "") == find(pages, "zeppelin") == []
