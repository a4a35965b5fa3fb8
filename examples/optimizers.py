"""Every optimiser on one noisy VQE at equal shots: median and quartiles over seeds, in one plot.

Run: python examples/optimizers.py            a glance
     python examples/optimizers.py --full     20 seeds, 120,000 shots each; interrupted, it continues
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

import hybrid
from hybrid import catalog

FULL = {"seeds": 20, "evaluations": 600, "shots": 200, "device": "meluxina-q"}
GLANCE = {"seeds": 2, "evaluations": 20, "shots": 200, "device": "meluxina-q:dephasing=markov"}
PROBLEM = {"problem": "h2", "backend": "exact"}
RESULTS = Path("results") / "optimizers"


def infinite_shots(device: str) -> hybrid.Program:
    """The stand-in's energy in hartree for infinitely many shots, to judge points by."""
    problem = catalog.load(catalog.parse("problems", PROBLEM["problem"]))()
    circuit = catalog.load(catalog.parse("ansatze", problem.ansatz))(problem).circuit
    return hybrid.compile(circuit, problem.hamiltonian, device=device, backend=PROBLEM["backend"])


def compare(seeds: int, evaluations: int, shots: int, device: str) -> dict[str, np.ndarray]:
    """By optimiser the energies at the points it ended at, above the least known: L-BFGS without shots from the best of them.

    An evaluation of a gradient by parameter shift counts every shifted point, and an overlap counts as one. The metric of
    natural_gradient is computed and takes no shots: on a machine it would.
    """
    energy = infinite_shots(device)
    ends, values = {}, {}
    for name in catalog.names("optimizers"):
        print(f"{name} ...", file=sys.stderr, flush=True)
        spec = hybrid.Spec(**PROBLEM, device=device, optimizer=name, shots=shots, max_evals=evaluations)
        found = hybrid.repeat(spec, seeds, RESULTS, processes=None if seeds > 2 else 1)
        ends[name] = np.array([result.x for result in found.runs])
        values[name] = energy.values(ends[name], seed=0).values
    best = min(values, key=lambda name: values[name].min())
    start = ends[best][values[best].argmin()].tolist()
    polished = hybrid.Spec(**PROBLEM, device=device, optimizer="lbfgs", initial_point=start, max_iterations=60)
    least = energy.values(np.array([hybrid.run(polished, RESULTS).x]), seed=0).values[0]
    excess = {name: of_seeds - least for name, of_seeds in values.items()}
    for name, of_seeds in excess.items():
        low, middle, high = 1000 * np.percentile(of_seeds, [25, 50, 75])
        print(f"{name:18s} median {middle:6.1f} mHa   quartiles {low:6.1f} {high:6.1f}")
    return excess


def draw(excess: dict[str, np.ndarray], title: str, target: str) -> None:
    """Dots are seeds, bars go from quartile to quartile, the line is the median; best median on top."""
    order = sorted(excess, key=lambda name: -np.median(excess[name]))
    figure = Figure(figsize=(7.5, 0.33 * len(order) + 1.6), layout="constrained")
    axes = figure.add_subplot()
    for row, name in enumerate(order):
        values = 1000 * np.maximum(excess[name], 1e-5)
        low, middle, high = np.percentile(values, [25, 50, 75])
        axes.barh(row, high - low, left=low, height=0.6, color="#b9d3ea", zorder=1)
        axes.plot(values, np.full(len(values), row), "o", color="#3a6ea5", markersize=3, alpha=0.6, zorder=2)
        axes.plot([middle, middle], [row - 0.3, row + 0.3], color="#c1440e", linewidth=2, zorder=3)
    free = [name for name in order if "metric" in catalog.locate("optimizers", name).constants.get("ASKS", ())]
    axes.set_yticks(range(len(order)), [f"{name} *" if name in free else name for name in order])
    axes.set_xscale("log")
    for formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
    axes.set_xlabel(
        "energy above the least known on the stand-in (mHa), infinitely many shots\n* its metric is computed and takes no shots"
    )
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(target, dpi=150)


def main() -> None:
    """Compare, print, draw."""
    size = FULL if "--full" in sys.argv else GLANCE
    excess = compare(**size)
    shots = size["evaluations"] * size["shots"]
    title = (
        f"VQE of H2 on the stand-in {size['device']} (not a prediction),\n"
        f"{shots:,} shots a run, {size['seeds']} seeds; red: median, bar: quartiles"
    )
    draw(excess, title, "optimizers.png")
    print("plot: optimizers.png")


if __name__ == "__main__":
    main()
