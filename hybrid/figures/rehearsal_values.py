"""The value of an experiment on each device with its error and band, beside exact, classical and guessed values."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hybrid.base.errors import shortened
from hybrid.figures import style, ticks
from hybrid.figures.style import BASELINE, EXACT, FINAL, GREY, INK, MEASURED, Drawing, styled
from hybrid.rehearsal.package.main_runs import mitigated
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal

ROW_INCHES = 0.42
CAVEAT = "Simulated on profiles of devices: what is published of them, the rest derived or assumed. Not a prediction."
LONGEST_DEVICE, LONGEST_NAME = 22, 40
BAND_ALPHA = 0.4
BAND, SHIFT = 0.5, 0.18
"""Of a row's height: that of the band of devices, and how far two values lie from the middle."""


@styled
def values(rehearsal: Rehearsal) -> Drawing:
    """One row per device: the value as asked for, with mitigation, and where 90 % of devices within the ranges lie."""
    unit = f" ({rehearsal.unit})" if rehearsal.unit else ""
    better = "larger" if rehearsal.maximize else "smaller"
    lines = [f"{rehearsal.quantity}, {better} is better; error bars are one standard error", *_outside(rehearsal)]
    inches = (style.WIDTH, ROW_INCHES * max(2, len(rehearsal.devices)) + 0.7)
    drawn = style.figure("The value on each device", lines, [CAVEAT], inches, _legend(rehearsal))
    (axes,) = style.panels(drawn)
    for level, colour, dash, width, _ in _levels(rehearsal):
        axes.axvline(level, color=colour, ls=dash, lw=width, zorder=1)
    for row, verdict in enumerate(rehearsal.devices):
        _draw_device(axes, row, verdict)
    axes.set_yticks(range(len(rehearsal.devices)), [shortened(one.device, LONGEST_DEVICE) for one in rehearsal.devices])
    axes.set_ylim(len(rehearsal.devices) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{rehearsal.quantity}{unit}")
    axes.xaxis.set_major_locator(ticks.few_ticks())
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.use_sticky_edges = False
    axes.margins(x=0.06)
    axes.grid(axis="x")
    return drawn


def _levels(rehearsal: Rehearsal) -> list[tuple[float, str, str, float, str]]:
    """Known values as (level, colour, dash, line width, name)."""
    noiseless = None if rehearsal.noiseless is None else rehearsal.noiseless.value
    guessing = None if _outside(rehearsal) else rehearsal.guessing
    known = [
        (rehearsal.baseline, BASELINE, "-", 3.0, rehearsal.baseline_name or "classical baseline"),
        (guessing, GREY, ":", 1.8, "guessing"),
        (noiseless, INK, "-.", 1.0, "without noise"),
        (rehearsal.exact, EXACT, "--", 1.6, "exact"),
    ]
    return [(level, colour, dash, width, name) for level, colour, dash, width, name in known if level is not None]


def _outside(rehearsal: Rehearsal) -> list[str]:
    """That guessing lies too far away to be drawn: its distance would hide those between all others."""
    guessing = rehearsal.guessing
    drawn = [one.value for one in rehearsal.devices] + [rehearsal.exact, rehearsal.baseline]
    shown = [value for value in drawn if value is not None]
    if guessing is None or not shown:
        return []
    low, high = min(shown), max(shown)
    if low - (high - low) <= guessing <= high + (high - low):
        return []
    return [f"guessing gives {guessing:.4g} {rehearsal.unit}".rstrip() + ", outside of this picture"]


def _legend(rehearsal: Rehearsal) -> list[Line2D | Patch]:
    entries: list[Line2D | Patch] = [
        Line2D([], [], color=colour, ls=dash, lw=width, label=shortened(name, LONGEST_NAME))
        for _, colour, dash, width, name in _levels(rehearsal)
    ]
    entries.append(Line2D([], [], color=FINAL, marker="D", ms=5, ls="none", label="as asked for"))
    if any(mitigated(one) is not None for one in rehearsal.devices):
        entries.append(Line2D([], [], color=FINAL, marker="o", mfc=style.PAPER, ms=5, ls="none", label="mitigated"))
    if any(one.interval and "low" in one.interval for one in rehearsal.devices):
        entries.append(Patch(color=MEASURED, alpha=BAND_ALPHA, lw=0, label="90 % of devices, without shot noise"))
    return entries


def _draw_device(axes: Axes, row: int, verdict: DeviceVerdict) -> None:
    if verdict.interval is not None and "low" in verdict.interval:
        low, high = verdict.interval["low"], verdict.interval["high"]
        axes.barh(row, high - low, left=low, height=BAND, color=MEASURED, alpha=BAND_ALPHA, lw=0, zorder=2)
    bar = {"ls": "none", "capsize": 3, "zorder": 4, "color": FINAL}
    better = mitigated(verdict)
    if verdict.value is None:
        across = axes.get_yaxis_transform()
        axes.text(0.5, row, "not played", transform=across, ha="center", va="center", size=style.TINY, color=style.MUTED)
        return
    shift = 0.0 if better is None else SHIFT
    axes.errorbar(verdict.value, row - shift, xerr=verdict.stderr or None, fmt="D", ms=5, **bar)
    if better is not None:
        axes.errorbar(better.value, row + shift, xerr=better.stderr or None, fmt="o", ms=5, mfc=style.PAPER, **bar)
