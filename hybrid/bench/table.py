"""Benchmark rows as one result of the Python API: a table in a notebook, and pictures."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid.base.display import html_of, plot_of
from hybrid.bench import rows
from hybrid.bench.naming import of_machine
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, figures


@final
@dataclass(frozen=True)
class BenchmarkTable:
    """Rows measured on one machine, all processes of a cell together in `figures`; `rows` may hold an A/A run."""

    rows: tuple[Row, ...]
    host: str | None = None

    _repr_html_ = html_of

    @classmethod
    def load(cls, *paths: Path | str, host: str | None = None) -> "BenchmarkTable":
        """The rows of files that `hybrid bench run` wrote; UsageError: no such file. RecordError: a damaged one."""
        return cls(tuple(row for path in paths for row in rows.read(Path(path))), host)

    @cached_property
    def figures(self) -> list[Figure]:
        """One per cell; UsageError: several machines with no `host` that says which."""
        return of_machine(figures(self.rows), self.host)

    def plot(self, kind: str = "scaling", **page: Any):
        """A matplotlib figure of a kind as of `hybrid bench plot --kind`, with the options of every result's `plot`.

        MissingPart: matplotlib is not installed. UsageError: an unknown kind or style, nothing of that kind to draw.
        """
        return plot_of(BenchmarkPlot(self, kind), **page)


class BenchmarkPlot(NamedTuple):
    """A picture that is asked for."""

    table: BenchmarkTable
    kind: str
