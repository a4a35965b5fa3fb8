"""`hybrid bench score`: a device on the published grid; and scores as text, wherever they come from."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.base.uncertainty import with_uncertainty
from hybrid.bench.units import duration
from hybrid.cli import completion
from hybrid.cli.bench_flags import SCORES, Debug, Json, Quiet
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display

if TYPE_CHECKING:
    from hybrid.bench.scores import Score

HELP = """Score a device on the published grid (grid@1): GHZ, QFT, phase estimation, Grover; 10,000 shots each.

The score is (sum sqrt(p q))^2 against the exact distribution. On a stand-in it says what the profile's numbers imply, no more.
Minutes at 10 qubits; hybrid bench run --suite grid@1 --device NAME --out FILE.jsonl keeps what it has, and continues.
"""
NAME, SCORE, PERFECT, RESCALED, DEPTH, TIME = 16, 14, 14, 12, 9, 10


def score_device(
    device: Annotated[
        str,
        typer.Argument(help="The device.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("devices")),
    ],
    dephasing: Annotated[
        str | None, typer.Option(help="quasistatic or markov; left out, the profile's.", metavar="KIND")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="Simulator. Default: exact.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("backends")
        ),
    ] = "exact",
    shots: Annotated[int, typer.Option(help="Per circuit. Default: 10000.", min=1, metavar="N")] = 10_000,
    realizations: Annotated[int | None, typer.Option(help="Draws of detunings; left out, 100.", min=1, metavar="N")] = None,
    seed: Annotated[int, typer.Option(help="Default: 0.", min=0, metavar="N")] = 0,
    threads: Annotated[int, typer.Option(help="Default: 1.", min=1, metavar="N")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Sample and print the scores."""
    from dataclasses import replace

    from hybrid.bench import suites
    from hybrid.bench.scores import score

    how = {"shots": shots, "realizations": realizations, "seed": seed, "threads": threads}
    cells = [replace(cell, backend_text=backend, dephasing=dephasing, **how) for cell in suites.load(SCORES).scores(device)]
    with Display(sys.stderr, quiet=quiet) as display:
        found = score(cells, lambda name: display.note(f"{name} ..."))
    if as_json:
        loaded = cells[0].device
        about = {"suite": SCORES, "device": loaded.label, "dephasing": loaded.dephasing, "caveat": loaded.caveat}
        emit(json.dumps({**about, "backend": backend, **how, "scores": [one.to_json() for one in found]}, indent=2))
    else:
        emit(scored(found))


def scored(found: "Sequence[Score]") -> str:
    """A line per circuit: score with its standard error, what perfect shots reach, rescaled, and what was run."""
    title = (
        f"{'circuit':<{NAME}}{'score':>{SCORE}}{'perfect shots':>{PERFECT}}{'rescaled':>{RESCALED}}{'2q depth':>{DEPTH}}"
        f"{'duration':>{TIME}}"
    )
    cell = found[0].cell
    told = [one.found for one in found if one.found is not None]
    legend = (
        f"(sum sqrt(p q))^2 of {cell['shots']:,} shots against the exact distribution; rescaled: uniform counts are worth 0, "
        "as many perfect shots 1. blind: the exact distribution is uniform, and so is a broken device's. Errors are standard "
        "errors from resampling. Duration: of one shot, by the profile. A score is the device's; nobody ranks by it."
    )
    head = wrapped(f"published circuits on {cell['device']}, computed by {cell['backend']}", indent=2)
    caveats = dict.fromkeys(one["caveat"] for one in told)
    return "\n\n".join([head, "\n".join([title, *map(_line, found)]), wrapped(legend), *map(wrapped, caveats)])


def _uncertain(found: dict[str, Any], key: str) -> str:
    from hybrid.bench.scores import ROUNDING

    stderr = found[f"{key}_stderr"]
    return with_uncertainty(found[key], stderr if stderr > ROUNDING else 0.0, 4)


def _line(score: "Score") -> str:
    name, found = score.cell["workload"], score.found
    if found is None:
        return wrapped(score.note, first=f"{name:<{NAME}}", indent=NAME)
    value = _uncertain(found, "fidelity")
    rescaled = "blind" if found["rescaled_fidelity"] is None else _uncertain(found, "rescaled_fidelity")
    took = duration(found["duration_s"]) if found["duration_s"] else "-"
    return (
        f"{name:<{NAME}}{value:>{SCORE}}{found['perfect_fidelity']:>{PERFECT}.4f}{rescaled:>{RESCALED}}"
        f"{found['two_qubit_depth']:>{DEPTH}}{took:>{TIME}}"
    )
