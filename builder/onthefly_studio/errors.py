"""Every error a user can cause: what happened, where, and how to fix it.

An error is a `click.ClickException`, so that what a stage raises and what the command prints are
one object. Anything else that escapes is a bug of ours and ends with exit code 70.
"""

from __future__ import annotations

import click


class OnTheFlyError(click.ClickException):
    """Base of all expected failures.

    Args:
        what: one sentence, what went wrong, with the measured figure where there is one.
        where: the file, URL, option or stage it happened in.
        hint: what the user can do about it.
    """

    exit_code = 70

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what, self.where, self.hint = what, where, hint
        lines = [what]
        if where:
            lines.append(f"  where: {where}")
        if hint:
            lines.append(f"  hint:  {hint}")
        super().__init__("\n".join(lines))


class CheckFailed(OnTheFlyError):
    """A check of a finished thing did not hold (validate, verify)."""

    exit_code = 1


class ConfigError(OnTheFlyError):
    """Wrong use: an option, a value, or `site.toml`."""

    exit_code = 2


class SourceError(OnTheFlyError):
    """The weights could not be fetched, read or trusted."""

    exit_code = 3


class ConversionError(OnTheFlyError):
    """The model cannot be converted, or the converted model is not the original within tolerance."""

    exit_code = 4


class OutputError(OnTheFlyError):
    """The output folder could not be written."""

    exit_code = 5
