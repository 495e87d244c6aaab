"""Imports run one way, the protocol is pure, and a Pi without a screen can run its commands."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"protocol", "bridge", "desktop", "firmware"}

# What a module may import from this project; the longest prefix of its own name decides.
LAYERS = {
    "protocol": ("protocol",),
    "bridge": ("bridge", "protocol"),
    # --core c and avr: imported when they are asked for, by nobody else.
    "bridge.cores": ("firmware.native", "bridge", "protocol"),
    # For any series of numbers: it knows neither a network nor a bridge.
    "bridge.stream": ("bridge.stream",),
    "firmware": ("firmware", "bridge", "protocol"),
    "firmware.native": ("firmware.native", "protocol"),
    "desktop": ("desktop", "bridge", "protocol"),
    # It draws the fields that are to be built.
    "desktop.editor": ("desktop", "firmware.field", "bridge", "protocol"),
    "desktop.command": ("desktop", "firmware.field", "firmware.pi", "bridge", "protocol"),
}

# Rooms of the bridge that do not know of each other: the log has no reader in mind, and no reader another.
# (Sinks tell what rules do.)
APART = {
    "bridge.log": ("bridge.store", "bridge.rules", "bridge.sinks"),
    "bridge.store": ("bridge.rules", "bridge.sinks"),
    "bridge.rules": ("bridge.store", "bridge.sinks"),
    "bridge.sinks": ("bridge.store",),
}

# What the protocol may import besides: computation. Clocks, files, networks, threads and logs stay outside;
# of randomness it uses only the generator that its caller seeds.
# fmt: off
PURE = {
    "__future__", "abc", "array", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses",
    "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator",
    "re", "statistics", "string", "struct", "textwrap", "tomllib", "types", "typing", "zlib",
    "random", "random.Random", "construct", "cobs", "cryptography",
}
# fmt: on
IMPURE_CALLS = {"open", "print", "input", "breakpoint"}

# What is not there on a Pi: Debian splits tkinter off Python, and the rest comes with the desktop extra.
TK = ("tkinter", "ttkbootstrap", "tksheet", "tkinterdnd2")
DESKTOP_ONLY = (*TK, "matplotlib", "numpy", "PIL")
# What a Pi has if it was installed with that extra; whoever imports these modules says so if it was not.
EXTRAS = {"numpy": ("bridge.stream.columns",), "pyarrow": ("bridge.parquet",)}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def sources(*packages: str) -> dict[str, Path]:
    """Every module of these packages, with its file."""
    return {
        module_name(path): path for package in packages for path in sorted((ROOT / package).rglob("*.py"))
    }


def is_within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def used_names(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, at any depth, and of what is used of an imported module.

    `from a import b` is "a.b", and so is `a.b` after `import a`.
    """
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name: alias.name for alias in node.names}
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.lineno, f"{aliases[node.value.id]}.{node.attr}"


def impure_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield node.lineno, node.func.id


def objection(module: str, name: str) -> str | None:
    """Why `module` may not import `name`; None if it may."""
    top = name.partition(".")[0]
    layer = max((layer for layer in LAYERS if is_within(module, layer)), key=len)
    if top in PACKAGES | {"tests"} and not is_within(name, *LAYERS[layer]):
        return f"{layer} does not import {top}"
    for room, others in APART.items():
        if is_within(module, room) and is_within(name, *others):
            return f"{room} works without it"
    if top == "construct" and module != "protocol.wire_format":
        return "construct stays in protocol.wire_format"
    if module in EXTRAS.get(top, ()):
        return None
    if top in (*DESKTOP_ONLY, *EXTRAS) and not layer.startswith("desktop"):
        return "only desktop imports what a Pi lacks"
    if top in TK and is_within(module, "desktop.model"):
        return "models work without a display"
    if layer == "protocol" and top not in PACKAGES and (name if top == "random" else top) not in PURE:
        return "protocol is pure: time, randomness and bytes are passed in"
    return None


def violations(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """Each breach of the layers in one module's source, as "module:line: what (why)"."""
    tree = ast.parse(source)
    package = module if is_package else module.rpartition(".")[0]
    found = [
        f"{module}:{line}: uses {name} ({why})"
        for line, name in used_names(tree, package)
        if (why := objection(module, name))
    ]
    if is_within(module, "protocol"):
        found += [f"{module}:{line}: calls {name}() (protocol is pure)" for line, name in impure_calls(tree)]
    return found


def test_every_module_keeps_to_its_layer() -> None:
    assert [
        violation
        for module, path in sources(*PACKAGES).items()
        for violation in violations(module, path.read_text("utf-8"), is_package=path.stem == "__init__")
    ] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("protocol.node", "import time"),
        ("protocol.node", "import os.path"),
        ("protocol.node", "from random import randint"),
        ("protocol.node", "import random as r\nr.random()"),
        ("protocol.node", "import numpy"),
        ("protocol.node", "def f():\n    from bridge import relay"),
        ("protocol.node", "from construct import Int8ub"),
        ("protocol.node", "f = open('x')"),
        ("protocol.simulator.media", "import asyncio"),
        ("protocol.simulator.media", "from ... import tests"),
        ("bridge.relay", "from desktop.model.model import Model"),
        ("bridge.relay", "import firmware.pi.agent"),
        ("bridge.cores", "import firmware.pi.agent"),
        ("bridge.relay", "import firmware.native.tree"),
        ("firmware.native.tree", "import bridge.cores"),
        ("bridge.relay", "import tkinter"),
        ("bridge.relay", "from matplotlib import pyplot"),
        ("bridge.stream.windows", "import numpy"),
        ("bridge.stream.windows", "from protocol.capture import Record"),
        ("bridge.stream.detectors.drift", "from bridge import units"),
        ("bridge.log.runner", "from bridge.store.store import Store"),
        ("bridge.store.store", "from bridge.rules import engine"),
        ("bridge.rules.consumer", "import bridge.sinks.sink"),
        ("bridge.sinks.sink", "from bridge.store import rows"),
        ("bridge.store.store", "import pyarrow"),
        ("bridge.relay", "import tests.conftest"),
        ("firmware.pi.agent", "import desktop"),
        ("desktop.tree_view", "from firmware import pi"),
        ("desktop.model.model", "from tkinter import ttk"),
        ("desktop.model.rounds", "import ttkbootstrap"),
        ("desktop.command", "from tests import conftest"),
    ],
)
def test_the_checker_finds(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "protocol.wire_format",
            "import struct\nimport construct as c\nc.Int8ub\nfrom protocol.aggregate import Aggregate",
        ),
        ("protocol.simulator.field", "import random\nr = random.Random(1)\nr.random()"),
        ("protocol.simulator.media", "from random import Random\nfrom .. import node\nfrom cobs import cobs"),
        ("bridge.relay", "import asyncio, time, serial\nfrom protocol import packets\nopen('x')"),
        ("firmware.pi.agent", "from bridge import udp\nfrom firmware.pi import sensors"),
        ("bridge.stream.columns", "import numpy as np"),
        ("bridge.stream.windows", "from bridge.stream.statistics import Running"),
        ("bridge.rules.series", "from bridge.stream import statistics"),
        ("bridge.sinks.sink", "from bridge.log import facts"),
        ("desktop.tree_view", "import tkinter as tk\nfrom desktop.model.model import Model"),
        ("desktop.command", "def agent():\n    from firmware.pi import agent"),
    ],
)
def test_the_checker_permits(module: str, source: str) -> None:
    assert violations(module, source) == []


def import_without(missing: tuple[str, ...], modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Imports the modules in a fresh interpreter that finds nothing of what is missing."""
    program = "\n".join(
        [f"import sys; sys.modules.update(dict.fromkeys({missing}))", *(f"import {name}" for name in modules)]
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30
    )


def test_a_pi_can_import_all_it_runs() -> None:
    modules = sources("protocol", "bridge", "firmware")
    optional = ("firmware.native", *(name for names in EXTRAS.values() for name in names))
    ours = [module for module in modules if not is_within(module, *optional)]
    result = import_without(
        (*DESKTOP_ONLY, *EXTRAS, "cffi"), [*ours, "desktop.command", "desktop.experiments.sweep"]
    )
    assert result.returncode == 0, result.stderr


def test_the_models_can_be_imported_without_tk() -> None:
    models = [module for module in sources("desktop") if is_within(module, "desktop.model")]
    result = import_without(TK, models)
    assert result.returncode == 0, result.stderr


def test_what_needs_tk_cannot_be_imported_without_it() -> None:
    assert "ModuleNotFoundError" in import_without(TK, ["tkinter.ttk"]).stderr
