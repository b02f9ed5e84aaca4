"""What a validation finds: rows with a measured error, a limit and a verdict, and which rows are wanted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from onthefly_studio.errors import ConfigError

Verdict = Literal["ok", "FAILED", "not checked", "not started"]
VERDICTS: tuple[Verdict, ...] = ("ok", "FAILED", "not checked", "not started")
GROUPS = (
    "start",
    "selfcheck",
    "kernels",
    "preprocess",
    "features",
    "end-to-end",
    "init",
    "order",
    "steps",
    "training",
    "classes",
    "witness",
)
FORMAT = 1
"""Version of the structure that `Report.as_json` gives."""


@dataclass(frozen=True)
class Row:
    """One thing that was compared, or the reason why it was not."""

    id: str
    backend: str
    """Where the page computed."""
    error: float | None
    """None where nothing was measured, or where what was measured is no finite number."""
    limit: float | None
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True)
class Curve:
    """The mean loss of each epoch, as one implementation of the training computed it."""

    task: str
    computed_by: str
    """Such as `page, plain`, `NumPy` or `Keras`."""
    loss: list[float]


@dataclass(frozen=True)
class Spread:
    """For one backend, how far each feature lies from the reference, the largest over all images."""

    backend: str
    reference: str
    """`original` or `golden`."""
    error: list[float]
    """Per feature, relative to its image's max|y|."""
    limit: float


class Selection:
    """Which rows are wanted: ids or beginnings of ids; all of them where none is named.

    Raises:
        ConfigError: a name begins no group of rows.
    """

    def __init__(self, wanted: Sequence[str] = ()) -> None:
        self._wanted = [name.strip().rstrip("*") for name in wanted if name.strip()]
        self._used: set[str] = set()
        for name in self._wanted:
            if not any(group.startswith(name.split("/")[0]) for group in GROUPS):
                raise _unknown(name)

    def row(self, row_id: str) -> bool:
        """Whether the row with this id is wanted."""
        matching = {name for name in self._wanted if row_id.startswith(name)}
        self._used |= matching
        return bool(matching) or not self._wanted

    def any(self, *beginnings: str) -> bool:
        """Whether some row that begins so may be wanted: work for the others is not done."""
        return not self._wanted or any(
            name.startswith(beginning) or beginning.startswith(name)
            for name in self._wanted
            for beginning in beginnings
        )

    def settle(self, beginning: str) -> None:
        """Rows that begin so were not reached, and a row says why: a name among them is no mistake."""
        self._used |= {name for name in self._wanted if name.startswith(beginning)}

    def require_used(self) -> None:
        """Raise `ConfigError` where a name turned out to be no row's beginning."""
        for name in self._wanted:
            if name not in self._used:
                raise _unknown(name)


def _unknown(name: str) -> ConfigError:
    return ConfigError(
        f"No row begins with {name!r}.",
        where="--only",
        hint=f"Take ids from the table, or beginnings of them; the groups are {', '.join(GROUPS)}.",
    )


@dataclass
class Report:
    """Everything one validation found."""

    selection: Selection
    site: dict[str, Any] = field(default_factory=dict)
    browser: str = ""
    backends: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    spreads: list[Spread] = field(default_factory=list)
    seconds: float = 0.0
    required: frozenset[str] = frozenset(("wasm",))
    """Backends that have to start."""

    def check(self, row_id: str, backend: str, error: float, limit: float, detail: str = "") -> None:
        """Add a measured row, if it is wanted. It holds where the error is a number up to the limit."""
        if not self.selection.row(row_id):
            return
        error, finite = float(error), math.isfinite(error)
        verdict: Verdict = "ok" if finite and error <= limit else "FAILED"
        detail = (
            detail if finite else "; ".join(filter(None, ["the difference is not a finite number", detail]))
        )
        self.rows.append(Row(row_id, backend, error if finite else None, limit, verdict, detail))

    def fail(self, row_id: str, backend: str, why: str, limit: float | None = None) -> None:
        """Add a row that failed before anything could be measured, if it is wanted."""
        if self.selection.row(row_id):
            self.rows.append(Row(row_id, backend, None, limit, "FAILED", why))

    def skip(self, row_id: str, backend: str, why: str) -> None:
        """Add a row that could not be checked, with the reason, if it is wanted."""
        if self.selection.row(row_id):
            self.rows.append(Row(row_id, backend, None, None, "not checked", why))

    @property
    def totals(self) -> dict[str, int]:
        """How many rows have each verdict."""
        counted = Counter(row.verdict for row in self.rows)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    @property
    def misses(self) -> list[Row]:
        """The rows that make a validation fail: beyond a limit, or a required backend that did not start."""
        return [
            row
            for row in self.rows
            if row.verdict == "FAILED" or (row.verdict == "not started" and row.backend in self.required)
        ]

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; the structure is described in docs/validate.md."""
        return {
            "format": FORMAT,
            "site": self.site,
            "browser": self.browser,
            "backends": self.backends,
            "rows": [asdict(row) for row in self.rows],
            "totals": self.totals,
            "passed": not self.misses,
            "seconds": round(self.seconds, 1),
            "curves": [
                {"task": each.task, "witness": each.computed_by, "loss": each.loss} for each in self.curves
            ],
            "spreads": [asdict(spread) for spread in self.spreads],
        }
