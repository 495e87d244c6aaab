"""A siege of sealed members, in small; and that it notices a member which lets something in."""

from __future__ import annotations

import pytest

import protocol.endpoint
from benchmarks.sealing import redteam, speed
from protocol.letter_box import LetterBox
from protocol.replay_window import Senders


def test_nothing_is_accepted_that_should_not_be() -> None:
    counts, failure = redteam.besieged(seed=77, frames=4_000)
    assert failure == ""
    assert {reason for _, reason in counts} >= {
        *("open", "tag", "replayed", "unproven", "role", "session", "own id", "truncated", "oversized")
    }


@pytest.mark.parametrize(
    ("owner", "name", "gullible", "attack"),
    [
        (protocol.endpoint, "_shows_root", lambda payload: False, "false_root"),
        (LetterBox, "_is_of_session", lambda self, body: True, "old_session"),
        (Senders, "locate", lambda self, source, counter: self._windows[source].newest, "replayed"),
    ],
)
def test_a_gullible_member_is_found_out(
    owner: object, name: str, gullible: object, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    siege = redteam.Siege(5)
    monkeypatch.setattr(owner, name, gullible)
    siege.attacks = [one for one in siege.attacks if one.__name__ == f"_{attack}"]
    with pytest.raises(AssertionError, match=r"accepted|had an effect|was dropped for"):
        _ = [siege.step() for _ in range(50)]


def test_the_speed_of_decoding_can_be_measured() -> None:
    times = speed.measured(frames=200, turns=2)
    assert set(times) == {"bare", "decoded", "received"}
    assert all(us > 0 for us in times.values())
