"""The C core's wire constants are those of protocol/."""

from firmware import generate_constants


def test_the_generated_header_is_up_to_date() -> None:
    committed = generate_constants.HEADER.read_text("ascii")
    assert committed == generate_constants.generate(), "tr_constants.h is stale: run `make constants`"
