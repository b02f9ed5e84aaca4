"""What only some commands need and a plain installation leaves out, and how to install each.

The names are those of `[project.optional-dependencies]` in `pyproject.toml`. Imports none of them.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Literal

from onthefly_studio import __version__
from onthefly_studio.contract import TENSORFLOW_JS
from onthefly_studio.errors import ConfigError

DISTRIBUTION = "onthefly-studio"
WHEEL_ADDRESS = f"https://onthefly.example/onthefly_studio-{__version__}-py3-none-any.whl"
"""Where the wheel of this version is. Nothing is published yet, and PyPI's `onthefly` is somebody else's:
whoever publishes writes the address here, and every message has it."""

Extra = Literal["convert", "validate", "beam"]


@dataclass(frozen=True)
class _Packages:
    title: str
    """In a sentence."""
    modules: tuple[str, ...]
    """What is imported, of each package."""
    command: str
    """What brings them."""


def _of_the_wheel(extra: Extra, title: str, *modules: str) -> _Packages:
    return _Packages(title, modules, f'pip install "{DISTRIBUTION}[{extra}] @ {WHEEL_ADDRESS}"')


_CONVERTER = _Packages(
    "TensorFlow.js' converter",
    ("tensorflowjs",),
    # It asks for decision forests, JAX and Flax, which nothing here uses (`tensorflow/placeholders.py`). That
    # they be left out is for the command to say; an extra cannot.
    f"pip install --no-deps tensorflowjs=={TENSORFLOW_JS}",
)
_EXTRAS: dict[Extra, tuple[_Packages, ...]] = {
    # pkg_resources is setuptools', and imported by tensorflow_hub.
    "convert": (
        _of_the_wheel("convert", "TensorFlow", "tensorflow", "tf_keras", "tensorflow_hub", "pkg_resources"),
        _CONVERTER,
    ),
    "validate": (_of_the_wheel("validate", "Playwright", "playwright"),),
    "beam": (_of_the_wheel("beam", "Apache Beam", "apache_beam"),),
}


def missing(extra: Extra, purpose: str) -> str | None:
    """What to tell a user who lacks an extra.

    Args:
        extra: its name.
        purpose: what needs it, as the beginning of a sentence.

    Returns:
        One line, with the command that brings it; None where it is here.
    """
    absent = [packages for packages in _EXTRAS[extra] if not all(map(_is_here, packages.modules))]
    if not absent:
        return None
    commands = " && ".join(packages.command for packages in absent)
    return f"{purpose} needs {absent[0].title}, which is not installed. Run: {commands}"


def installed(extra: Extra) -> bool:
    """Whether everything of an extra could be imported."""
    return missing(extra, "It") is None


def require(extra: Extra, purpose: str) -> None:
    """Check that an extra is installed, before anything is begun that needs it.

    Args:
        extra: its name.
        purpose: what needs it, as the beginning of a sentence.

    Raises:
        ConfigError: it is not; with the command that brings it, all in one line.
    """
    if message := missing(extra, purpose):
        raise ConfigError(message)


def _is_here(module: str) -> bool:
    """Whether a module could be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # kept from being imported; a stand-in without a spec
        return False
