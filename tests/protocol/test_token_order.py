"""Which of two tokens is newer: PROTOCOL.md 12.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.packets import MAX_NODE_ID, TokenId
from protocol.token_order import NO_TOKEN, SEQUENCE_MODULUS, is_later, is_newer, made_after, passed_on

EPOCH_HALF, SEQUENCE_HALF = 1 << 15, SEQUENCE_MODULUS // 2
node_ids = st.integers(0, MAX_NODE_ID)
tokens = st.builds(TokenId, st.integers(0, 0xFFFF), node_ids, st.integers(0, SEQUENCE_MODULUS - 1))
steps_ahead = st.one_of(st.integers(0, 3), st.integers(0, EPOCH_HALF - 1))
passes_ahead = st.one_of(st.integers(0, 3), st.integers(0, SEQUENCE_HALF - 1))
# (epochs, generator, sequences): numbers that do not wrap, so that tuples have the order of tokens.
places = st.tuples(steps_ahead, st.integers(0, 3), passes_ahead)


def token_at(origin: TokenId, place: tuple[int, int, int]) -> TokenId:
    """So many epochs and sequences ahead of the origin, both of which may wrap on the way."""
    epochs, generator, sequences = place
    return TokenId(
        (origin.epoch + epochs) % (2 * EPOCH_HALF),
        generator,
        (origin.sequence + sequences) % SEQUENCE_MODULUS,
    )


@given(tokens, places, places)
def test_within_half_the_numbers_it_is_the_order_of_epoch_generator_sequence(
    origin: TokenId, a: tuple[int, int, int], b: tuple[int, int, int]
) -> None:
    """A strict order therefore, since that of tuples is one: no two tokens are both the newer."""
    assert is_newer(token_at(origin, a), token_at(origin, b)) == (a > b)


@given(tokens, tokens)
def test_of_any_two_at_most_one_is_newer(a: TokenId, b: TokenId) -> None:
    assert not (is_newer(a, b) and is_newer(b, a))


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (TokenId(1, 0, 0), TokenId(0, 9, 99)),
        (TokenId(0, 0, 0), TokenId(0xFFFF, 9, 99)),
        (TokenId(4, 9, 0), TokenId(4, 3, 99)),
        (TokenId(4, 3, 100), TokenId(4, 3, 99)),
        (TokenId(4, 3, 0), TokenId(4, 3, SEQUENCE_MODULUS - 1)),
    ],
)
def test_epoch_comes_before_generator_and_generator_before_sequence(newer: TokenId, older: TokenId) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@given(tokens)
def test_no_token_is_newer_than_itself(token: TokenId) -> None:
    assert not is_newer(token, token)


@given(tokens)
def test_a_token_that_was_passed_on_is_the_same_one_and_newer(token: TokenId) -> None:
    passed = passed_on(token)
    assert (passed.epoch, passed.generator) == (token.epoch, token.generator)
    assert is_newer(passed, token)


@given(tokens, node_ids)
def test_a_token_made_anew_is_newer_than_all_passes_of_the_old_one(newest: TokenId, generator: int) -> None:
    made = made_after(newest, generator)
    assert made.generator == generator
    assert is_newer(made, newest)
    assert is_newer(made, passed_on(passed_on(newest)))
    assert is_later(made.sequence, newest.sequence)


def test_any_token_of_an_epoch_is_newer_than_none() -> None:
    assert is_newer(made_after(NO_TOKEN, 0), NO_TOKEN)


@pytest.mark.parametrize(
    ("a", "b", "later"),
    [
        (1, 0, True),
        (0, 1, False),
        (0, SEQUENCE_MODULUS - 1, True),
        (SEQUENCE_HALF - 1, 0, True),
        (SEQUENCE_HALF, 0, False),  # undefined in RFC 1982; neither is later here
        (0, SEQUENCE_HALF, False),
        (7, 7, False),
    ],
)
def test_sequences_wrap_at_32_bits(a: int, b: int, later: bool) -> None:
    assert is_later(a, b) is later
