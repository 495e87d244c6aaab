"""The filter language: text into a condition. desktop/help/filters.md tells people of it.

or    = and { "or" and }
and   = not { "and" not }
not   = "not" not | "(" or ")" | test
test  = TYPE | FIELD [ COMPARISON VALUE | "contains" VALUE | "in" "{" RANGE { "," RANGE } "}" ]
RANGE = VALUE | VALUE ".." VALUE
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from desktop.packets.fields import ALIASES, FIELDS, TYPES, Field, Kind
from desktop.packets.filter import (
    OPERATORS,
    Comparison,
    Condition,
    Contains,
    Either,
    Every,
    Has,
    Not,
    OneOf,
)

_MAX_DEPTH = 50  # of brackets: beyond, Python's own stack would end
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>==|!=|<=|>=|&&|\|\||\.\.|[<>!(){},=&|])
      | (?P<word>-?\w(?:[\w:/-]|\.(?!\.))*)
    )""",
    re.VERBOSE,
)
_SAME = {"&&": "and", "||": "or", "!": "not"}
_REMEDIES = {"=": "write == to compare", "&": "write && or and", "|": "write || or or"}
_EQUALITY = frozenset({"==", "!="})


class FilterError(ValueError):
    """What is wrong with a filter, and the remedy; `column` is where, from 0."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(text)
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int

    @property
    def keyword(self) -> str:
        """As the grammar names it; nothing for a quoted text."""
        return "" if self.kind == "text" else _SAME.get(self.text, self.text.lower())


def parse(text: str) -> Condition | None:
    """The condition; None for an empty text. Raises FilterError."""
    tokens = _tokens(text)
    if len(tokens) == 1:
        return None
    parser = _Parser(tokens)
    condition = parser.either()
    parser.end()
    return condition


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip())
            if text[column] in "\"'":
                raise FilterError(column, f"this text has no end: close it with {text[column]}")
            raise FilterError(column, f"{text[column]} has no meaning here: take it away, or quote it")
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*tokens, _Token("end", "", len(text.rstrip()))]


class _Parser:
    """By recursive descent, a method a rule."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        """Nothing may follow."""
        token = self._next
        if token.kind != "end":
            remedy = _REMEDIES.get(token.text, "join conditions with and, or")
            raise FilterError(token.column, f"{token.text} cannot stand here: {remedy}")

    def either(self) -> Condition:
        """The rule `or`."""
        return self._joined("or", lambda: self._joined("and", self._negation, Every), Either)

    def _joined(
        self, word: str, part: Callable[[], Condition], join: Callable[[tuple[Condition, ...]], Condition]
    ) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError(self._next.column, f"more than {_MAX_DEPTH} brackets: write it simpler")
        try:
            if self._take("not"):
                return Not(self._negation())
            if self._take("("):
                inner = self.either()
                self._expect(")", "this bracket is not closed: write )")
                return inner
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        token = self._advance()
        name = ALIASES.get(token.keyword, token.keyword)
        follows = self._next.keyword
        compares = follows in OPERATORS or follows in ("contains", "in", "=")
        if name in TYPES and not compares:
            return Comparison(FIELDS["type"], "==", TYPES[name])
        if token.kind != "word" or name not in FIELDS:
            raise FilterError(token.column, _unknown(token))
        field = FIELDS[name]
        if not compares:
            return Has(field)
        operator = self._advance()
        if operator.keyword == "contains":
            return Contains(field, self._part(field, operator))
        if operator.keyword == "in":
            return OneOf(field, self._set(field))
        if operator.text not in OPERATORS:
            raise FilterError(operator.column, f"{operator.text} cannot stand here: {_REMEDIES['=']}")
        if field.kind is Kind.FLAG:
            raise FilterError(operator.column, f"{field.name} is {field.kind.value}: write it alone")
        if field.kind is not Kind.NUMBER and operator.text not in _EQUALITY:
            raise FilterError(operator.column, f"{field.name} is {field.kind.value}: use ==, != or contains")
        return Comparison(field, operator.text, self._value(field))

    def _part(self, field: Field, operator: _Token) -> str | bytes:
        if field.kind not in (Kind.TEXT, Kind.BYTES):
            raise FilterError(
                operator.column, f"{field.name} is {field.kind.value}: use ==, <, > or in {{…}}"
            )
        value = self._value(field)
        return value.casefold() if isinstance(value, str) else bytes(value)

    def _set(self, field: Field) -> tuple[tuple[Any, Any], ...]:
        if field.kind not in (Kind.NUMBER, Kind.TEXT):
            raise FilterError(self._next.column, f"{field.name} is {field.kind.value}: it is in no set")
        self._expect("{", "write the values in braces: in {1, 2, 5..9}")
        ranges = [self._range(field)]
        while self._take(","):
            ranges.append(self._range(field))
        self._expect("}", "separate values with a comma, and close the braces with }")
        return tuple(ranges)

    def _range(self, field: Field) -> tuple[Any, Any]:
        low = self._value(field)
        return (low, self._value(field)) if self._take("..") else (low, low)

    def _value(self, field: Field) -> Any:
        token = self._advance()
        if token.kind not in ("word", "text"):
            shown = token.text or "nothing"
            raise FilterError(token.column, f"{field.name} is to be compared with {shown}: {_offer(field)}")
        text = token.text if token.kind == "word" else re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if field.kind is Kind.TEXT:
            return text
        try:
            return _bytes(text) if field.kind is Kind.BYTES else _number(field, text)
        except ValueError:
            remedy = _near(text.lower(), field.words) or _offer(field)
            raise FilterError(token.column, f"{text} is not {field.kind.value}: {remedy}") from None

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _advance(self) -> _Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _take(self, keyword: str) -> bool:
        if self._next.keyword != keyword or self._next.kind == "end":
            return False
        self._at += 1
        return True

    def _expect(self, keyword: str, remedy: str) -> None:
        if not self._take(keyword):
            raise FilterError(self._next.column, remedy)


def _number(field: Field, text: str) -> int | float:
    """Raises ValueError."""
    if text.lower() in field.words:
        return field.words[text.lower()]
    return int(text, 16) if text.lower().startswith("0x") else float(text) if "." in text else int(text)


def _bytes(text: str) -> bytes:
    """Raises ValueError."""
    return bytes.fromhex(text.lower().removeprefix("0x").replace(":", " "))


def _unknown(token: _Token) -> str:
    """What to write instead of that, where a test begins."""
    if token.kind == "end":
        return "a condition is missing here: name a field or a type, like count < 5"
    if token.kind != "word":
        return f"{token.text} cannot stand here: begin with a field or a type, like count < 5"
    near = _near(token.keyword, [*FIELDS, *ALIASES, *TYPES])
    return f"there is no field or type {token.text}: {near or 'help lists all (F1)'}"


def _near(word: str, known: Iterable[str]) -> str:
    found = get_close_matches(word, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else ""


def _offer(field: Field) -> str:
    if field.kind is Kind.BYTES:
        return "write hex digits, like 05:00:a7"
    if field.kind is Kind.TEXT:
        return 'write a text, like "udp"'
    words = ", ".join(list(field.words)[:4])
    return f"write a number, or one of {words}, …" if words else "write a number"
