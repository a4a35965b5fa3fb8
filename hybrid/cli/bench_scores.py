"""`hybrid bench score`: scores of a simulated device on the published circuits, and any scores as text."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hybrid.base.uncertainty import with_uncertainty
from hybrid.bench.units import duration
from hybrid.cli import flags
from hybrid.cli.bench_flags import SCORES
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display

if TYPE_CHECKING:
    from hybrid.bench.scores import Score

HELP = """Score a device on the published circuits (grid@1): GHZ, QFT, phase estimation, Grover; 10,000 shots each.

The score is the fidelity (sum sqrt(p q))^2 with the exact distribution. For a simulated device it follows from the numbers in
its profile. It takes minutes at 10 qubits. To be able to interrupt and continue it: hybrid bench run --suite grid@1 --device
NAME --out FILE.jsonl.
"""
NAME, SCORE, PERFECT, RESCALED, DEPTH, TIME = 16, 14, 14, 12, 9, 10


def score_device(
    device: flags.DeviceName,
    dephasing: flags.Dephasing = None,
    backend: flags.Backend = "exact",
    shots: flags.Shots = 10_000,
    realizations: flags.Realizations = None,
    seed: flags.Seed = 0,
    threads: flags.Threads = 1,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Sample and print the scores."""
    from dataclasses import replace

    from hybrid.bench import suites
    from hybrid.bench.scores import score

    how = {"shots": shots, "realizations": realizations, "seed": seed, "threads": threads}
    flags.check_least(**how)
    cells = [replace(cell, backend_text=backend, dephasing=dephasing, **how) for cell in suites.load(SCORES).scores(device)]
    with Display(sys.stderr, quiet=quiet) as display:
        scores = score(cells, lambda name: display.note(f"{name} ..."))
    if as_json:
        loaded = cells[0].device
        about = {"suite": SCORES, "device": loaded.label, "dephasing": loaded.dephasing, "caveat": loaded.caveat}
        emit(json.dumps({**about, "backend": backend, **how, "scores": [one.to_json() for one in scores]}, indent=2))
    else:
        emit(scored(scores))


def scored(scores: "Sequence[Score]") -> str:
    """A line per circuit: score with its standard error, the score of perfect shots, rescaled score, depth and duration."""
    title = (
        f"{'circuit':<{NAME}}{'score':>{SCORE}}{'perfect shots':>{PERFECT}}{'rescaled':>{RESCALED}}{'2q depth':>{DEPTH}}"
        f"{'duration':>{TIME}}"
    )
    cell = scores[0].cell
    results = [one.found for one in scores if one.found is not None]
    legend = (
        f"score: fidelity (sum sqrt(p q))^2 of {cell['shots']:,} shots with the exact distribution. rescaled: 0 for uniform "
        "counts, 1 for as many shots without errors. blind: the exact distribution is uniform, as that of a broken device "
        "would be. Standard errors are from resampling. duration: of one shot, by the profile. A score is of the device: it "
        "ranks no simulator."
    )
    head = wrapped(f"published circuits on {cell['device']}, computed by {cell['backend']}", indent=2)
    caveats = dict.fromkeys(one["caveat"] for one in results)
    return "\n\n".join([head, "\n".join([title, *map(_line, scores)]), wrapped(legend), *map(wrapped, caveats)])


def _uncertain(result: dict[str, Any], key: str) -> str:
    from hybrid.bench.scores import ROUNDING

    stderr = result[f"{key}_stderr"]
    return with_uncertainty(result[key], stderr if stderr > ROUNDING else 0.0, 4)


def _line(score: "Score") -> str:
    name, result = score.cell["workload"], score.found
    if result is None:
        return wrapped(score.note, first=f"{name:<{NAME}}", indent=NAME)
    value = _uncertain(result, "fidelity")
    rescaled = "blind" if result["rescaled_fidelity"] is None else _uncertain(result, "rescaled_fidelity")
    took = duration(result["duration_s"]) if result["duration_s"] else "-"
    return (
        f"{name:<{NAME}}{value:>{SCORE}}{result['perfect_fidelity']:>{PERFECT}.4f}{rescaled:>{RESCALED}}"
        f"{result['two_qubit_depth']:>{DEPTH}}{took:>{TIME}}"
    )
