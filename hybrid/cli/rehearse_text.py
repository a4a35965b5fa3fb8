"""The report of a rehearsal for a terminal of 80 columns: verdict, table, criteria, what would change it, what to do next."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli.layout import command_lines, table, wrapped

if TYPE_CHECKING:
    from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal

WIDTH = 16
MET = {True: "yes", False: "NO", None: "-"}
HEAD = ("device", "verdict", "binding", "value", "QPU hours", "jobs")
COLUMNS = (16, 10, 16, 14, 16, 8)


def text(rehearsal: "Rehearsal", results: Path) -> str:
    """The whole report."""
    parts = [
        wrapped(rehearsal.sentence),
        wrapped(f"rehearsed: {_spaced(rehearsal.title)}; {rehearsal.spec.get('shots', 0):,} shots a value", indent=2),
        table(_known(rehearsal), WIDTH),
        "\n".join(_overview(rehearsal)),
        wrapped(_order(rehearsal)),
        *(_device(rehearsal, one) for one in rehearsal.devices),
        table(_left_out(rehearsal), WIDTH),
        table([("next", _next(rehearsal, results))], WIDTH),
        wrapped(rehearsal.caveat),
    ]
    return "\n\n".join(part for part in parts if part)


def _known(rehearsal: "Rehearsal") -> Iterator[tuple[str, str]]:
    """What the values are compared with."""
    if rehearsal.noiseless is not None:
        yield "without noise", _number(rehearsal.noiseless.value, rehearsal.noiseless.stderr, rehearsal.unit)
    for name, value in (
        ("exact", rehearsal.exact),
        (rehearsal.baseline_name, rehearsal.baseline),
        ("guessing", rehearsal.guessing),
    ):
        if value is not None:
            yield name[:WIDTH], f"{value:.6f} {rehearsal.unit}".rstrip()
    if rehearsal.scale is not None:
        yield "what matters", f"{rehearsal.scale:.4g} {rehearsal.unit}, {rehearsal.scale_words}"
    elif rehearsal.scale_words:
        yield "what matters", rehearsal.scale_words


def _overview(rehearsal: "Rehearsal") -> Iterator[str]:
    yield _row(HEAD)
    for one in rehearsal.devices:
        value = "-" if one.value is None else with_uncertainty(one.value, one.stderr or 0.0, 6)
        hours = "no rule" if one.hours is None else f"{one.hours[1]:.3g}{' (assumed)' if one.assumed else ''}"
        jobs = "-" if one.jobs is None else f"{one.jobs:,}"
        yield _row((one.device, one.word, one.binding or "-", value, hours, jobs))


def _order(rehearsal: "Rehearsal") -> str:
    """The devices by value; those whose bands overlap are not told apart."""
    groups = [" and ".join(group) + (" (not told apart)" if len(group) > 1 else "") for group in rehearsal.ranking]
    if len(rehearsal.devices) < 2 or not groups:
        return ""
    return f"By value, within the ranges of their profiles: {'; then '.join(groups)}."


def _row(cells: tuple[str, ...]) -> str:
    """Cells in columns; a longer first one has a line of its own."""
    first = f"{cells[0]}\n" if len(cells[0]) >= COLUMNS[0] else ""
    shown = ("", *cells[1:]) if first else cells
    return first + "".join(f"{cell:<{width}}" for cell, width in zip(shown, COLUMNS, strict=True)).rstrip()


def _device(rehearsal: "Rehearsal", one: "DeviceVerdict") -> str:
    name = f"{one.device} ({one.machine})" if one.machine else one.device
    rows = [(f"{MET[criterion.met]:>3} {criterion.name}", criterion.words) for criterion in one.criteria]
    rows += [("mitigation", f"{one.recommended} pays most at these shots")] if one.recommended else []
    if one.word != "GO":
        rows += [("smallest change", _change(one))]
    rows += [("flips", f"{flip.words} (now {flip.nominal:.3g} {flip.unit})") for flip in one.flips]
    return f"{name}: {one.word}\n{table(rows, WIDTH)}"


def _change(one: "DeviceVerdict") -> str:
    tried = f"; not enough: {', '.join(one.tried)}" if one.tried else ""
    if one.remedy is not None:
        return f"{one.remedy.words}: {one.remedy.verdict}{tried}"
    return f"none was found{tried}" if tried else ""


def _left_out(rehearsal: "Rehearsal") -> Iterator[tuple[str, str]]:
    for i, one in enumerate(rehearsal.skipped):
        yield "" if i else "left out", f"{one.step} on {one.device}: {one.why}"


def _next(rehearsal: "Rehearsal", results: Path) -> Any:
    """The command that follows: what makes it GO, or the package."""
    best, folder = rehearsal.best, [] if str(results) == "results" else ["--results", str(results)]
    if best.word != "GO" and best.remedy is not None:
        return command_lines([*shlex.split(best.remedy.command), *folder])
    return ""


def _number(value: float, stderr: float, unit: str) -> str:
    return f"{with_uncertainty(value, stderr, 6)} {unit}".rstrip()


def _spaced(title: str) -> str:
    return title.replace(",", ", ")
