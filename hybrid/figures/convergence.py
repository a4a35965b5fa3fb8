"""Convergence of runs as a picture, drawn from their records alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from hybrid.base.errors import UsageError
from hybrid.figures import style, ticks
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import BASELINE, EXACT, FINAL, INK, Drawing, Look, styled
from hybrid.figures.trace import Trace, differing, from_exact, read_trace, titles

FREE_INCHES = 3.9
MOST_BARS = 60
"""More points than these have a band, or their standard error in the legend, in place of an error bar each."""
CHEMICAL_ACCURACY_HA = 1.594e-3
"""1 kcal/mol in hartree (CODATA 2018: 1 Ha = 627.5095 kcal/mol)."""
FEWEST_AVERAGED = 5
"""A running mean takes no fewer points than this."""
MOST_SCATTER = 3.0
"""In standard errors: points that scatter more around their running mean differ by more than noise."""


def convergence(records: Path | Sequence[Path], target: Path, page: Page = SCREEN, *, distance: bool = False) -> None:
    """Draw value against evaluations for records, finished or not, as PNG, SVG or PDF by the suffix of `target`.

    `distance`: that from the exact value, on a logarithmic axis. UsageError: another suffix, a record without answers, records
    of different quantities, no exact value for the distance, a target that cannot be written.
    RecordError: a damaged record.
    """
    style.check_target(target)
    paths = [records] if isinstance(records, Path) else records
    traces = [read_trace(path) for path in paths]
    for path, trace in zip(paths, traces, strict=True):
        if not trace.value and not trace.stop:
            raise UsageError(f"{path}: holds no answers yet, there is nothing to draw.")
    style.save(draw(*traces, distance=distance, page=page), target)


@styled
def draw(trace: Trace, *others: Trace, distance: bool = False) -> Drawing:
    """One panel with all runs; UsageError for runs that measure different quantities, and for more than can be told apart."""
    traces = [from_exact(one) for one in (trace, *others)] if distance else [trace, *others]
    trace = traces[0]
    head, how = titles(traces)
    height = FREE_INCHES + (0.22 * len(traces) if others else 0)
    figure = style.figure(head, [how], _footer(traces), (style.WIDTH, height))
    (axes,) = style.panels(figure)
    if others:
        style.legend_above(axes, _draw_several(axes, traces), most=2)
    else:
        _draw_one(axes, trace)
    axes.set(xlabel="evaluations", ylabel=trace.measures)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    axes.margins(y=0.08)
    if distance:
        axes.set_ylabel(f"|{trace.about['quantity']} \N{MINUS SIGN} exact|")  # the ticks have the unit
        _log_axis(axes, trace)
    else:
        axes.ticklabel_format(axis="y", useOffset=False)
    if not others:
        style.legend_above(axes)
    axes.grid()
    return figure


def _log_axis(axes: Axes, trace: Trace) -> None:
    """Powers of ten; for energies in hartree the band that is called chemical accuracy."""
    axes.set_yscale("log")
    axes.margins(y=0.08)
    if trace.about["unit"] == "Ha":
        low, high = axes.get_ylim()
        low, high = min(low, CHEMICAL_ACCURACY_HA / 10), max(high, 2 * CHEMICAL_ACCURACY_HA)
        axes.axhspan(low, CHEMICAL_ACCURACY_HA, color=EXACT, alpha=0.14, lw=0, zorder=0, label="chemical accuracy: 1 kcal/mol")
        axes.set_ylim(low, high)
    if trace.about["unit"]:
        ticks.log_axis(axes.yaxis, trace.about["unit"])
    else:
        ticks.log_ticks(axes.yaxis, FuncFormatter(lambda y, _: f"{y:g}"), few=False)


def _draw_one(axes: Axes, trace: Trace) -> None:
    """The classical baseline as a broad line, the exact value as a thin one over it, the loop, the final value."""
    (look,) = style.looks(1, "runs")
    report = trace.report
    if trace.stop:
        if report["baseline"] is not None:
            axes.axhline(report["baseline"], color=BASELINE, lw=4.5, alpha=0.45, label=report["baseline_name"])
        if report["exact"] is not None:
            axes.axhline(report["exact"], color=EXACT, lw=1.6, ls="--", label="exact")
    _draw_loop(axes, trace, look, alone=True)
    if trace.stop:
        label = f"final {trace.final_text} {report['unit']}".rstrip()
        _draw_final(axes, trace, 1, color=FINAL, marker="D", label=label)


def _draw_several(axes: Axes, traces: Sequence[Trace]) -> list[Line2D]:
    """Every run in its own colour and marker; returns the entries of the legend."""
    runs = style.looks(len(traces), "runs")
    if other := next((trace for trace in traces if trace.measures != traces[0].measures), None):
        raise UsageError(f"{traces[0].name} measures {traces[0].measures}, {other.name} {other.measures}: draw them apart.")
    handles = _draw_shared_levels(axes, traces)
    step = 0.015 * max(max(trace.at, default=1.0) for trace in traces)
    for i, (trace, name, look) in enumerate(zip(traces, differing(traces), runs, strict=True)):
        _draw_loop(axes, trace, look, alone=False)
        label = "unfinished"
        mark: dict[str, Any] = {"color": look.colour, "marker": look.marker}
        if trace.stop:
            _draw_final(axes, trace, 1 + step * i, mec=INK, mew=0.8, **mark)
            label = f"final {trace.final_text}"
        handles.append(Line2D([], [], ls=look.dash, lw=1.8, ms=6, label=f"{name}: {label}", **mark))
    return handles


def _draw_shared_levels(axes: Axes, traces: Sequence[Trace]) -> list[Line2D]:
    """Exact value and classical baseline, once, where all finished runs share them."""
    handles = []
    reports = [trace.report for trace in traces if trace.stop]
    for key, line in (
        ("baseline", {"color": "#999999", "lw": 4.5, "alpha": 0.45}),
        ("exact", {"color": INK, "lw": 1.4, "ls": "--"}),
    ):
        known = {report[key] for report in reports if report[key] is not None}
        if len(known) == 1:
            name = "exact" if key == "exact" else next(r["baseline_name"] for r in reports if r[key] is not None)
            handles.append(axes.axhline(known.pop(), label=name, **line))
    return handles


def _draw_loop(axes: Axes, trace: Trace, look: Look, *, alone: bool) -> None:
    """A line with its band where values lie on the optimiser's path, else every point and, through noise, their mean.

    Among several runs (not `alone`) all is fainter, and the legend does not name the parts.
    """
    at, value, stderr = np.array(trace.at), np.array(trace.value), np.array(trace.stderr)
    if not len(at):
        return
    noisy = bool(stderr.any())
    line: dict[str, Any] = {"color": look.colour, "ls": look.dash, "lw": 1.8}
    mark: dict[str, Any] = {"color": look.colour, "marker": look.marker}
    names = {"line": "at the optimiser's x", "band": "± standard error", "points": "measured point"} if alone else {}
    if trace.on_path:
        axes.plot(at, value, **line, marker=look.marker if len(at) < 30 else None, ms=3.5, label=names.get("line"))
        if noisy:
            low, high = value - stderr, value + stderr
            axes.fill_between(at, low, high, color=look.colour, alpha=0.25 if alone else 0.18, lw=0, label=names.get("band"))
        return
    mean = None if trace.distance else _smoothed(at, value, stderr)
    faint: dict[str, Any] = {"alpha": 0.35 if alone else 0.3, "ms": 2.5, "ls": "none"}
    if noisy and len(at) <= MOST_BARS:
        axes.errorbar(at, value, stderr, label=names.get("points"), elinewidth=0.7, **faint, **mark)
    else:
        error = f" (standard error {np.median(stderr):.2g})" if noisy and mean is None else ""
        axes.plot(at, value, label=f"{names['points']}{error}" if alone else None, **faint, **mark)
    if mean is None:
        return
    window, positions, means = mean
    axes.plot(positions, means, label=f"mean of {window} points" if alone else None, **line)
    if len(at) > MOST_BARS:
        half = running_mean(stderr, window)
        label = "± standard error of a point" if alone else None
        axes.fill_between(positions, means - half, means + half, color=look.colour, alpha=0.2, lw=0, label=label)


def _smoothed(at: np.ndarray, value: np.ndarray, stderr: np.ndarray) -> tuple[int, np.ndarray, np.ndarray] | None:
    """Window, positions and running mean of noisy points; None where the points differ by more than noise."""
    window = max(FEWEST_AVERAGED, len(at) // 20)
    if not stderr.any() or len(at) < 2 * window:
        return None
    mean = running_mean(value, window)
    scatter = np.std(value[window // 2 :][: len(mean)] - mean)
    return (window, running_mean(at, window), mean) if scatter < MOST_SCATTER * stderr.mean() else None


def running_mean(values: Float[np.ndarray, " n"], window: int) -> Float[np.ndarray, " m"]:
    """Means of every `window` neighbours, m = n - window + 1."""
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


def _draw_final(axes: Axes, trace: Trace, after: float, **mark: Any) -> None:
    """The value measured anew at the optimiser's last x, with its error bar, `after` so many evaluations."""
    solution = trace.stop["solution"]
    error = {"yerr": [solution["stderr"]], "capsize": 4} if solution["stderr"] > 0 else {}
    about = {"ls": "none", "ms": 6, "elinewidth": 1.8, "zorder": 5, "clip_on": False}
    axes.errorbar([solution["nfev"] + after], [solution["value"]], **error, **about, **mark)


def _footer(traces: Sequence[Trace]) -> list[str]:
    """The caveat of every device, and how far an unfinished run is."""
    caveats = dict.fromkeys(
        (trace.start["resolved"]["device"], trace.report.get("caveat", trace.about["caveat"])) for trace in traces
    )
    lines = [caveat if len(caveats) == 1 else f"{device}: {caveat}" for device, caveat in caveats]
    if len(traces) == 1 and not traces[0].stop:
        lines = [f"Unfinished: {traces[0].n_answers} answers so far.", *lines]
    return lines
