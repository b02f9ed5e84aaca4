"""A node of a graph as the NumPy reference reads it: its attributes, and what to say where one is unknown.

Nothing here or in `graph.py`, `operations.py` and `windows.py` comes from the code that converts graphs or
finds their plans (`graph/`), but for the reading of files: what is computed here proves those because it is
read and computed apart from them.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

from onthefly_studio.errors import ConfigError

WITH_TENSORFLOW = "Install the extra `convert`: if TensorFlow is there, it computes the graph."
MOST_VALUES = 1 << 27
"""Of one value in a graph: 512 MiB. A photograph's planes in a MobileNet have about a thousandth of that."""
TYPES = {"DT_FLOAT": "float32", 1: "float32", "DT_INT32": "int32", 3: "int32"}


class NotComputed(ConfigError):
    """The NumPy reference does not know an operation of the graph, or a way to do it; TensorFlow may.

    Args:
        op: the operation.
        node: its node's name.
        how: what of the operation is unknown; empty where all of it is.
    """

    def __init__(self, op: str, node: str, how: str = "") -> None:
        manner = f" with {how}" if how else ""
        what = f"Without TensorFlow, the operation {op[:40]}{manner} cannot be computed."
        super().__init__(what, where=f"the node {node[:80]!r} of the graph", hint=WITH_TENSORFLOW)


@dataclass(frozen=True)
class Node:
    """A node, with its attributes as values. One that is left out has TensorFlow's default.

    A required attribute that is missing raises `KeyError`, as does one of another kind.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    """Names of the nodes whose values it takes, in order."""
    attributes: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, written: dict[str, Any]) -> Node:
        """As `model.json` writes it.

        Raises:
            NotComputed: it takes another than a node's first value.
        """
        inputs = []
        for reference in written.get("input", ()):
            name, _, port = reference.partition(":")
            if port not in ("", "0"):
                raise NotComputed(written["op"], written["name"], f"the input {reference[:80]!r}")
            if not name.startswith("^"):  # which only says what has to be computed before
                inputs.append(name)
        return cls(written["name"], written["op"], tuple(inputs), written.get("attr", {}))

    def unknown(self, how: str) -> NotComputed:
        """The error for a way to do this operation that is not known here."""
        return NotComputed(self.op, self.name, how)

    def bounded(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a value that is about to be made, where a graph's own numbers could ask for any.

        Raises:
            NotComputed: it is too large.
        """
        if math.prod(shape) > MOST_VALUES:
            raise self.unknown(f"a value of shape {list(shape)}")
        return shape

    def flag(self, attribute: str) -> bool:
        """True or false; false where the node does not say."""
        return bool(self.attributes.get(attribute, {}).get("b", False))

    def whole(self, attribute: str, default: int) -> int:
        """A whole number."""
        return int(self.attributes[attribute]["i"]) if attribute in self.attributes else default

    def number(self, attribute: str, default: float) -> float:
        """A number."""
        return float(self.attributes[attribute]["f"]) if attribute in self.attributes else default

    def wholes(self, attribute: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """A list of whole numbers."""
        if default is not None and attribute not in self.attributes:
            return default
        return tuple(int(each) for each in self.attributes[attribute]["list"].get("i", ()))

    def word(self, attribute: str, default: str | None = None) -> str:
        """A string."""
        if default is not None and attribute not in self.attributes:
            return default
        return base64.b64decode(self.attributes[attribute]["s"]).decode()

    def words(self, attribute: str) -> list[str]:
        """A list of strings; empty where the node has none."""
        listed = self.attributes.get(attribute, {}).get("list", {}).get("s", ())
        return [base64.b64decode(each).decode() for each in listed]

    def type(self, attribute: str, default: str) -> str:
        """The name of a type of numbers.

        Raises:
            NotComputed: of numbers that no graph for a browser has.
        """
        if attribute not in self.attributes:
            return default
        given = self.attributes[attribute]["type"]
        if given not in TYPES:
            raise self.unknown(f"{attribute} {str(given)[:20]}")
        return TYPES[given]
