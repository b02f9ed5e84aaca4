"""Placeholders for packages that TensorFlow.js' converter imports at its top and no graph needs.

`tensorflowjs` 4.22 imports decision forests for the sake of operations that no image network has, and JAX
for models of JAX, which go through a converter of their own. Decision forests exist neither for Linux on
arm64 nor for Pythons from 3.13 on, and together they are larger than all the rest but TensorFlow: so none of
them is installed, and the process that converts has these in their place.

They are put there also where the real packages are installed. What a conversion does then never depends on
what else an environment holds, and a fifth of its time is saved.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn

FORESTS = "tensorflow_decision_forests"
JAX_CONVERSION = "tensorflowjs.converters.jax_conversion"
ABSENT = ("jax", "pandas", "scipy")
"""What TensorFlow, Keras and the converter import where it is installed, and do without where it is not."""


class PlaceholderUsed(ImportError):
    """Something of a package was used that a placeholder stands for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was used, of which only a placeholder is here: converting an image network needs none"
        )


class Placeholder(ModuleType):
    """A module that can be imported, and of which nothing can be used."""

    def __getattr__(self, name: str) -> Any:
        """Refuse, by what is asked for.

        Raises:
            AttributeError: for what Python itself asks of any module, such as `__file__`.
            PlaceholderUsed: for everything else.
        """
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{self.__name__} is a placeholder without {name}")
        raise PlaceholderUsed(f"{self.__name__}.{name}")


def install() -> None:
    """Put the placeholders in place; what has been imported before stays as it is.

    Before TensorFlow is imported this also spares it what `ABSENT` names.
    """
    jax_conversion = Placeholder(JAX_CONVERSION)
    vars(jax_conversion)["convert_jax"] = _convert_jax  # imported by name by `tensorflowjs.converters`
    for module in (Placeholder(FORESTS), jax_conversion):
        sys.modules.setdefault(module.__name__, module)
    for name in ABSENT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # its import fails, as if it were not there


def _convert_jax(*_: object, **__: object) -> NoReturn:
    raise PlaceholderUsed("tensorflowjs.converters.convert_jax")
