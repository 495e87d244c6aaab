"""What fuzzing begins with: every vector, and the small inputs that once led somewhere new."""

from __future__ import annotations

from pathlib import Path

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"
CRC_BYTES = 2
# The first byte of a parser's input: what the rest is.
STREAM, FRAME_WITHOUT_CRC = b"\x00", b"\x01"
# The first byte of a nodes' input: tree, root of a tree, ring, polling. Then come steps: time, length, frame.
NODES = tuple(range(4))
A_WHILE = 0xA0


def vector_frames() -> list[bytes]:
    """The frames of tests/vectors, whole."""
    lines = (VECTORS / "frames.txt").read_text("ascii").splitlines()
    return [bytes.fromhex(line.split()[1]) for line in lines if line and not line.startswith("#")]


def kept(target: str) -> list[bytes]:
    """The inputs of tests/vectors/fuzz_TARGET.txt, one a line in hex."""
    path = VECTORS / f"fuzz_{target}.txt"
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return [bytes.fromhex(line) for line in lines if line and not line.startswith("#")]


def seeds(target: str) -> list[bytes]:
    """What `target` ("parser" or "nodes") begins with."""
    frames = [frame[:-CRC_BYTES] for frame in vector_frames()]
    if target == "parser":
        streams = [b"\x00" + bytes([len(frame) + 1]) + frame.replace(b"\x00", b"\x01") for frame in frames]
        made = [FRAME_WITHOUT_CRC + frame for frame in frames] + [STREAM + stream for stream in streams]
    else:
        steps = b"".join(bytes([A_WHILE, len(frame)]) + frame for frame in frames if len(frame) < 60)
        made = [bytes([node]) + steps for node in NODES]
    return made + kept(target)


def write(target: str, folder: Path) -> None:
    """The seeds as files in `folder`, as libFuzzer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number:04}").write_bytes(seed)
