"""Error mitigation on the stand-in, as Markdown: the ledger of three problems, and runs with and without at equal machine time.

Run: python examples/mitigation.py            five seeds; interrupted, it continues
     python examples/mitigation.py --glance   one problem, one seed, little machine time
"""

import sys
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import hybrid

RESULTS = Path("results") / "mitigation"
DEVICE, SEEDS, SHOTS, MACHINE_TIME = "meluxina-q", 5, 10_000, "2h"
BUDGETS = (1_000, 10_000)
"""Shots of a value in the ledgers."""
MORE = ("trex+pec:instances=2048", "trex+twirl+zne:model=linear")
"""Compared besides those that `hybrid mitigate` compares."""


class Case(NamedTuple):
    """A problem, its algorithm, and the methods of the runs."""

    algorithm: str
    problem: str
    methods: tuple[str, ...]


CASES = (
    Case("vqe", "h2", ("none", "trex", "cdr", "trex+twirl+zne", "trex+pec:instances=2048")),
    Case("vqe", "tfim:n=6", ("none", "trex", "cdr", "trex+twirl+zne", "trex+pec:instances=2048")),
    Case("qaoa", "maxcut:graph=ring,n=6", ("none", "trex", "cdr", "trex+twirl+zne")),
)


def runs(case: Case, method: str, seeds: int, machine_time: str) -> tuple[hybrid.Result, ...]:
    """Runs of these seeds, none of which the machine takes longer for."""
    spec = hybrid.Spec(
        algorithm=case.algorithm,
        problem=case.problem,
        device=DEVICE,
        shots=SHOTS,
        max_qpu=machine_time,
        backend="exact",
        mitigate=method,
    )
    return hybrid.repeat(spec, seeds, RESULTS, processes=1, device_interval=False, force=True).runs


def without_noise(case: Case, run: hybrid.Result) -> float:
    """The value at the run's x on ideal hardware."""
    spec = hybrid.Spec(
        algorithm=case.algorithm,
        problem=case.problem,
        ansatz=None if case.algorithm == "qaoa" else run.ansatz,
        backend="exact",
        max_evals=0,
        initial_point=run.x,
    )
    return hybrid.run(spec, RESULTS).value


def run_rows(case: Case, seeds: int, machine_time: str) -> list[str]:
    """A line per method: the value as reported, its error, and the value without noise where the run ended."""
    rows = []
    for method in case.methods:
        found = runs(case, method, seeds, machine_time)
        ideal, first = [without_noise(case, run) for run in found], found[0]
        errors = [run.value - noiseless for run, noiseless in zip(found, ideal, strict=True)]
        sign = -1 if first.maximize else 1
        assert first.baseline is not None
        better = [sum(sign * (value - first.baseline) < 0 for value in values) for values in ([r.value for r in found], ideal)]
        cells = [_spread([run.value for run in found]), _spread(errors), _spread(ideal)]
        cells += [f"{better[0]} and {better[1]}", f"{mean(run.nfev for run in found):.0f}"]
        rows.append(f"| `{case.problem}` | `{method}` | {' | '.join(cells)} |")
    return rows


def _spread(values: list[float]) -> str:
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def ledger_rows(case: Case, machine_time: str) -> list[str]:
    """A line per method, at the last x of the run without mitigation: bias, then stderr and gain for each budget."""
    (run, *_) = runs(case, "none", 1, machine_time)
    by_shots = [hybrid.mitigate(run.id, results=RESULTS, methods=MORE, shots=shots) for shots in BUDGETS]
    first = by_shots[-1]
    lines = []
    for row in first.rows:
        label, cells = first.label(row), [f"{row.bias.value:+.4f} ± {row.bias.stderr:.4f}"]
        for ledger in by_shots:
            same = next((one for one in ledger.rows if ledger.label(one) == label), None)
            cells.append("" if same is None else f"{same.stderr:.4f}, {ledger.gain(same):.1f}")
        lines.append(f"| `{case.problem}` | `{label}` | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print both tables."""
    glance = "--glance" in sys.argv
    cases, seeds, machine_time = (CASES[:1], 1, "3min") if glance else (CASES, SEEDS, MACHINE_TIME)
    cases = [case._replace(methods=case.methods[:2]) for case in cases] if glance else cases
    budgets = [f"{shots:,} shots: stderr, gain" for shots in BUDGETS]
    print(f"| problem | method | bias | {' | '.join(budgets)} |", "|---" * 5 + "|", sep="\n")
    for case in cases:
        print(*ledger_rows(case, machine_time), sep="\n", flush=True)
    heads = "value | value less that without noise | without noise at its x | beyond the baseline, and its x | evaluations"
    print(f"\n| problem | method | {heads} |", "|---" * 7 + "|", sep="\n")
    for case in cases:
        print(*run_rows(case, seeds, machine_time), sep="\n", flush=True)


if __name__ == "__main__":
    main()
