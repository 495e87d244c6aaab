"""The figures that the sink tree promises, each by a command: `python -m benchmarks.sink_tree SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.sink_tree import churn, collisions, diamond, exhaustive, faults, loss, traffic, wrap

SUBJECTS = {
    "diamond": diamond,
    "collisions": collisions,
    "loss": loss,
    "churn": churn,
    "wrap": wrap,
    "faults": faults,
    "exhaustive": exhaustive,
    "traffic": traffic,
}

if __name__ == "__main__":
    sys.exit(subjects.run("sink_tree", __doc__, SUBJECTS))
