"""The one command, `treering`.

A subcommand is a module with HELP, add_arguments(parser) and run(args) -> exit code. It is imported only when
it is asked for, so that a Pi without Tk can run the bridge and the agent.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import shlex
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from bridge.errors import TreeringError, UsageError

# Exit codes: 0 well, 1 the run failed, 2 bad usage or input.
FAILED, BAD_INPUT = 1, 2
DEFAULT = "desktop"
COMMANDS = {
    DEFAULT: "desktop.options",
    "simulate": "bridge.simulate",
    "sweep": "desktop.experiments.sweep",
    "compare": "desktop.experiments.compare",
    "bridge": "bridge.command",
    "bridges": "bridge.find_bridges",
    "command": "bridge.command_node",
    "agent": "firmware.pi.command",
    "replay": "bridge.replay",
    "export": "bridge.export",
    "rebuild": "bridge.rebuild",
    "decode": "bridge.decode",
    "ports": "bridge.ports",
    "provision": "firmware.field.provision",
    "flash": "firmware.field.flash",
    "pair": "bridge.pair",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `treering` with these arguments (the process's own if None); the exit code."""
    multiprocessing.freeze_support()  # a process of a sweep begins here as well when the app is packaged
    try:
        try:
            return _dispatch(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            print(end="", flush=True)  # now, while a failure can still be told
    except TreeringError as error:
        print(f"treering: {error}", file=sys.stderr)
        return BAD_INPUT if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:  # the reader of our lines has gone, as `| head` does
        _silence_stdout()
        return 0
    except OSError as error:  # what concerns a file or a port is a TreeringError: this is our own output
        _silence_stdout()
        print(
            f"treering: cannot write the output: {error.strerror}; make room and try again", file=sys.stderr
        )
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _dispatch(given: list[str]) -> int:
    if given[:1] in (["-h"], ["--help"]):
        print(_overview())
        return 0
    if given[:1] == ["--version"]:
        from importlib.metadata import version  # costs what a window has no time for

        print(f"treering {version('treering')}")
        return 0
    if given in ([], [DEFAULT]):
        return _open_app()
    name = given.pop(0) if given[:1] and not given[0].startswith("-") else DEFAULT
    if name not in COMMANDS and os.path.isfile(name):  # as desktops do with a file that is opened with us
        given.insert(0, name)
        name = DEFAULT
    if name not in COMMANDS:
        raise UsageError(f"no command {name!r}; there are {', '.join(COMMANDS)}")
    module = _module(name)
    parser = _Parser(prog=f"treering {name}", description=module.HELP)
    module.add_arguments(parser)
    args = parser.parse_args(given)
    args.command_line = shlex.join(["treering", name, *given])  # for messages that say how to do it again
    return int(module.run(args))


def _open_app() -> int:
    """Without a word more there is nothing to parse, and the window is there the sooner."""
    try:
        from desktop.app import Options, main
    except ImportError as error:  # a Pi needs the bridge and the agent alone
        raise UsageError(f"{error}; install the app with `pip install treering[desktop]`") from error
    return main(Options())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and where to read more."""
        self.exit(BAD_INPUT, f"treering: {message}; see {self.prog} --help\n")


def _silence_stdout() -> None:
    """Python flushes at its end, and would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
