"""Every optimiser with shots on five problems and two devices, at equal shots: a table in Markdown.

Run: python examples/optimizers.py            a glance: one problem, two seeds
     python examples/optimizers.py --full     three seeds, 150,000 shots a run; interrupted, it continues
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import hybrid
from hybrid import catalog

RESULTS = Path("results") / "optimizers"
FULL = {"seeds": 3, "evaluations": 300, "shots": 500}
GLANCE = {"seeds": 2, "evaluations": 20, "shots": 200}
CELLS = [(p, d) for p in ("h2", "tfim", "xxz", "hubbard", "maxcut:graph=ring,n=6") for d in ("ideal", "meluxina-q")]
GAINS = (
    *("spsa:first_step=0.1,c=0.1", "spsa:first_step=0.2,c=0.2", "spsa:first_step=0.3,c=0.3,alpha=0.8"),
    *("qn_spsa:first_step=0.3,c=0.3", "adam:learning_rate=0.2", "natural_gradient:learning_rate=0.2"),
)
"""Besides every optimiser as it is; its defaults are those of a run without --optimizer."""
DIVISIONS = ((75, 2000), (150, 1000), (600, 250), (1200, 125))
"""Evaluations and shots each, of equal product, for the default optimiser."""


def spec(cell: tuple[str, str], **options: object) -> hybrid.Spec:
    """One run of a cell, its ansatz the default."""
    return hybrid.Spec(problem=cell[0], device=cell[1], backend="exact", **options)


def ends(cell: tuple[str, str], rows: dict[str, dict[str, object]], seeds: int) -> tuple[str, dict[str, np.ndarray]]:
    """The ansatz, and by row the points where its runs ended; a row is left out where its optimiser refuses or diverges."""
    ansatz, found = "", {}
    for row, options in rows.items():
        try:
            runs = hybrid.repeat(spec(cell, **options), seeds, RESULTS, device_interval=False).runs
        except hybrid.HybridError as error:
            print(f"{row} of {cell[0]} on {cell[1]}: {error}", file=sys.stderr)
            continue
        ansatz, found[row] = runs[0].ansatz, np.array([run.x for run in runs])
    return ansatz, found


def lost(cell: tuple[str, str], rows: dict[str, dict[str, object]], seeds: int) -> dict[str, np.ndarray]:
    """By row what its runs lost, in % of the way from guessing to the least known; judged by the engine without shots.

    The least known is what L-BFGS without shots reaches from the best of all ends. An evaluation of a gradient by parameter
    shift counts every shifted point, an overlap counts as one.
    """
    ansatz, found = ends(cell, rows, seeds)
    problem = catalog.load(catalog.parse("problems", cell[0]))()
    circuit = catalog.load(catalog.parse("ansatze", ansatz))(problem).circuit
    loss = hybrid.compile(circuit, problem.hamiltonian, device=cell[1], backend="exact")
    values = {row: loss.values(points, seed=0).values for row, points in found.items()}
    best = min(values, key=lambda row: values[row].min())
    start = found[best][values[best].argmin()].tolist()
    polish = replace(spec(cell), optimizer="lbfgs", initial_point=start, max_iterations=60)
    end = hybrid.run(polish, RESULTS, device_interval=False).x
    least = min(values[best].min(), loss.values(np.array([end]), seed=0).values[0])
    guessing = float(
        problem.hamiltonian.coeffs[~problem.hamiltonian.paulis.x.any(1) & ~problem.hamiltonian.paulis.z.any(1)].real.sum()
    )
    return {row: 100 * (of_seeds - least) / (guessing - least) for row, of_seeds in values.items()}


def table(cells: list[tuple[str, str]], rows: dict[str, dict[str, object]], seeds: int) -> list[str]:
    """Lines of Markdown: the median of every cell, then over cells the mean of the medians and the worst single run."""
    columns = []
    for cell in cells:
        print(f"{cell[0]} on {cell[1]} ...", file=sys.stderr, flush=True)
        columns.append(lost(cell, rows, seeds))
    names = [f"{problem.partition(':')[0]}{'' if device == 'ideal' else ' *'}" for problem, device in cells]
    lines = [f"| optimiser | {' | '.join(names)} | mean | worst run |", "|---" * (len(cells) + 3) + "|"]
    means = {row: np.mean([np.median(of.get(row, np.inf)) for of in columns]) for row in rows}
    for row in sorted(rows, key=lambda row: means[row]):
        medians = [f"{np.median(of[row]):.1f}" if row in of else "-" for of in columns]
        worst = max(np.max(of.get(row, np.inf)) for of in columns)
        lines.append(f"| {row} | {' | '.join(medians)} | {means[row]:.1f} | {worst:.0f} |")
    return lines


def main() -> None:
    """Compare and print."""
    full = "--full" in sys.argv
    size = FULL if full else GLANCE
    each = {"max_evals": size["evaluations"], "shots": size["shots"]}
    rows = {f"`{text}`": each | {"optimizer": text} for text in (*catalog.names("optimizers"), *(GAINS if full else ()))}
    for evaluations, shots in DIVISIONS if full else ():
        rows[f"default, {evaluations} x {shots:,}"] = {"max_evals": evaluations, "shots": shots}
    print("\n".join(table(CELLS if full else CELLS[:1], rows, size["seeds"])))
    print(f"\nLost of the way from guessing to the least known, in %; median of {size['seeds']} seeds; * on {CELLS[1][1]}.")


if __name__ == "__main__":
    main()
