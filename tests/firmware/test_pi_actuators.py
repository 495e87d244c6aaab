"""The actuators of an agent: real files and programs, safe before, after, and when they fail."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bridge.errors import UsageError
from firmware.pi.actuators import (
    ActuatorSettings,
    CommandOutput,
    FileOutput,
    OutputError,
    Outputs,
    Scale,
)
from firmware.pi.settings import read_settings
from protocol.letters import Cause
from protocol.node import ActuatorSet
from tests.bridge.rig import run, until

OPEN = "id = 7\nopen = true\ncontroller = 1\n"


@pytest.fixture
def lamp(tmp_path: Path) -> Path:
    path = tmp_path / "brightness"
    path.write_text("77777\n")
    return path


def writes(path: Path) -> tuple[str, ...]:
    """A program that keeps all that it is given, line by line."""
    return sys.executable, "-c", f"open({str(path)!r}, 'a').write('{{value}}\\n')"


# --- one output ---


@pytest.mark.parametrize(("value", "full", "written"), [(0, 255, "0"), (255, 1, "1"), (128, 1000, "502")])
def test_a_file_gets_the_value_in_its_own_scale(lamp: Path, value: int, full: int, written: str) -> None:
    FileOutput(lamp, Scale(full)).set(value)
    assert lamp.read_text() == written + "\n"


def test_a_file_can_get_words(lamp: Path) -> None:
    output = FileOutput(lamp, Scale(words=("none", "default-on")))
    for value, word in ((1, "default-on"), (0, "none")):
        output.set(value)
        assert lamp.read_text() == word + "\n"


def test_a_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gone: No such file or directory"):
        FileOutput(tmp_path / "gone").set(1)
    assert not (tmp_path / "gone").exists()


def test_a_program_gets_the_value_as_it_is_and_no_shell_reads_it(tmp_path: Path) -> None:
    CommandOutput(writes(tmp_path / "told"), Scale(words=("$(off)", "on; ls"))).set(9)
    assert (tmp_path / "told").read_text() == "on; ls\n"


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; sys.exit('no line {value}')", r"exit code 1 \(no line 9\)"),
        ("import time; time.sleep(60 + {value})", "not done after 0.2 s, and ended"),
    ],
)
def test_a_program_that_fails_is_told(program: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.pi.actuators.COMMAND_TIMEOUT_S", 0.2 if "sleep" in program else 20.0)
    with pytest.raises(OutputError, match=told):
        CommandOutput((sys.executable, "-c", program)).set(9)


def test_a_program_that_is_gone_is_told() -> None:
    with pytest.raises(OutputError, match="/no/such: No such file"):
        CommandOutput(("/no/such", "{value}")).set(9)


# --- those of an agent ---


def test_outputs_are_safe_at_the_start_and_at_the_end(lamp: Path) -> None:
    async def main() -> None:
        outputs = Outputs([ActuatorSettings(FileOutput(lamp), safe=3)])
        assert outputs.actuators.values == [3]
        outputs.start()
        await until(lambda: lamp.read_text() == "3\n")
        outputs.heed(ActuatorSet(0, 200, Cause.COMMANDED))
        await until(lambda: lamp.read_text() == "200\n")
        await outputs.close()
        assert lamp.read_text() == "3\n"

    run(main())


def test_of_many_values_a_slow_program_gets_the_newest(tmp_path: Path) -> None:
    told = tmp_path / "told"

    async def main() -> None:
        outputs = Outputs([ActuatorSettings(CommandOutput(writes(told)))])
        for value in range(100):
            outputs.heed(ActuatorSet(0, value, Cause.COMMANDED))
            await asyncio.sleep(0)
        await until(lambda: told.exists() and told.read_text().endswith("99\n"))
        assert len(told.read_text().splitlines()) < 10
        await outputs.close()

    run(main())


def test_a_failure_is_told_and_the_next_value_is_tried(lamp: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        failed: list[int] = []
        outputs = Outputs([ActuatorSettings(FileOutput(lamp))], failed.append)
        text = lamp.read_text()
        lamp.unlink()
        outputs.heed(ActuatorSet(0, 200, Cause.COMMANDED))
        await until(lambda: failed == [0])
        assert "actuator 0 has not taken 200: " in caplog.text
        lamp.write_text(text)
        outputs.heed(ActuatorSet(0, 201, Cause.COMMANDED))
        await until(lambda: lamp.read_text() == "201\n")
        await outputs.close()

    run(main())


# --- its configuration ---


def config(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_configuration_names_files_beside_it_and_programs(tmp_path: Path, lamp: Path) -> None:
    text = OPEN + (
        '[[actuator]]\nkind = "file"\npath = "brightness"\nfull = 1\nsafe = 255\n'
        '[[actuator]]\nkind = "command"\ncommand = ["sh", "{value}"]\nwords = ["a", "b"]\n'
    )
    found = read_settings(config(tmp_path, text))
    assert found.actuators == (
        ActuatorSettings(FileOutput(lamp, Scale(1)), 255),
        ActuatorSettings(CommandOutput(("sh", "{value}"), Scale(words=("a", "b")))),
    )
    assert found.access.named_controller == 1


@pytest.mark.parametrize(
    ("actuator", "told"),
    [
        ('kind = "led"', r"agent.toml:5: kind is 'led'; write one of file, command"),
        ('kind = "file"', r"agent.toml:4: \[\[actuator\]\] has no path; add path = ..."),
        (
            'kind = "file"\npath = "none"',
            r"agent.toml:6: path: there is no file .*none; name one that exists",
        ),
        ('kind = "command"\ncommand = "sh"', r"agent.toml:6: command is no list of texts; write the program"),
        ('kind = "command"\ncommand = ["sh"]', r"agent.toml:6: command has no \{value\} among its arguments"),
        (
            'kind = "command"\ncommand = ["no-such", "{value}"]',
            r"agent.toml:6: there is no program 'no-such'",
        ),
        (
            'kind = "command"\ncommand = ["sh", "{value}"]\nwords = [1]',
            r"agent.toml:7: words is no pair of texts",
        ),
        ('kind = "command"\npath = "x"', r"agent.toml:6: unknown key 'path'; known are kind, command, full"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, actuator: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_settings(config(tmp_path, OPEN + "[[actuator]]\n" + actuator))


def test_actuators_need_somebody_who_may_command_them(tmp_path: Path, lamp: Path) -> None:
    text = 'id = 7\nopen = true\n[[actuator]]\nkind = "file"\npath = "brightness"\n'
    with pytest.raises(UsageError, match="no controller; name its id as controller"):
        read_settings(config(tmp_path, text))
