"""The figure of a result, for its method `plot`."""

from functools import singledispatch
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError
from hybrid.bench.table import BenchmarkPlot
from hybrid.characterization.result import Characterization
from hybrid.device.device import Device
from hybrid.figures import (
    against_axis,
    bench,
    characterization,
    convergence,
    device_map,
    error_budget,
    histogram,
    mitigation_ledger,
    rehearsal_values,
)
from hybrid.figures.page import Page
from hybrid.figures.style import Drawing
from hybrid.figures.trace import read_trace
from hybrid.measure.sampling import Sample
from hybrid.rehearsal.rehearsal import Rehearsal
from hybrid.review.error_budget import ErrorBudget
from hybrid.review.mitigation_ledger import Ledger
from hybrid.runs.axis_values import curves, of_result
from hybrid.runs.repeat import Repetitions
from hybrid.runs.result import Result
from hybrid.runs.sweep import SweepResult


def plot(shown: Any, **options: Any) -> Drawing:
    """The figure of a result on a page with these options; UsageError: nothing to draw."""
    return _drawn(shown, Page(**options))


@singledispatch
def _drawn(shown: Any, page: Page) -> Drawing:
    raise TypeError(f"{type(shown).__name__} has no figure")


@_drawn.register
def _result(one: Result, page: Page) -> Drawing:
    return convergence.draw(read_trace(Path(one.record)), page=page)


@_drawn.register
def _repetitions(one: Repetitions, page: Page) -> Drawing:
    return convergence.draw(*(read_trace(Path(run.record)) for run in one.runs), page=page)


@_drawn.register
def _sweep(one: SweepResult, page: Page) -> Drawing:
    axis = next((axis.name for axis in one.axes if axis.name != "seed"), "seed")
    if not one.results:
        raise UsageError("no run of this sweep is finished: there is nothing to draw.")
    return against_axis.draw(curves([of_result(result) for result in one.results], axis), axis, page=page)


@_drawn.register
def _ledger(one: Ledger, page: Page) -> Drawing:
    return mitigation_ledger.draw(one, page=page)


@_drawn.register
def _budget(one: ErrorBudget, page: Page) -> Drawing:
    return error_budget.draw(one, page=page)


@_drawn.register
def _rehearsal(one: Rehearsal, page: Page) -> Drawing:
    return rehearsal_values.values(one, page=page)


@_drawn.register
def _device(one: Device, page: Page) -> Drawing:
    if not one.noisy:
        raise UsageError(f"device '{one.name}' has no map: any number of qubits, all coupled, all perfect.")
    return device_map.draw(one, page=page)


@_drawn.register
def _sample(one: Sample, page: Page) -> Drawing:
    return histogram.draw(one, "circuit", page=page)


@_drawn.register
def _benchmarks(one: BenchmarkPlot, page: Page) -> Drawing:
    return bench.picture(one.table.figures, one.kind, one.table.rows, page)


@_drawn.register
def _characterization(one: Characterization, page: Page) -> Drawing:
    if not one.compared:
        raise UsageError("the overview shows measured beside nominal values; quantum_volume alone has none.")
    return characterization.draw(one, page=page)
