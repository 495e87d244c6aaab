"""The one command, `treering`.

A subcommand is a module with HELP, add_arguments(parser) and run(args) -> exit code. It is imported only when
it is asked for, so that a Pi without Tk can run the bridge and the agent.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType

from bridge.errors import TreeringError, UsageError

# Exit codes: 0 well, 1 the run failed, 2 bad usage or input.
FAILED, BAD_INPUT = 1, 2
DEFAULT = "desktop"
COMMANDS = {
    DEFAULT: "desktop.options",
    "simulate": "bridge.simulate",
    "bridge": "bridge.service",
    "agent": "firmware.pi.command",
    "replay": "bridge.replay",
    "decode": "bridge.decode",
    "ports": "bridge.ports",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `treering` with these arguments (the process's own if None); the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"]):
        print(_overview())
        return 0
    if given[:1] == ["--version"]:
        print(f"treering {version('treering')}")
        return 0
    name = given.pop(0) if given[:1] and not given[0].startswith("-") else DEFAULT
    if name not in COMMANDS:
        print(f"treering: no command {name!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return BAD_INPUT
    module = _module(name)
    parser = argparse.ArgumentParser(prog=f"treering {name}", description=module.HELP)
    module.add_arguments(parser)
    return _run(module, parser.parse_args(given))


def _run(module: ModuleType, args: argparse.Namespace) -> int:
    try:
        code = module.run(args)
        sys.stdout.flush()
        return int(code)
    except TreeringError as error:
        print(f"treering: {error}", file=sys.stderr)
        return BAD_INPUT if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:  # the reader of our lines has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return FAILED


def _module(name: str) -> ModuleType:
    return importlib.import_module(COMMANDS[name])


def _overview() -> str:
    lines = [
        "usage: treering [COMMAND] [options]",
        "",
        "Without a command the app opens. Each command has --help.",
        "",
    ]
    return "\n".join(lines + [f"  {name:10} {_module(name).HELP}" for name in COMMANDS])


if __name__ == "__main__":
    sys.exit(main())
