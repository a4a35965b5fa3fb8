"""What the defaults reach: every built-in problem on ideal and on the stand-in, exactly and with shots, as Markdown.

Run: python examples/defaults.py             five seeds; interrupted, it continues
                                             (molecules need PySCF, linear programs HiGHS)
     python examples/defaults.py --glance    two problems, one seed
     python examples/defaults.py --ansatze   the best points of six circuits on the stand-in, without shots
"""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import hybrid
from hybrid import catalog
from hybrid.base.types import Dataset, Problem
from hybrid.runs.verdict import other_filling

RESULTS = Path("results") / "defaults"
SEEDS, SHOTS = 5, 1000
DEVICES = ("ideal", "meluxina-q")
ITEMS = "item,value,weight\na,7,3\nb,4,2\nc,5,4\nd,3,1\n"
QUBO = "0 0 -2\n1 1 -2\n2 2 -1\n3 3 -3\n0 1 3\n1 2 2\n2 3 2\n0 3 1\n"
H2 = "2\n\nH 0 0 0\nH 0 0 0.735\n"
PROGRAM = "minimize\n cost: 2 a + 3 b + c + 4 d\nsubject to\n two: a + b + c + d = 2\nbinary\n a b c d\nend\n"
POINTS = "x,y,place\n" + "".join(
    f"{x},{y},{'in' if x * x + y * y < 3 else 'out'}\n" for x in range(-2, 3) for y in range(-2, 3)
)
FILES = {"items.csv": ITEMS, "small.qubo": QUBO, "h2.xyz": H2, "small.lp": PROGRAM, "points.csv": POINTS}
"""Written beside the records, for problems that are read from files and have none in seeds/."""
PROBLEMS = (
    *("h2", f"{RESULTS}/h2.xyz", "hubbard", "hubbard:mapping=parity", "deuteron", "tfim", "xxz", "heisenberg"),
    *("./seeds/tfim_4.pauli", "lih"),
    *("maxcut:graph=ring,n=6", "mis:graph=ring,n=6", "partition:graph=ring,n=6", f"qubo:file={RESULTS}/small.qubo"),
    *(f"{RESULTS}/small.lp", f"table:file={RESULTS}/points.csv,label=place"),
    *(f"number_partition:items={RESULTS}/items.csv", f"knapsack:items={RESULTS}/items.csv,capacity=6"),
    *("moons:n=40", "circles:n=40", "portfolio:prices=seeds/portfolio_prices.csv,pick=3", "maxcut"),
    *("./seeds/h2o_sto3g_4e4o.fcidump", "beh2", "h2o"),
)

ANSATZE = ("real_amplitudes:reps=0", "real_amplitudes:reps=1", "efficient_su2:reps=1", "efficient_su2:reps=2", "brick:reps=1")
SEVERAL = (*("h2", "hubbard", "deuteron", "tfim", "xxz", "heisenberg"), *("tfim:n=8", "tfim:n=10", "lih", "beh2"))


def energy(result: hybrid.Result) -> float:
    """The value itself."""
    return result.value


def optimum(result: hybrid.Result) -> float:
    """How often a shot is an optimum, in %."""
    assert result.outcomes is not None
    return 100 * result.outcomes["optimal"][0]


def ends(problem: str, device: str, shots: int, seeds: int, judge: Callable[[hybrid.Result], float]) -> str:
    """Where default runs end, measured there without shots: median and worst of the seeds, † where one has another number of
    electrons than asked for; or that they are refused."""
    algorithm = None if isinstance(_load(problem), Problem) else "vqc"
    spec = hybrid.Spec(problem=problem, algorithm=algorithm, device=device, shots=shots, backend="exact")
    if (look := hybrid.plan(spec).look) is not None and look.hopeless:
        print(f"{problem} on {device}: {'; '.join(look.hopeless)}", file=sys.stderr)
        return "refused"
    runs = _runs(spec, min(2, seeds))
    if device != "ideal" or shots or len({run.x for run in runs}) > 1:
        runs = _runs(spec, seeds)  # else a seed chooses nothing: the circuit has a fixed start, and all runs are this one
    at = (replace(spec, shots=0, max_evals=0, initial_point=run.x) for run in runs)
    judged = [hybrid.run(one, RESULTS, device_interval=False, force=True) for one in at]
    found, mark = [judge(result) for result in judged], " †" if any(map(other_filling, judged)) else ""
    worst = min(found) if runs[0].maximize or judge is optimum else max(found)
    middle, last = f"{median(found):.4g}", f"{worst:.4g}"
    return (middle if middle == last else f"{middle} ({last})") + mark


def _runs(spec: hybrid.Spec, seeds: int) -> tuple[hybrid.Result, ...]:
    return hybrid.repeat(spec, seeds, RESULTS, processes=1, device_interval=False, force=True).runs


def _load(problem: str) -> Problem | Dataset:
    return catalog.load(catalog.parse("problems", problem))()


def row(problem: str, seeds: int) -> str:
    """One line: what is known, then what runs reach."""
    loaded = _load(problem)
    judge = energy
    if not isinstance(loaded, Problem):
        known = [f"{loaded.majority:.3g}", f"{loaded.baseline:.3g}", "1"]
    elif loaded.choices is not None:
        judge, known = optimum, [f"{_by_guessing(problem):.2g} %", "", "100 %"]
    else:
        known = [
            f"{round(value, 9) + 0.0:.5g}" for value in (guessing(loaded), loaded.baseline, loaded.exact) if value is not None
        ]
    print(f"{problem} ...", file=sys.stderr, flush=True)
    cells = [ends(problem, device, shots, seeds, judge) for device in DEVICES for shots in (0, SHOTS)]
    label = re.sub(rf"(\./)?(seeds|{RESULTS})/", "", problem)
    return f"| `{label}` | {' | '.join([*known, *cells])} |"


def ansatz_row(problem: str) -> str:
    """Energies at the optimum by L-BFGS on the stand-in: of the circuit for ideal, if it is short, and of the others."""
    loaded = _load(problem)
    assert isinstance(loaded, Problem)
    wide = loaded.n_qubits >= 8
    size = {"max_iterations": 40, "realizations": 8} if wide else {"max_iterations": 80}
    spec = hybrid.Spec(problem=problem, device=DEVICES[1], optimizer="lbfgs", backend="exact", **size)
    values = {
        ansatz: hybrid.run(replace(spec, ansatz=ansatz), RESULTS, device_interval=False).value
        for ansatz in (*(() if wide else (loaded.ansatz,)), *ANSATZE)
    }
    taken = catalog.parse("ansatze", hybrid.plan(spec).resolved["ansatz"]).text(defaults=False)
    cells = [f"**{values[a]:.5g}**" if a == taken else f"{values[a]:.5g}" for a in ANSATZE]
    own = "" if wide else f"{values[loaded.ansatz]:.5g}, `{loaded.ansatz}`"
    return f"| `{problem}` | {guessing(loaded):.5g} | {own} | {' | '.join(cells)} |"


def guessing(problem: Problem) -> float:
    """The mean over all states."""
    identity = ~(problem.hamiltonian.paulis.x | problem.hamiltonian.paulis.z).any(axis=1)
    return float(problem.hamiltonian.coeffs[identity].real.sum())


def _by_guessing(problem: str) -> float:
    """The share of guesses that are an optimum, in %."""
    one = hybrid.Spec(problem=problem, backend="exact", max_evals=0)
    outcomes = hybrid.run(one, RESULTS).outcomes
    assert outcomes is not None
    return 100 * outcomes["optimal_guessing"]


def main() -> None:
    """Print the table."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (RESULTS / name).write_text(text)
    if "--ansatze" in sys.argv:
        print(f"| problem | guessing | for ideal | {' | '.join(f'`{a}`' for a in ANSATZE)} |", "|---" * 8 + "|", sep="\n")
        for problem in SEVERAL:
            print(ansatz_row(problem), flush=True)
        return
    glance = "--glance" in sys.argv
    problems, seeds = (("deuteron", "maxcut:graph=ring,n=4"), 1) if glance else (PROBLEMS, SEEDS)
    heads = [f"{device}, {how}" for device in DEVICES for how in ("exact", f"{SHOTS:,} shots")]
    print(f"| problem | guessing | baseline | exact | {' | '.join(heads)} |", "|---" * 8 + "|", sep="\n")
    for problem in problems:
        print(row(problem, seeds), flush=True)


if __name__ == "__main__":
    main()
