"""One of every figure, drawn from small runs: name -> what draws it for a page."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench_rows import everything
from rehearsals import rehearsed

from hybrid import characterize, explain, mitigate, run, sample
from hybrid.bench.naming import only
from hybrid.bench.summary import figures
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
    rehearsal,
    rehearsal_values,
    schedule,
)
from hybrid.figures.style import Drawing
from hybrid.figures.trace import Trace, read_trace
from hybrid.measure.pulse_times import pulse_times
from hybrid.measure.sampling import named_circuit
from hybrid.runs.axis_values import curves, of_result
from hybrid.runs.result import Result
from hybrid.runs.spec import Spec

NOISY = Spec(problem="h2", device="meluxina-q", shots=200, max_iterations=40, backend="exact")
QUICK: dict[str, Any] = {"device_interval": False, "force": True}
Draw = Callable[..., Drawing]


def light_figures(folder: Path) -> dict[str, Draw]:
    """Those that take a second or less."""
    device, rows = Device.load("meluxina-q"), figures(everything())
    exact = trace(run(Spec(problem="h2", max_iterations=20), folder, **QUICK))
    counts = sample("ghz:n=5", device="meluxina-q", shots=500, backend="exact")
    return {
        "distance from exact": partial(convergence.draw, exact, distance=True),
        "histogram": partial(histogram.draw, counts, "ghz:n=5"),
        "schedule": partial(schedule.draw, pulse_times(named_circuit("ghz:n=5", {}), device, "none")),
        "device map": partial(device_map.draw, device),
        "device map, ring": partial(device_map.draw, Device.load("iqm-star-24")),
        **{f"bench {kind}": partial(bench.picture, rows, kind) for kind in bench.KINDS if kind != "profile"},
    }


def all_figures(folder: Path) -> dict[str, Draw]:
    """Every figure; the runs that they need are measured in `folder`."""
    made = light_figures(folder)
    noisy = run(NOISY, folder, **QUICK)
    traces = [trace(noisy), *(trace(run(spec, folder, **QUICK)) for spec in several())]
    swept = [run(spec, folder, **QUICK) for spec in scan()]
    rehearsed_h2 = rehearsed(Spec(problem="h2", shots=200, max_evals=2), folder)
    profiled = figures(only(everything(), [], ["aer:method=statevector", "exact"]))
    tested = characterize("spin-sige-6q", shots=100, backend="exact", only=["t1", "ramsey", "echo", "rb1", "readout", "bell"])
    return {
        **made,
        "convergence": partial(convergence.draw, traces[0]),
        "convergence of several": partial(convergence.draw, *traces),
        "ledger": partial(mitigation_ledger.draw, mitigate(noisy.id, results=folder, realizations=8)),
        "sweep": partial(against_axis.draw, curves([of_result(one) for one in swept], "shots"), "shots"),
        "error budget": partial(error_budget.draw, explain(noisy.id, results=folder)),
        "characterization": partial(characterization.draw, tested),
        "verdict": partial(rehearsal.verdict_grid, rehearsed_h2),
        "values": partial(rehearsal_values.values, rehearsed_h2),
        "bench profile": partial(bench.picture, profiled, "profile"),
    }


def trace(result: Result) -> Trace:
    """Of a result's record."""
    return read_trace(Path(result.record))


def several() -> list[Spec]:
    """Runs that differ from the noisy one and from each other late in a long text."""
    return [replace(NOISY, optimizer=f"spsa:a=0.{a},c=0.2", max_iterations=12) for a in (2, 6)]


def scan() -> list[Spec]:
    """Three numbers of shots and two seeds."""
    shots = np.array([100, 400, 1600]).tolist()
    return [replace(NOISY, shots=n, seed=seed, max_iterations=2) for n in shots for seed in (0, 1)]
