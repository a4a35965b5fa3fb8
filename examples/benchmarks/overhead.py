"""What the loop costs compared with the bare simulator: ratios measured side by side in this one run.

    python examples/benchmarks/overhead.py [--quick] [--shots [FOLDER]]

1. A batch of 160 points (10 qubits, 80 parameters) through our aer backend against the raw Aer call with batched bindings.
2. Memory and record growth over many evaluations of a small noisy run.

With --shots, instead: what a default run on the stand-in asks for first, two points of 1,000 shots each, for every built-in
problem, and by the package in FOLDER, another checkout, in turns. Milliseconds of processor time on one thread, medians.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS
os.environ["OMP_NUM_THREADS"] = "1"

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveExpectationValue

import hybrid

QUBITS, POINTS = 10, 160
TEN_QUBITS = ("tfim:n=10", "xxz:n=10", "heisenberg:n=10", "hubbard:n=5", "deuteron:n=10", "maxcut:graph=ring,n=10")
BUDGET_S = 10.0
"""Of processor time for one problem; at least five rounds are taken."""


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def batch_ratio(repeats: int) -> None:
    """Print the median over pairs of (ours / raw Aer), with the spread and the difference of the values."""
    circuit = efficient_su2(QUBITS, reps=3, entanglement="linear")
    terms = [("ZZ", [i, i + 1], -1.0) for i in range(QUBITS - 1)] + [("X", [i], -1.0) for i in range(QUBITS)]
    observable = SparsePauliOp.from_sparse_list(terms, QUBITS)
    points = np.random.default_rng(0).uniform(-np.pi, np.pi, (POINTS, circuit.num_parameters))
    program = hybrid.compile(circuit, observable)
    raw = circuit.copy()
    raw.append(SaveExpectationValue(observable, "value"), range(QUBITS))
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)

    def bare() -> np.ndarray:
        binds = [dict(zip(raw.parameters, points.T.tolist(), strict=True))]
        found = simulator.run(raw, parameter_binds=binds, shots=1).result().results
        return np.array([item.data.value for item in found])

    difference = np.abs(program.values(points).values - bare()).max()
    ratios = []
    for i in range(repeats):  # which of the two goes first alternates
        calls = [lambda: program.values(points), bare]
        times = {call: seconds(call) for call in (calls if i % 2 else calls[::-1])}
        ratios.append(times[calls[0]] / times[calls[1]])
    print(f"batch of {POINTS} points, {QUBITS} qubits, {circuit.num_parameters} parameters, 1 thread: ours / raw Aer")
    print(f"  median {statistics.median(ratios):.3f}, range {min(ratios):.3f} to {max(ratios):.3f} over {repeats} pairs")
    print(f"  largest difference of a value {difference:.1e}")


def growth(evaluations: int) -> None:
    """Print how much memory and record a run of so many noisy evaluations takes beyond its first tenth."""
    with tempfile.TemporaryDirectory() as folder:
        spec = {"problem": "h2", "device": "meluxina-q", "shots": 100, "optimizer": "spsa"}
        peaks = []
        for count in (evaluations // 10, evaluations):
            result = hybrid.run(hybrid.Spec(**spec, max_evals=count, seed=count), folder, force=True)
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        size = Path(result.record).stat().st_size
    print(f"{evaluations} evaluations (SPSA, h2, meluxina-q, 100 shots) against a tenth of them:")
    print(f"  peak memory {peaks[0] / 1024:.1f} MiB then {peaks[1] / 1024:.1f} MiB: ratio {peaks[1] / peaks[0]:.4f}")
    print(f"  record {size / (evaluations / 2):.0f} bytes per answer of two evaluations")


class Asked(Exception):
    """A run got as far as its first question."""


def first_question(problem: str, algorithm: str | None) -> Callable[[], np.ndarray]:
    """The values that a default run with shots asks for first."""
    from hybrid.runs.loss import Measurement

    own, found = Measurement.values, []

    def values(*question: object, **more: object) -> None:
        found.append((question, more))
        raise Asked

    Measurement.values = values
    spec = hybrid.Spec(problem=problem, algorithm=algorithm, device="meluxina-q", shots=1000, max_iterations=1)
    try:
        hybrid.run(spec, tempfile.mkdtemp(), force=True, device_interval=False)
    except Asked:
        pass
    finally:
        Measurement.values = own
    ((question, more),) = found
    return lambda: own(*question, **more).values


def serve() -> None:
    """Answer on standard output: a line with a problem is prepared, an empty one is the time of one evaluation."""
    call: Callable[[], np.ndarray] | None = None
    for line in map(str.strip, sys.stdin):
        if line:
            problem, _, algorithm = line.partition(" ")
            call = first_question(problem, algorithm or None)
            call()
        assert call is not None
        begun = time.process_time()
        call()
        print(time.process_time() - begun, flush=True)


def shots(folder: str | None, *, quick: bool) -> None:
    """Print the table, and how many problems are faster and slower than by the package in the folder."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import defaults

    defaults.RESULTS.mkdir(parents=True, exist_ok=True)
    for name, text in defaults.FILES.items():
        (defaults.RESULTS / name).write_text(text)
    here = Path(hybrid.__file__).parents[1]
    servers = [
        subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env=os.environ | {"PYTHONPATH": str(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in (here, *([folder] if folder else []))
    ]

    def ask(server: subprocess.Popen, line: str) -> float:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(f"{line}\n")
        server.stdin.flush()
        return float(server.stdout.readline())

    ratios = []
    print(f"{'two points of 1,000 shots, meluxina-q':60} {'ms':>8} {'before':>8} {'ratio':>6}")
    for problem in ("tfim", "moons:n=40") if quick else (*defaults.PROBLEMS, *TEN_QUBITS):
        labelled = any(word in problem for word in ("moons", "circles", "label="))
        for server in servers:
            ask(server, f"{problem} vqc" if labelled else problem)
        times, rounds = [[ask(server, "") for server in servers]], 3 if quick else 15
        while len(times) < rounds and (len(times) < 5 or sum(map(sum, times)) < BUDGET_S):
            times.append([ask(server, "") for server in servers])
        medians = [1e3 * statistics.median(of_server) for of_server in zip(*times, strict=True)]
        ratios += [medians[1] / medians[0]] if folder else []
        before = f"{medians[1]:8.2f} {ratios[-1]:6.2f}" if folder else ""
        print(f"{problem.replace(f'{defaults.RESULTS}/', ''):60} {medians[0]:8.2f} {before}", flush=True)
    if folder:
        faster, slower = sum(ratio >= 1.15 for ratio in ratios), sum(ratio < 0.97 for ratio in ratios)
        print(f"of {len(ratios)}: {faster} at least 1.15 times faster, {slower} slower by more than 3 %")


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if "--serve" in sys.argv:
        serve()
        sys.exit()
    if "--shots" in sys.argv:
        folder = sys.argv[sys.argv.index("--shots") + 1 :]
        shots(next((name for name in folder if not name.startswith("--")), None), quick=quick)
        sys.exit()
    batch_ratio(1 if quick else 21)
    growth(40 if quick else 20_000)
