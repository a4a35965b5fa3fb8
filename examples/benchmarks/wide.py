"""What wide noisy circuits cost with the exact engine, as multiples of a gradient on ten qubits measured in the same run.

    python examples/benchmarks/wide.py [--quick]

A value and a gradient of the critical Ising chain, all errors of the profile without detunings; live qubits and the longest
state say why. One thread, double precision, seconds of processor time, medians. The last table is the growth with the width.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS
os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.program import Program
from hybrid.simulators.exact import exact

UNIT = "meluxina-q", "tfim:n=10", "efficient_su2:reps=3"
CASES = (
    ("iqm-star-24", "tfim:n=24", "efficient_su2:reps=3"),
    ("iqm-star-24", "tfim:n=24", "hamiltonian_variational:reps=3"),
    ("iqm-star-24", "tfim:n=24", "hamiltonian_variational:reps=5"),
    ("iqm-lattice-54", "tfim:n=54", "efficient_su2:reps=2"),
    ("aqt-20", "heisenberg:n=20", "efficient_su2:reps=3"),
    ("meluxina-q:n=50", "tfim:n=50", "efficient_su2:reps=3"),
    ("aqt-20", "tfim:n=20", "efficient_su2:reps=3,entanglement=full"),
)
QUICK = (("iqm-star-24", "tfim:n=14", "efficient_su2:reps=1"), CASES[-1])
WIDTHS = (10, 20, 30, 40, 50)


def program_of(device: str, problem: str, ansatz: str, shots: int = 0) -> Program:
    """The compiled energy; without detunings."""
    loaded = catalog.load(catalog.parse("problems", problem))()
    circuit = catalog.load(catalog.parse("ansatze", ansatz))(loaded).circuit
    query, here = Expectation(circuit, loaded.hamiltonian), Device.load(device, dephasing="markov")
    return compile_query(query, tuple(circuit.parameters), here, exact(), Measuring(Conditions(shots=shots)))


def median_s(call: Callable[[], object], repeats: int) -> float:
    """Processor time of a call, the first one left out."""
    call()
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def costs(program: Program, repeats: int) -> tuple[float, float]:
    """Seconds of a value and of a gradient, near where runs start."""
    x = np.random.default_rng(0).normal(0, 0.1, program.n_parameters)
    return median_s(lambda: program.values(x[None], seed=0), repeats), median_s(lambda: program.gradient(x, seed=0), repeats)


def main() -> None:
    """Print the tables."""
    quick = "--quick" in sys.argv
    repeats = 1 if quick else 7
    unit = costs(program_of(*UNIT), 3 * repeats)[1]
    print(f"a gradient on ten qubits takes {1e3 * unit:.2f} ms; one thread; load {os.getloadavg()[0]:.1f}\n")
    print(f"{'device, problem, ansatz':70} {'value':>9} {'gradient':>9}   live qubits, longest state")
    for case in QUICK if quick else CASES:
        try:
            program = program_of(*case)
        except UsageError as refused:
            print(f"{', '.join(case):70} refused: {str(refused).partition('; this')[0]}")
            continue
        value, gradient = costs(program, repeats)
        _, _, certificate = program.resources.simulator.partition("no truncation, ")
        print(f"{', '.join(case):70} {value / unit:9.2g} {gradient / unit:9.3g}   {certificate}", flush=True)
    print("\nwidth of a chain, efficient_su2:reps=3: value and gradient")
    for n in WIDTHS[:2] if quick else WIDTHS:
        value, gradient = costs(program_of(f"meluxina-q:n={n}", f"tfim:n={n}", "efficient_su2:reps=3"), repeats)
        print(f"{n:5} qubits {value / unit:9.2g} {gradient / unit:9.3g}", flush=True)
    shots = 100 if quick else 1000
    print(f"\n{shots:,} shots, in gradients on ten qubits: by the engine")
    for case in () if quick else (CASES[0], CASES[3]):
        program = program_of(*case, shots=shots)
        x = np.random.default_rng(0).normal(0, 0.1, program.n_parameters)
        print(f"{', '.join(case):70} {median_s(lambda p=program, at=x: p.values(at[None], seed=0), 3) / unit:9.3g}", flush=True)


if __name__ == "__main__":
    main()
