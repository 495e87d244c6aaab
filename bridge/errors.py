"""Errors for people: one line that names the file, line or port, the cause and the remedy."""

from __future__ import annotations


class TreeringError(Exception):
    """The run failed; commands exit with 1."""


class UsageError(TreeringError):
    """What was asked for cannot be: bad usage or input; commands exit with 2."""


class MissingError(UsageError):
    """There is nothing of the name that was given."""
