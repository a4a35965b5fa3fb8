"""What the loop costs compared with the bare simulator: ratios measured side by side in this one run.

    python examples/benchmarks/overhead.py [--quick]

1. A batch of 160 points (10 qubits, 80 parameters) through our aer backend against the raw Aer call with batched bindings.
2. Memory and record growth over many evaluations of a small noisy run.
"""

import resource
import statistics
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


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    batch_ratio(1 if quick else 21)
    growth(40 if quick else 20_000)
