"""`hybrid mitigate`: what every method of error mitigation buys at a run's last x, or for a circuit, as a table."""

import json
import sys
from collections.abc import Iterator
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.uncertainty import amount, duration, with_uncertainty
from hybrid.cli import completion, flags, sample
from hybrid.cli.budget_rows import signed
from hybrid.cli.layout import emit, table, wrapped
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture
from hybrid.cli.progress import Display
from hybrid.cli.report import WIDTH, physics, spaced

if TYPE_CHECKING:
    from hybrid.review.mitigation_ledger import Ledger

HELP = """What error mitigation buys: every method tried at a run's last x, or for a circuit, at the same number of shots.

Of each method: one value as measured, its bias against the value without noise, its standard error, circuits, shots and machine
time; and the error that it leaves in the machine time of a value without mitigation. Methods: hybrid list mitigations.
"""
NAME = 24
"""Columns of a method; a longer one has a line of its own."""
Observable = Annotated[
    str | None,
    typer.Option(
        help="Of a circuit: a problem, or ./my.pauli. Default: the mean of Z Z over neighbours.",
        metavar="PROBLEM",
        autocompletion=completion.of_family("problems"),
    ),
]


def mitigate_run_or_circuit(
    subject: flags.RunOrCircuit,
    also: Annotated[
        list[str],
        typer.Option(
            "--mitigate",
            help="Compare these methods too. Repeatable.",
            metavar="METHOD[+...]",
            autocompletion=completion.of_family("mitigations"),
        ),
    ] = [],  # noqa: B006  # typer makes a new list for every call
    shots: Annotated[int | None, typer.Option(help="Shots of a value. Default: as recorded; 1,000.", metavar="N")] = None,
    device: flags.DeviceOfCircuit = None,
    observable: Observable = None,
    bind: sample.Bind = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed of the values. Default: the run's; 0.", metavar="N")] = None,
    realizations: Annotated[
        int | None, typer.Option(help="Draws of detunings per limit: 8 x a power of two. Default: 64.", metavar="N")
    ] = None,
    results: flags.Results = flags.RESULTS,
    plot: flags.Plot = None,
    quiet: flags.Quiet = False,
    as_json: flags.Json = False,
) -> None:
    """Compute, print, draw."""
    flags.check_least(shots=shots, seed=seed, realizations=realizations)
    values = sample.bindings(bind)
    target = picture(plot, Path(f"{Path(subject.partition(':')[0]).stem}-mitigate.png"))
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling the circuits")
        from hybrid.review.mitigate import mitigate

        ledger = mitigate(
            subject,
            device=device,
            observable=observable,
            bind=values,
            methods=also,
            shots=shots,
            seed=seed,
            realizations=realizations,
            results=results,
            watch=lambda method, done, total: display.line(f"{done} of {total} methods  {method}"),
        )
    if target is not None:
        from hybrid.figures.mitigation_ledger import errors

        errors(ledger, target, page())
        display.note(f"drawn: {target}")
    emit(json.dumps(ledger.to_json()) if as_json else text(ledger))


def text(ledger: "Ledger") -> str:
    """The report: what pays, what each method gives and takes, what does not apply."""
    seed = f"{ledger.shots:,} shots a value, seed {ledger.seed}"
    run = f"run {ledger.id}; " if ledger.id else ""
    unit = ledger.unit
    head = [
        ("without noise", f"{ledger.ideal:.6f} {unit}".rstrip()),
        ("exact", "" if ledger.exact is None else f"{ledger.exact:.6f} {unit}".rstrip()),
        (ledger.baseline_name, "" if ledger.baseline is None else _baseline(ledger, ledger.baseline)),
    ]
    parts = [
        wrapped(sentence(ledger)),
        f"{physics(ledger.device, ledger.physics, 'exact')}\n{wrapped(f'{spaced(ledger.title)}; {run}{seed}', indent=2)}",
        table(head, WIDTH),
        "\n".join(_gives(ledger)),
        "\n".join(_takes(ledger)),
        table(_refused(ledger), WIDTH),
        wrapped(ledger.caveat),
    ]
    return "\n\n".join(part for part in parts if part)


def sentence(ledger: "Ledger") -> str:
    """In words: what pays most, what is left of the error, and what makes it worse."""
    best, plain = ledger.best, amount(ledger.plain.rms(), ledger.unit)
    now, flag = ledger.rms_at_equal_time(best), "" if best.dd == ledger.dd else f" --dd {best.dd}"
    flag = f"--mitigate {best.mitigate}{flag}" if best.mitigate != "none" else flag.lstrip()
    if ledger.worth(best) == "closer":
        rest = "bias" if best.rms(0.0) ** 2 > now**2 / 2 else "shot noise, which more shots make smaller"
        said = (
            f"{flag} pays most: in the same machine time its error is {amount(now, ledger.unit)}, "
            f"{ledger.gain(best):.1f} times closer than without mitigation ({plain}); what is left is mostly {rest}."
        )
    else:
        said = f"Nothing pays here: no method makes the error of {plain} clearly smaller in the same machine time."
    worse = [ledger.label(row) for row in ledger.rows if ledger.worth(row) == "worse"]
    return said + (f" Worse than no mitigation: {', '.join(worse)}." if worse else "")


def _baseline(ledger: "Ledger", baseline: float) -> str:
    """Which methods end on the better side of it, however many shots."""
    better = [ledger.label(row) for row in ledger.rows if ledger.beats_baseline(row)]
    side = "above" if ledger.maximize else "below"
    said = f"{baseline:.6f} {ledger.unit}".rstrip()
    if better:
        return f"{said}; infinitely many shots end {side} it with {', '.join(better)}"
    nearest = min(ledger.rows, key=lambda row: abs(row.limit - baseline))
    apart = amount(abs(nearest.limit - baseline), ledger.unit)
    return f"{said}; no method ends {side} it at this x, {ledger.label(nearest)} misses it by {apart}"


def _named(name: str, columns: str) -> Iterator[str]:
    """A row of a table; a long name stands in the line above."""
    if len(name) > NAME:
        yield name
        name = ""
    yield f"{name:<{NAME}}{columns}".rstrip()


def _gives(ledger: "Ledger") -> Iterator[str]:
    yield f"{'method':<{NAME}}{'value':>12}{'bias':>12}{'stderr':>9}{'rms':>8}{'equal':>8}{'gain':>6}"
    places = max(0, 2 - floor(log10(ledger.plain.rms())))
    for row in ledger.rows:
        value, bias = with_uncertainty(*row.value, digits=6), signed(*row.bias, places)
        errors = f"{row.stderr:>9.{places}f}{row.rms():>8.{places}f}{ledger.rms_at_equal_time(row):>8.{places}f}"
        yield from _named(ledger.label(row), f"{value:>12}{bias:>12}{errors}{ledger.gain(row):>6.1f}")
    yield wrapped(
        f"value: one of {ledger.shots:,} shots. bias: infinitely many shots minus without noise. rms: both errors together. "
        "equal: the same in the machine time of a value without mitigation. gain: that value's rms over it."
    )


def _takes(ledger: "Ledger") -> Iterator[str]:
    yield f"{'method':<{NAME}}{'circuits':>9}{'shots':>10}{'calibration':>13}{'time a value':>15}"
    for row in ledger.rows:
        calibration = f"{row.calibration_shots:,}" if row.calibration_shots else "-"
        time = duration(row.seconds) if ledger.seconds_known else f"{row.seconds:,.0f} shots"
        yield from _named(ledger.label(row), f"{row.circuits:>9,}{row.shots:>10,}{calibration:>13}{time:>15}")
    share = f"the {ledger.evaluations:,} values of this run bear" if ledger.id else "this one value bears"
    yield wrapped(f"A calibration is measured once; {share} it. Time: as the site bills it, queue and latency excluded.")


def _refused(ledger: "Ledger") -> Iterator[tuple[str, str]]:
    """Methods that do not apply, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for one in ledger.refused:
        reason = one.why.partition("; ")[0].rstrip(".").replace(f"mitigate={one.mitigate} ", "it ")
        by_reason.setdefault(reason, []).append(ledger.label(one))
    for i, (reason, names) in enumerate(by_reason.items()):
        yield "" if i else "does not apply", f"{', '.join(names)}: {reason.removeprefix(f'{names[0]}: ')}"
