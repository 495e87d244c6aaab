#!/usr/bin/env python3
"""Make docs/networks.md and docs/networks.png: tree, ring and polling side by side, with what that means.

    .venv/bin/python scripts/compare_networks.py             # some minutes on two cores
    .venv/bin/python scripts/compare_networks.py --seeds 1   # a quick look

Every table is what `treering compare` prints here and now, and the picture is its plot.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import json_size  # noqa: E402
from desktop.command import main as treering  # noqa: E402

PAGE = ROOT / "docs" / "networks.md"
ROOM = ("--random", "50", "--area", "20x20", "--medium", "ideal", "--period", "10")


@dataclass(frozen=True)
class Field:
    """One table: options of `treering compare`, and what is to be seen in it."""

    title: str
    options: tuple[str, ...]
    words: str
    has_picture: bool = False


FIELDS = (
    Field(
        "Eight nodes on a bench",
        ("--random", "8", "--area", "8x6", "--medium", "ideal", "--radio", "lan"),
        """\
All hear each other over a local network that loses nothing, so the frames can be counted by hand: 2(n - 1)
= 14 in the tree; 4n + 1 = 33 in the ring; 2(n - 1) = 14 and a beat every 280 ms, 18 in 5 s, in the polled
network. Polling has its result first: eight polls are on their way at once. The tree could be as quick, but
its leaves spread their reports over half a second on purpose, since most fields cannot carry all of them at
once.""",
    ),
    Field(
        "Fifty nodes in one room, at 19.2 kbit/s",
        ROOM,
        """\
At this rate a frame takes 10 to 25 ms, and what cannot overlap adds up. A hop of the ring is a sign and a
token from the same radio, 39 ms, and there are fifty. The primary's radio sends 49 polls of 10 ms one after
the other; the answers come meanwhile. The tree's leaves spread over half a second, as before. A ring's skew
is its delay, since one node measures after the other.""",
    ),
    Field(
        "The same room, and every twentieth frame is lost at each receiver",
        (*ROOM, "--loss", "0.05"),
        """\
Tree and ring repeat until they are sure: the reports of the tree come later, and the token waits here and
there. The primary asks twice and then goes on without: a poll or its answer is lost with 1 - 0.95 x 0.95 =
9.75 %, both tries with 0.95 %, so about one node in a hundred is missing. That is why polling needs longer
until a result counts *every* survivor: not because it has not recovered, but because most of its rounds
miss somebody. It also takes the losses for a crowded link at times, and polls fewer at once: its delay
grows as if it were one.""",
        has_picture=True,
    ),
    Field(
        "The same room, and frames that overlap destroy each other",
        (*ROOM, "--collisions"),
        """\
This is what the tree's spreading, slots and jitter are there for. In a ring one node speaks at a time; only
when all start together, or take the token for lost together, do many want to, and they spread over a time
that grows with their number. The primary's polls collide with the answers to earlier ones, and it asks no
more than twice: it finds that eight polls at a time are too many here, and goes down to one and up again,
which costs a few nodes each time.""",
    ),
    Field(
        "Grid of 7 x 7, many hops",
        ("--grid", "7x7", "--period", "10"),
        """\
A node hears its eight neighbours, no more. The tree does not mind: it is made for this. The ring needs an
order in which each hears the next, given in advance (the simulator finds one); the dead node's neighbours
in that order may not hear each other, and then the ring does not close over it. A primary has nobody but
its neighbours: so there are several at a time, each result counts about a tenth of the field, and all of
them beat.""",
    ),
)

GUIDE = (
    (
        "what you need",
        "tree",
        "ring",
        "polling",
    ),
    (
        "nodes that do not all hear each other",
        "made for it",
        "only in an order in which each hears the next",
        "no",
    ),
    (
        "frames a round (n nodes, all in range)",
        "2(n - 1): a report and its ack",
        "4n + 1: two turns, a token and a sign a hop",
        "2(n - 1), and a beat every 280 ms",
    ),
    (
        "who works most",
        "the root, or who has many children",
        "nobody: 4 frames each",
        "the primary: n - 1 polls, and the beats",
    ),
    (
        "delay grows with",
        "the depth",
        "n",
        "the answers: eight are waited for at a time",
    ),
    (
        "skew of the readings",
        "next to none: all measure when the round begins",
        "as long as the turn",
        "as long as the polls",
    ),
    (
        "who knows the result",
        "the root",
        "everybody",
        "the primary",
    ),
    (
        "the worst death",
        "**the root: no results until it is back**",
        "who holds the token: a claim, and a new token",
        "the primary: its lease runs out, a standby takes over",
    ),
    (
        "node that may not die",
        "the root",
        "none",
        "none",
    ),
)
INTRODUCTION = """\
# Tree, ring or polling?

Three ways to gather what n nodes measure into one result a round (T apart). They run here on the same
fields, with the same seeds, air and faults, in the simulator, and the nodes are the very state machines
that agents and boards run. Every table is what `treering compare` prints; `scripts/compare_networks.py`
makes this page, with {seeds} seeds and {rounds} rounds a field.

- **Tree**: readings flow to one root, which a person or a base station has chosen. Every node adds up its
  children's readings and its own, and passes one aggregate on.
- **Ring**: a token goes round. Who has it adds its readings; the second turn tells everybody the result.
- **Polling**: one primary asks all others; the others stand by to take its place.

## Which one, when?

{guide}

In short: many hops, batteries, or a base station that is there anyway: **tree**. A room with a quick link,
in which all nodes should be equal and all should know: **ring**. A room in which results should be quick,
of one moment and cheap in bytes, and one node may work more than the others: **polling**.

## How to read the tables

Cover is the mean share of reachable nodes that a result counts (a round without a result counts none), lost
the rounds without one, of all seeds together. Frames and bytes are those of all nodes in a period; busiest
are the frames of the node that sends most. Delay is from the start of a round to its result; age is that of
the oldest reading in a result when it is there; skew is the time between its first and last measurement.
All but cover and lost are medians over the seeds.

After the rounds that count, just before the next one, the node dies that its network misses most: the child
of the root with the largest subtree, the holder of the token, the primary. *Result* is the time to the next
result, *all* to the first that counts every survivor who can be reached (never: not within ten rounds). The
root is not killed in that comparison: it is the special node that the other two do not have, and there is
nothing to recover with. What its death means has a line of its own: it is dead for three rounds and comes
back."""
RECOVERY = """
## What the deaths show

- **Tree.** The root waits for the dead child until 4/5 of the period are over, so the result of that round
  is late; it counts whoever found another parent in time. A child is kept for two missed rounds (one lost
  frame should not cost a branch), so the next round is late as well: with T = 10 s the second result comes
  after 18 s, and from then on all is as before. A shorter T recovers sooner.
- **Ring.** A dead successor costs three tries, some hundred milliseconds at most, and the round goes on. If
  the *holder* dies the token is gone: everybody waits a while longer than the token should need (patience),
  then claims; the highest claim wins and makes a new token. That does not depend on T, but on how long a
  turn takes. The scripts that this replaces waited 10 s for a dead successor, and 30 s for a lost token.
- **Polling.** The lease of 900 ms has to run out, or there could be two primaries; then the first standby
  takes over, waits a beat to be contradicted, and begins the round that is due. That does not depend on T
  either.
- **The root.** While it is dead there are no results at all, however well the other nodes are. Its first
  result after that counts few, or itself alone; the others join within a round or two.

A single point of failure is not the same as a node whose death costs something. The holder and the primary
are missed for some seconds; the root is missed until a person comes."""
JSON = """
## Bytes: frames against JSON

The scripts of such labs send JSON, and their token carries every node's readings: it grows with every hop,
where the aggregate does not. These are the bytes of one round of 3 nodes with 4 metrics, counted in the
simulator; the JSON beside is compact, says the same, and is written down in `benchmarks/json_size.py`
(`python -m benchmarks.json_size --messages` prints every frame and every message). "With everybody's
readings" is the ring that hands on each node's readings beside the sums, in two turns more; the JSON token
has them in any case. A script that only sends its token round once, with no ack and no result for the
others, sends the line "tokens of the first turn"."""
QUESTIONS = """
## To discuss

1. The ring sends the most frames on the bench, and its busiest node the fewest. Which of the two decides
   how long batteries last?
2. Kill the root, the holder, the primary (`--kill ID@ROUND`, and `--revive`): for how long is there no
   result? Who notices first, and how? What would a tree need in order to elect a new root, and what could
   go wrong then?
3. Why may a standby not take over as soon as it misses one beat? What does the lease guarantee that a
   timeout alone does not?
4. Why does the ring pass over a silent successor after three tries, but claim a lost token only after its
   patience? What if both happen at the same time?
5. A maximum over readings that are two seconds apart: for which phenomena is that good enough? Which
   network would you take to catch a gust of wind, and which for soil moisture?
6. Double n (`--random 16`, `--random 32`). Which figures double, which do not, and which of them grow
   faster than n?
7. With `--loss 0.2`, who still counts everybody? Compare what each network does when it is not sure, and
   what it costs.
8. `--grid 7x7 --range 100` makes one room of the grid. Which figures change, and for which network?"""


def table_of(field: Field, arguments: Sequence[str]) -> str:
    """What the command prints, but of its notes only in how many runs a network recovered."""
    printed = StringIO()
    with redirect_stdout(printed):
        code = treering(["compare", *field.options, *arguments])
    if code != 0:
        sys.exit(code)
    conditions, table, notes = printed.getvalue().split("\n\n")
    of_runs = (line for line in notes.splitlines() if line.endswith(" runs.") and ": every" in line)
    return "\n".join((table, "", conditions, *of_runs))


def page(seeds: int, rounds: int, picture: Path) -> Iterator[str]:
    """The whole page."""
    arguments = ("--seeds", str(seeds), "--rounds", str(rounds))
    first, *others = (f"| {' | '.join(row)} |" for row in GUIDE)
    guide = "\n".join((first, f"|{'---|' * len(GUIDE[0])}", *others))
    yield INTRODUCTION.format(seeds=seeds, rounds=rounds, guide=guide) + "\n"
    for field in FIELDS:
        yield f"## {field.title}\n"
        yield f"    treering compare {shlex.join((*field.options, *arguments))}\n"
        plot = ("--plot", str(picture)) if field.has_picture else ()
        yield f"```\n{table_of(field, (*arguments, *plot))}\n```\n"
        if field.has_picture:
            yield f"![Tree, ring and polling: {field.title.lower()}]({picture.name})\n"
        yield f"{field.words}\n"
    yield RECOVERY.strip("\n") + "\n"
    yield JSON.strip("\n") + "\n"
    yield "\n".join(json_size.table()) + "\n"
    yield QUESTIONS.strip("\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="of each field (default: 5)")
    parser.add_argument("--rounds", type=int, default=40, help="that count (default: 40)")
    parser.add_argument("--out", type=Path, default=PAGE, help="(default: docs/networks.md)")
    args = parser.parse_args(arguments)
    picture = args.out.with_suffix(".png")
    picture.unlink(missing_ok=True)  # the command would keep it, and give the new one another name
    lines = []
    for line in page(args.seeds, args.rounds, picture):
        print(line)
        lines.append(line + "\n")
    args.out.write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
