"""Objects that are closed when their `with` block ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

_Self = TypeVar("_Self", bound="Closing")


class Closing(ABC):
    """In use from its making until `close`, or until the end of a `with` block."""

    @abstractmethod
    def close(self) -> None:
        """End it."""

    def __enter__(self: _Self) -> _Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
