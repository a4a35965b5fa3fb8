"""Convergence of runs as a picture, drawn from their records alone."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, final

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from hybrid.base.errors import UsageError, shortened
from hybrid.base.uncertainty import with_uncertainty
from hybrid.figures.style import (
    BASELINE,
    COLOURS,
    DASHES,
    EXACT,
    FINAL,
    FOOTER_COLUMNS,
    INK,
    MEASURED,
    PAPER,
    STYLE,
    check_target,
    save,
)
from hybrid.runs import results_folder as runs
from hybrid.runs.results_folder import values_of
from hybrid.runs.spec import Spec

MARKERS = "os^vDPX"
MOST_RUNS = len(COLOURS) * len(DASHES)
SHORT_LABEL = 30
"""Labels of so many characters fit side by side."""
INCHES = (6.4, 5.0)
FEWEST_AVERAGED = 5
"""A running mean takes no fewer points than this."""
MOST_SCATTER = 3.0
"""In standard errors: points that scatter more around their running mean differ by more than noise."""


@final
@dataclass
class Trace:
    """What a record holds of its loop: one entry per recorded value, counted in evaluations."""

    name: str
    start: dict[str, Any]
    about: dict[str, Any]
    stop: dict[str, Any] = field(default_factory=dict)
    at: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    stderr: list[float] = field(default_factory=list)
    on_path: bool = False
    """Whether the values were taken at the optimiser's own x, as those that come with gradients are."""
    n_answers: int = 0

    @property
    def report(self) -> dict[str, Any]:
        """What the stop line reports; empty while the run is unfinished."""
        return self.stop.get("report", {})

    @property
    def sign(self) -> int:
        """-1 where recorded losses are negated values."""
        return -1 if self.about["maximize"] else 1

    @property
    def measures(self) -> str:
        """What the values are, with their unit."""
        quantity, unit = self.about["quantity"], self.about["unit"]
        return f"{quantity} ({unit})" if unit else quantity


def convergence(records: Path | Sequence[Path], target: Path) -> None:
    """Draw value against evaluations for records, finished or not, as PNG or SVG by the suffix of `target`.

    UsageError: another suffix, a record without answers, records of different quantities, a target that cannot be written.
    RecordError: a damaged record.
    """
    check_target(target)
    paths = [records] if isinstance(records, Path) else records
    traces = [read_trace(path) for path in paths]
    for path, trace in zip(paths, traces, strict=True):
        if not trace.value and not trace.stop:
            raise UsageError(f"{path}: holds no answers yet, there is nothing to draw.")
    with matplotlib.rc_context(STYLE):
        save(draw(*traces), target)


def read_trace(path: Path) -> Trace:
    """The values of a record in the order in which they were measured."""
    run = runs.read(path)
    asked = [
        (answer, spent)
        for answer, spent in zip(run.answers, run.evaluations(), strict=True)
        if answer["question"] in ("values", "gradient")
    ]
    trace = Trace(path.stem, run.start, run.about, run.stop or {}, n_answers=len(asked))
    trace.on_path = any(answer["question"] == "gradient" for answer, _ in asked)
    for answer, spent in asked:
        values, stderr = values_of(answer)
        at = [spent] if answer["question"] == "gradient" else list(range(spent - len(values) + 1, spent + 1))
        kept = 1 if trace.on_path else len(values)
        trace.at += at[:kept]
        trace.value += values[:kept]
        trace.stderr += stderr[:kept]
    return trace


def draw(trace: Trace, *others: Trace) -> Figure:
    """The whole picture: what was run, the legend, the axes, the caveat; nothing lies over the data.

    UsageError for runs that measure different quantities, and for more than can be told apart.
    """
    traces = (trace, *others)
    footer = _footer(traces)
    height = INCHES[1] + (0.22 * len(traces) if len(traces) > 1 else 0)
    bottom = (0.175 * (footer.count("\n") + 1) + 0.15) / height
    layout = ConstrainedLayoutEngine(rect=(0.01, bottom, 0.97, 1 - 0.65 / height - bottom))
    figure = Figure(figsize=(INCHES[0], height), facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=PAPER)
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "columnspacing": 1.4, "borderaxespad": 0.2}
    if len(traces) == 1:
        _draw_one(axes, trace)
        legend = axes.legend(fontsize=10, frameon=False, ncols=3, **place)
    else:
        handles = _draw_several(axes, traces)
        columns = 2 if max(len(str(handle.get_label())) for handle in handles) <= SHORT_LABEL else 1
        legend = axes.legend(handles=handles, fontsize=10, frameon=False, ncols=columns, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)
    _label(axes, trace.measures)
    head, how = _titles(traces)
    figure.text(0.02, 1 - 0.125 / height, shortened(head, 56), size=13, weight="bold", va="top", parse_math=False)
    figure.text(0.02, 1 - 0.4 / height, shortened(how, 80), size=10.5, va="top", parse_math=False)
    figure.text(0.02, 0.1 / height, footer, size=8.5, va="bottom", parse_math=False)
    return figure


def _titles(traces: Sequence[Trace]) -> tuple[str, str]:
    """What was run and how: what all share."""
    shared = {key: value for key, value in traces[0].start["resolved"].items() if all(_is(t, key, value) for t in traces)}
    algorithm = _name(shared["algorithm"]) if "algorithm" in shared else "runs"
    problem = _problem(shared["problem"]) if "problem" in shared else "several problems"
    head = f"{algorithm} of {problem} on {shared.get('device', 'several devices')}"
    how = [f"{len(traces)} runs"] if len(traces) > 1 else []
    how += [_name(shared[key]) for key in ("ansatz", "optimizer") if key in shared]
    if "shots" in shared:
        how.append(f"{shared['shots']:,} shots" if shared["shots"] else "exact values")
    return head, ", ".join([*how, f"seed {shared['seed']}"] if "seed" in shared else how)


def _is(trace: Trace, key: str, value: Any) -> bool:
    return trace.start["resolved"][key] == value


def _draw_one(axes: Axes, trace: Trace) -> None:
    if trace.stop:
        _draw_levels(axes, trace)
    _draw_loop(axes, trace)
    if trace.stop:
        _draw_final(axes, trace)


def _draw_several(axes: Axes, traces: Sequence[Trace]) -> list[Line2D]:
    """Every run in its own colour and marker; returns the entries of the legend."""
    if len(traces) > MOST_RUNS:
        raise UsageError(f"{len(traces)} runs cannot be told apart in one picture; draw {MOST_RUNS} at most.")
    if other := next((trace for trace in traces if trace.measures != traces[0].measures), None):
        raise UsageError(f"{traces[0].name} measures {traces[0].measures}, {other.name} {other.measures}: draw them apart.")
    handles = _draw_shared_levels(axes, traces)
    step = 0.015 * max(max(trace.at, default=1.0) for trace in traces)
    for i, (trace, name) in enumerate(zip(traces, differing(traces), strict=True)):
        style: dict[str, Any] = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        dash = DASHES[i // len(COLOURS)]
        _draw_loop_among(axes, trace, style, dash)
        told = "unfinished"
        if trace.stop:
            _draw_final(axes, trace, style | {"mec": INK, "mew": 0.8}, behind=step * i)
            told = f"final {_final_text(trace)}"
        handles.append(Line2D([], [], ls=dash, lw=1.8, ms=6, label=f"{shortened(name, 44)}: {told}", **style))
    return handles


def _draw_shared_levels(axes: Axes, traces: Sequence[Trace]) -> list[Line2D]:
    """Exact value and classical baseline, once, where all finished runs share them."""
    handles = []
    reports = [trace.report for trace in traces if trace.stop]
    for key, style in (
        ("baseline", {"color": "#999999", "lw": 4.5, "alpha": 0.45}),
        ("exact", {"color": INK, "lw": 1.4, "ls": "--"}),
    ):
        known = {report[key] for report in reports if report[key] is not None}
        if len(known) == 1:
            name = "exact" if key == "exact" else next(r["baseline_name"] for r in reports if r[key] is not None)
            handles.append(axes.axhline(known.pop(), label=name, **style))
    return handles


def _draw_loop_among(axes: Axes, trace: Trace, style: dict[str, Any], dash: str) -> None:
    """As `_draw_loop`, fainter, for one run among several."""
    at, value, stderr = np.array(trace.at), trace.sign * np.array(trace.value), np.array(trace.stderr)
    if trace.on_path:
        few = style if len(at) < 30 else {"color": style["color"]}
        axes.plot(at, value, ls=dash, lw=1.5, ms=3, **few)
        axes.fill_between(at, value - stderr, value + stderr, color=style["color"], alpha=0.18, lw=0)
        return
    if len(at):
        faint = {"alpha": 0.3, "ms": 2.5, "ls": "none", "rasterized": len(at) > 500}
        axes.errorbar(at, value, stderr if stderr.any() else None, elinewidth=0.6, **faint, **style)
    if (mean := _smoothed(at, value, stderr)) is not None:
        axes.plot(*mean[1:], ls=dash, lw=1.8, color=style["color"])


def differing(traces: Sequence[Trace]) -> list[str]:
    """For every run what tells it from the others: values of the fields, options of the members, that differ."""
    inputs = [trace.start["resolved"] for trace in traces]
    keys = [field.name for field in fields(Spec) if any(one[field.name] != inputs[0][field.name] for one in inputs)]
    without_budgets = _names(inputs, [key for key in keys if not key.startswith("max_")])
    names = without_budgets if len(set(without_budgets)) == len(traces) else _names(inputs, keys)
    return [
        name if name and names.count(name) == 1 else f"{name} {t.name}".strip() for name, t in zip(names, traces, strict=True)
    ]


def _names(inputs: list[dict[str, Any]], keys: list[str]) -> list[str]:
    return [", ".join(filter(None, (_told(key, one[key], [other[key] for other in inputs]) for key in keys))) for one in inputs]


def _told(key: str, value: Any, all_values: list[Any]) -> str:
    if key == "shots":
        return f"{value:,} shots" if value else "exact values"
    if key == "initial_point":
        return "" if value is None else "other start"
    if not isinstance(value, str) or not all(isinstance(other, str) for other in all_values):
        return "" if value is None else f"{key} {value}"
    if len({_name(other) for other in all_values}) > 1:
        return _name(value)
    options = [set(other.partition(":")[2].split(",")) for other in all_values]
    return ", ".join(option for option in value.partition(":")[2].split(",") if any(option not in other for other in options))


def _draw_loop(axes: Axes, trace: Trace) -> None:
    """A line with its band where values lie on the optimiser's path, else every point and, through noise, their mean."""
    at, value, stderr = np.array(trace.at), trace.sign * np.array(trace.value), np.array(trace.stderr)
    if not len(at):
        return
    noisy = bool(stderr.any())
    if trace.on_path:
        axes.plot(at, value, color=MEASURED, lw=1.8, marker="o" if len(at) < 30 else None, ms=3.5, label="at the optimiser's x")
        if noisy:
            axes.fill_between(at, value - stderr, value + stderr, color=MEASURED, alpha=0.25, lw=0, label="± standard error")
        return
    faint = {"color": MEASURED, "alpha": 0.35, "rasterized": len(at) > 2000}
    if noisy:
        axes.errorbar(at, value, stderr, fmt="o", ms=2.5, lw=0.7, label="measured point", **faint)
    else:
        axes.plot(at, value, "o", ms=2.5, label="measured point", **faint)
    if (mean := _smoothed(at, value, stderr)) is not None:
        axes.plot(*mean[1:], color=MEASURED, lw=1.8, label=f"mean of {mean[0]} points")


def _smoothed(at: np.ndarray, value: np.ndarray, stderr: np.ndarray) -> tuple[int, np.ndarray, np.ndarray] | None:
    """Window, positions and running mean of noisy points; None where points lie apart on purpose and it would say nothing."""
    window = max(FEWEST_AVERAGED, len(at) // 20)
    if not stderr.any() or len(at) < 2 * window:
        return None
    mean = running_mean(value, window)
    scatter = np.std(value[window // 2 :][: len(mean)] - mean)
    return (window, running_mean(at, window), mean) if scatter < MOST_SCATTER * stderr.mean() else None


def running_mean(values: Float[np.ndarray, " n"], window: int) -> Float[np.ndarray, " m"]:
    """Means of every `window` neighbours, m = n - window + 1."""
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


def _draw_levels(axes: Axes, trace: Trace) -> None:
    """The classical baseline as a broad line, the exact value as a thin one over it: both show where they coincide."""
    report = trace.report
    if report["baseline"] is not None:
        axes.axhline(report["baseline"], color=BASELINE, lw=4.5, alpha=0.45, label=report["baseline_name"])
    if report["exact"] is not None:
        axes.axhline(report["exact"], color=EXACT, lw=1.6, ls="--", label="exact")


def _draw_final(axes: Axes, trace: Trace, style: dict[str, Any] | None = None, behind: float = 0.0) -> None:
    """The value measured afresh at the optimiser's last x, with its error bar; `behind` keeps several apart."""
    solution = trace.stop["solution"]
    style = style or {"color": FINAL, "marker": "D", "label": f"final {_final_text(trace)} {trace.report['unit']}".rstrip()}
    error = {"yerr": [solution["stderr"]], "capsize": 4} if solution["stderr"] > 0 else {}
    about = {"ls": "none", "ms": 6, "elinewidth": 1.8, "zorder": 5, "clip_on": False}
    axes.errorbar([solution["nfev"] + 1 + behind], [solution["value"]], **error, **about, **style)


def _final_text(trace: Trace) -> str:
    solution = trace.stop["solution"]
    return with_uncertainty(solution["value"], solution["stderr"], 6).replace("-", "\N{MINUS SIGN}")


def _label(axes: Axes, measures: str) -> None:
    axes.set_ylabel(measures, parse_math=False)
    axes.set_xlabel("evaluations")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    axes.margins(y=0.08)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(color="#888888", alpha=0.25, lw=0.6)


def _footer(traces: Sequence[Trace]) -> str:
    caveats = dict.fromkeys(
        (trace.start["resolved"]["device"], trace.report.get("caveat", trace.about["caveat"])) for trace in traces
    )
    parts = [caveat if len(caveats) == 1 else f"{device}: {caveat}" for device, caveat in caveats]
    if len(traces) == 1 and not traces[0].stop:
        parts = [f"Unfinished: {traces[0].n_answers} answers so far.", *parts]
    return "\n".join(textwrap.fill(part, FOOTER_COLUMNS) for part in parts)


def _name(member: str) -> str:
    return member.partition(":")[0]


def _problem(text: str) -> str:
    """The problem without the options that are left open."""
    name, _, options = text.partition(":")
    given = [option for option in options.split(",") if option and not option.endswith("=None")]
    return f"{name} ({', '.join(given)})" if given else name
