"""Settings survive: restarts, comments, newer versions, and files that are broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import UsageError
from desktop.shell.settings import Settings, SettingsFile, problem_with


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "desktop.toml"


def test_without_a_file_the_usual_settings_hold_and_none_is_written(path: Path) -> None:
    file = SettingsFile(path)
    assert (file.now, file.problem) == (Settings(), None)
    assert not path.parent.exists()


def test_a_change_holds_after_a_restart(path: Path) -> None:
    file = SettingsFile(path)
    file.change(theme="dark", recording_limit_mb=500)
    assert file.now == Settings(theme="dark", recording_limit_mb=500)
    assert SettingsFile(path).now == file.now
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "nothing is left beside it"


def test_what_a_newer_version_and_a_person_wrote_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('# mine\ntheme = "light"\nholograms = [1, 2]\n\n[fancy]\nx = 1.5\n')
    file = SettingsFile(path)
    assert (file.now, file.problem) == (Settings(theme="light"), None)
    file.change(period_s=2.0)
    text = path.read_text()
    assert "# mine" in text
    assert "holograms = [1, 2]" in text
    assert "[fancy]\nx = 1.5" in text
    assert SettingsFile(path).now == Settings(theme="light", period_s=2.0)


def test_a_bad_value_is_told_with_its_line_and_the_others_hold(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('confirm_close = true\ntheme = "purple"\n')
    file = SettingsFile(path)
    assert file.now == Settings(confirm_close=True)
    assert file.problem == (
        f"{path}, line 2: theme must be one of system, light, dark; the usual value holds"
    )


def test_a_file_that_is_no_toml_is_told_with_its_line_and_left_aside_when_another_is_written(
    path: Path,
) -> None:
    path.parent.mkdir()
    path.write_text('theme = "dark"\nperiod_s = five\n')
    file = SettingsFile(path)
    assert file.now == Settings()
    assert file.problem is not None
    assert "line 2" in file.problem
    assert SettingsFile(path).problem == file.problem, "until somebody mends it or changes a setting"
    file.change(theme="light")
    assert path.with_name("desktop.toml.bad").read_text() == 'theme = "dark"\nperiod_s = five\n'
    assert SettingsFile(path).now == Settings(theme="light")


def test_a_file_that_is_nested_without_end_is_left_aside_too(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("a = " + "[" * 20_000)
    file = SettingsFile(path)
    assert file.problem is not None
    file.change(theme="light")
    assert SettingsFile(path).now == Settings(theme="light")


def test_where_nothing_can_be_written_a_change_holds_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = SettingsFile(tmp_path / "file" / "desktop.toml")
    with pytest.raises(UsageError, match="name another folder"):
        file.change(theme="dark")
    assert file.now.theme == "dark"


@pytest.mark.parametrize(
    ("name", "value", "is_good"),
    [
        ("theme", "dark", True),
        ("theme", "Dark", False),
        ("theme", 3, False),
        ("recording", 1, False),
        ("recording_limit_mb", 10, True),
        ("recording_limit_mb", 9, False),
        ("recording_limit_mb", True, False),
        ("recording_limit_mb", 20.5, False),
        ("period_s", 1, True),
        ("period_s", 0, False),
        ("period_s", float("nan"), False),
        ("recording_folder", "/somewhere", True),
    ],
)
def test_values_are_checked(path: Path, name: str, value: object, is_good: bool) -> None:
    assert (problem_with(name, value) is None) == is_good
    if not is_good:
        with pytest.raises(ValueError, match=name):
            SettingsFile(path).change(**{name: value})
        assert not path.exists()
