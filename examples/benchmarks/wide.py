"""What wide noisy circuits cost with the exact engine, as multiples of a gradient on ten qubits measured in the same run.

    python examples/benchmarks/wide.py [--quick]

A value and a gradient of the critical Ising chain, all errors of the profile without detunings; live qubits and the longest
state say why. Then the growth with the width of a chain, the same chain with detunings, averaged by nodes, and shots beside the
trajectories of Aer's matrix product state. One thread, double precision, seconds of processor time, medians.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS
os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.device.detuning import DetunedAngles
from hybrid.device.device import Device
from hybrid.device.nodes import phases_rad
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.program import Program
from hybrid.measure.set_up import described
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
WIDTHS = (10, 20, 30, 40, 50, 54)


def program_of(device: str, problem: str, ansatz: str, shots: int = 0, simulator: str = "exact") -> Program:
    """The compiled energy; without detunings."""
    loaded = catalog.load(catalog.parse("problems", problem))()
    circuit = catalog.load(catalog.parse("ansatze", ansatz))(loaded).circuit
    query, here = Expectation(circuit, loaded.hamiltonian), Device.load(device, dephasing="markov")
    backend = catalog.load(catalog.parse("backends", simulator))()
    return compile_query(query, tuple(circuit.parameters), here, backend, Measuring(Conditions(shots=shots)))


def detuned(n: int, median_rad: float) -> Program:
    """A chain of spins with quasi-static detunings, T2* such that their phases have this median."""
    problem = catalog.load(catalog.parse("problems", f"tfim:n={n}"))()
    circuit = catalog.load(catalog.parse("ansatze", "efficient_su2:reps=3"))(problem).circuit
    query, here = Expectation(circuit, problem.hamiltonian), Device.load(f"meluxina-q:n={n}")
    first = compile_query(query, tuple(circuit.parameters), here, exact(detunings="sobol"), Measuring())
    assert (
        first.execution.detuned is not None and first.execution.detuned.draws.sigma is not None and here.t2_star_s is not None
    )
    recipe, angles = first.execution.recipe, DetunedAngles()
    settings, _ = described(recipe.isa, recipe.circuits, here, recipe.conditions, angles)
    longer = np.median(phases_rad(angles, settings, first.execution.detuned.draws.sigma)) / median_rad
    here = replace(here, t2_star_s=tuple(longer * np.array(here.t2_star_s)))
    return compile_query(query, tuple(circuit.parameters), here, exact(), Measuring())


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
    chain = detuned(13 if quick else 50, 0.5)
    value, gradient = costs(chain, 1 if quick else 3)
    answer = chain.gradient(np.random.default_rng(0).normal(0, 0.5, chain.n_parameters), seed=0)
    _, _, certificate = chain.resources.simulator.partition("no truncation, ")
    share = answer.loss_stderr / sum(abs(np.concatenate([group.coefficients for group in chain.fixed_groups])))
    print(f"\nwith detunings, median phase 0.5 rad: value {value / unit:.3g}, gradient {gradient / unit:.3g}; {certificate}")
    print(f"error by fewer nodes: {share:.1g} of the sum of |c|", flush=True)
    shots = 100 if quick else 1000
    print(f"\n{shots:,} shots, in gradients on ten qubits: by the engine, and by Aer's matrix product state")
    for case in () if quick else (CASES[0], CASES[3]):
        times = []
        for simulator in ("exact", *(() if case == CASES[3] else ("aer:method=matrix_product_state",))):
            program = program_of(*case, shots=shots, simulator=simulator)
            x = np.random.default_rng(0).normal(0, 0.1, program.n_parameters)
            repeats = 3 if simulator == "exact" else 1
            times.append(median_s(lambda p=program, at=x: p.values(at[None], seed=0), repeats) / unit)
        beside = (
            f"{times[1]:9.3g}   ratio {times[0] / times[1]:.2g}"
            if len(times) > 1
            else "   Aer left out: two shots did not end in 400 s"
        )
        print(f"{', '.join(case):70} {times[0]:9.3g} {beside}", flush=True)


if __name__ == "__main__":
    main()
