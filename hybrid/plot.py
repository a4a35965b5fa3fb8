"""Convergence of one run as a picture, drawn from its record alone. The only file that knows matplotlib."""

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from hybrid import record as records
from hybrid.errors import UsageError, shortened
from hybrid.result import with_uncertainty

MEASURED, FINAL, EXACT, BASELINE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Okabe & Ito's colours (jfly.uni-koeln.de/color): told apart whatever the reader's colour vision."""
INK, PAPER = "#222222", "#FAFAF8"
STYLE: dict[Any, Any] = {
    "font.size": 11.0,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "hybrid",
}
SUFFIXES = (".png", ".svg")
INCHES = (6.4, 5.0)
DOTS_PER_INCH = 200
FOOTER_COLUMNS = 100
FEWEST_AVERAGED = 5
"""A running mean takes no fewer points than this."""
MOST_SCATTER = 3.0
"""In standard errors: points that scatter more around their running mean differ by more than noise."""


@final
@dataclass
class Trace:
    """What a record holds of its loop: one entry per recorded value, counted in evaluations or, failing that, iterations."""

    start: dict[str, Any]
    stop: dict[str, Any] = field(default_factory=dict)
    at: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    stderr: list[float] = field(default_factory=list)
    on_path: bool = False
    """Whether the values were taken at the optimiser's own x, as those that come with gradients are."""
    counts: str = "evaluations"
    n_answers: int = 0

    @property
    def report(self) -> dict[str, Any]:
        """What the stop line reports; empty while the run is unfinished."""
        return self.stop.get("report", {})

    @property
    def sign(self) -> int:
        """-1 where recorded losses are negated values."""
        return -1 if self.report.get("maximize") else 1


def convergence(record: Path, target: Path) -> None:
    """Draw value against evaluations for a record, finished or not, as PNG or SVG by the suffix of `target`.

    UsageError: another suffix, a record without answers, a target that cannot be written. RecordError: a damaged record.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target}: a plot is written as {' or '.join(SUFFIXES)}.")
    trace = read_trace(record)
    if not trace.value and not trace.stop:
        raise UsageError(f"{record}: holds no answers yet, there is nothing to draw.")
    with matplotlib.rc_context(STYLE):
        figure = draw(trace)
        metadata = {"Date": None} if target.suffix.lower() == ".svg" else None
        try:
            figure.savefig(target, dpi=DOTS_PER_INCH, metadata=metadata)
        except OSError as error:
            raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None


def read_trace(path: Path) -> Trace:
    """The values of a record in the order in which they were measured."""
    answers: list[dict[str, Any]] = []
    start, stop = {}, {}
    for _, kind, body, _, _ in records.lines(path):
        if kind == "start":
            start = body
        elif kind == "stop":
            stop = body
        elif body["question"] != "final":
            answers.append(body)
    trace = Trace(start, stop, n_answers=len(answers))
    per_gradient = _evaluations_per_gradient(answers, stop)
    trace.on_path = any(answer["question"] == "gradient" for answer in answers)
    trace.counts = "evaluations" if per_gradient is not None else "iterations"
    spent = 0
    for answer in answers:
        values, stderr = _values(answer)
        if trace.on_path:
            values, stderr = values[:1], stderr[:1]
        if per_gradient is None:
            at = [answer["iteration"] + 1] * len(values)
        elif answer["question"] == "gradient":
            at = [spent := spent + per_gradient]
        else:
            at = list(range(spent + 1, spent + 1 + len(values)))
            spent += len(answer["values"])
        trace.at += at
        trace.value += values
        trace.stderr += stderr
    return trace


def _values(answer: dict[str, Any]) -> tuple[list[float], list[float]]:
    if answer["question"] == "gradient":
        return [answer["loss"]], [answer["loss_stderr"]]
    return answer["values"], answer["stderr"]


def _evaluations_per_gradient(answers: list[dict[str, Any]], stop: dict[str, Any]) -> int | None:
    """The record does not say what one gradient took; the total does, once the run has ended. None where unknowable."""
    gradients = sum(answer["question"] == "gradient" for answer in answers)
    if not gradients:
        return 0
    if not stop:
        return None
    points = sum(len(answer["values"]) for answer in answers if answer["question"] == "values")
    return (stop["solution"]["nfev"] - points) // gradients


def draw(trace: Trace) -> Figure:
    """The whole picture: what was run, the legend, the axes, the caveat; nothing lies over the data."""
    footer = _footer(trace)
    bottom = 0.035 * (footer.count("\n") + 1) + 0.03
    layout = ConstrainedLayoutEngine(rect=(0.01, bottom, 0.97, 0.87 - bottom))
    figure = Figure(figsize=INCHES, facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=PAPER)
    if trace.stop:
        _draw_levels(axes, trace)
    _draw_loop(axes, trace)
    if trace.stop:
        _draw_final(axes, trace)
    _label(axes, trace)
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 3, "columnspacing": 1.4, "borderaxespad": 0.2}
    legend = axes.legend(fontsize=10, frameon=False, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)
    resolved = trace.start["resolved"]
    head = f"{_name(resolved['algorithm'])} of {_problem(resolved['problem'])} on {resolved['device']}"
    shots = f"{resolved['shots']:,} shots" if resolved["shots"] else "exact values"
    how = f"{_name(resolved['ansatz'])}, {_name(resolved['optimizer'])}, {shots}, seed {resolved['seed']}"
    figure.text(0.02, 0.975, shortened(head, 56), size=13, weight="bold", va="top", parse_math=False)
    figure.text(0.02, 0.92, shortened(how, 80), size=10.5, va="top", parse_math=False)
    figure.text(0.02, 0.02, footer, size=8.5, va="bottom", parse_math=False)
    return figure


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
    window = max(FEWEST_AVERAGED, len(at) // 20)
    if not noisy or len(at) < 2 * window:
        return
    mean = running_mean(value, window)
    scatter = np.std(value[window // 2 :][: len(mean)] - mean)
    if scatter < MOST_SCATTER * stderr.mean():  # else the points lie apart on purpose and their mean says nothing
        axes.plot(running_mean(at, window), mean, color=MEASURED, lw=1.8, label=f"mean of {window} points")


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


def _draw_final(axes: Axes, trace: Trace) -> None:
    """The value measured afresh at the optimiser's last x, with its error bar."""
    solution = trace.stop["solution"]
    last = solution["nfev"] if trace.counts == "evaluations" else solution["iterations"]
    shown = with_uncertainty(solution["value"], solution["stderr"], 6).replace("-", "\N{MINUS SIGN}")
    about = {"fmt": "D", "ms": 6, "color": FINAL, "lw": 1.8, "zorder": 5, "clip_on": False}
    error = {"yerr": [solution["stderr"]], "capsize": 4} if solution["stderr"] > 0 else {}
    axes.errorbar([last + 1], [solution["value"]], label=f"final {shown} {trace.report['unit']}".rstrip(), **error, **about)


def _label(axes: Axes, trace: Trace) -> None:
    unit, quantity = trace.report.get("unit", ""), trace.report.get("quantity", "loss")
    axes.set_ylabel(f"{quantity} ({unit})" if unit else quantity, parse_math=False)
    axes.set_xlabel(trace.counts)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    axes.margins(y=0.08)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(color="#888888", alpha=0.25, lw=0.6)


def _footer(trace: Trace) -> str:
    text = trace.report.get("caveat") or (
        f"Unfinished: {trace.n_answers} answers so far, recorded as losses to minimise; exact value, baseline and "
        "the device's caveat are recorded when the run ends."
    )
    return textwrap.fill(text, FOOTER_COLUMNS)


def _name(member: str) -> str:
    return member.partition(":")[0]


def _problem(text: str) -> str:
    """The problem without the options that are left open."""
    name, _, options = text.partition(":")
    given = [option for option in options.split(",") if option and not option.endswith("=None")]
    return f"{name} ({', '.join(given)})" if given else name
