"""Do intervals of mitigated values hold the method's own limit, 95 % of them? A table: method, profile, coverage.

A cell has 200 random circuits (40 random layouts of gates, each at 5 random points) of 2 to 6 qubits with random observables,
each measured with 10 seeds. The limit is the same method's value for infinitely many shots, by the exact engine, with so many
detunings and random Paulis that its own error is small beside the interval's (`limit`: the mean of their squared ratio). With
2,000 intervals a coverage of 95 % is found to 0.5 %, somewhat less because ten of them belong to one circuit.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid import catalog
from hybrid.base.errors import HybridError
from hybrid.device.device import Device

PROFILES = ("meluxina-q", "iqm-star-24", "aqt-20")
METHODS = (
    *("none", "readout", "trex", "twirl", "zne:factors=1/3,model=linear", "zne:factors=1/3/5,model=richardson"),
    *("zne:factors=1/3,model=exponential", "cdr", "pec", "symmetry"),
)
SHOTS = 4000
LIMIT = {"pec": 4096, "trex": 1024, "twirl": 1024}
"""Method -> realizations of its limit, where random Paulis take more than the detunings alone."""
DETUNINGS = 512
SYMMETRIC = (
    *(("tfim:n={n}", "hamiltonian_variational:reps={reps}"), ("xxz:n={n}", "hamiltonian_variational:reps={reps}")),
    *(("heisenberg:n={n}", "hamiltonian_variational:reps={reps}"), ("h2", "givens")),
)
"""Problems and ansätze that share a symmetry, for the method that needs one."""


class Case(NamedTuple):
    """A circuit with parameters, its observable, and points (k, p)."""

    circuit: QuantumCircuit
    observable: SparsePauliOp
    points: np.ndarray


class Cell(NamedTuple):
    """Of the intervals: how many there are, the share that holds the limit, the mean squared error over the squared standard
    error, the same of the limit's own error, and how many circuits were refused."""

    intervals: int
    coverage: float
    squares: float
    limit: float
    refused: int


def random_case(rng: np.random.Generator, points: int) -> Case:
    """One to three layers of turns about random axes and of random two-qubit gates between neighbours."""
    n = 2 + int(rng.binomial(4, 0.4))
    circuit, count = QuantumCircuit(n), 0
    for _ in range(rng.integers(1, 4)):
        for qubit in range(n):
            getattr(circuit, str(rng.choice(["rx", "ry", "rz"])))(Parameter(f"a{count:03}"), qubit)
            count += 1
        for qubit in range(int(rng.integers(0, 2)), n - 1, 2):
            match rng.integers(0, 4):
                case 0:
                    circuit.cx(qubit, qubit + 1)
                case 1:
                    circuit.cz(qubit, qubit + 1)
                case 2:
                    circuit.rzz(Parameter(f"a{count:03}"), qubit, qubit + 1)
                    count += 1
    for qubit in range(n):
        circuit.ry(Parameter(f"a{count + qubit:03}"), qubit)
    return Case(circuit, random_observable(rng, n), rng.uniform(-np.pi, np.pi, (points, circuit.num_parameters)))


def random_observable(rng: np.random.Generator, n: int) -> SparsePauliOp:
    """Two to five strings on one to three qubits, and a constant."""
    terms = [("", [], float(rng.normal()))]
    for _ in range(rng.integers(2, 6)):
        qubits = rng.choice(n, size=rng.integers(1, min(n, 3) + 1), replace=False).tolist()
        terms.append(("".join(rng.choice(list("XYZ"), len(qubits))), qubits, float(rng.normal())))
    return SparsePauliOp.from_sparse_list(terms, num_qubits=n).simplify()


def symmetric_case(rng: np.random.Generator, points: int) -> Case:
    """A problem and an ansatz of `SYMMETRIC` of random size and depth."""
    n, reps = 3 + int(rng.binomial(3, 0.4)), int(rng.integers(1, 3))
    texts = [text.format(n=n, reps=reps) for text in SYMMETRIC[rng.integers(len(SYMMETRIC))]]
    problem = catalog.load(catalog.parse("problems", texts[0]))()
    circuit = catalog.load(catalog.parse("ansatze", texts[1]))(problem).circuit
    return Case(circuit, problem.hamiltonian, rng.uniform(-np.pi, np.pi, (points, circuit.num_parameters)))


def scores(case: Case, device: Device, method: str, shots: int, seeds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Per seed the errors over standard errors (k,), and the limit's own error over the standard error (k,)."""
    drawn = device.dephasing == "quasistatic" or method in LIMIT
    rows = LIMIT.get(method, DETUNINGS) if drawn else None
    given = {"device": device, "backend": "exact", "mitigate": method}
    limit = hybrid.compile(case.circuit, case.observable, realizations=rows, **given).values(case.points, seed=seeds)
    program = hybrid.compile(case.circuit, case.observable, shots=shots, **given)
    for seed in range(seeds):
        found = program.values(case.points, seed=seed)
        yield (found.values - limit.values) / found.stderr, limit.stderr / found.stderr


def cell(device: Device, method: str, layouts: int, points: int, seeds: int, shots: int = SHOTS) -> Cell:
    """The coverage of one method on one device."""
    case_of, z, own, refused = symmetric_case if method == "symmetry" else random_case, [], [], 0
    for layout in range(layouts):
        case = case_of(np.random.default_rng(layout), points)
        try:
            for errors, limits in scores(case, device, method, shots, seeds):
                z.append(errors)
                own.append(limits)
        except HybridError as error:
            refused += 1
            print(f"  {method}: {error}")
    z, own = np.concatenate(z), np.concatenate(own)
    return Cell(len(z), float((np.abs(z) < 1.959964).mean()), float((z**2).mean()), float((own**2).mean()), refused)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profiles", nargs="+", default=PROFILES)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--layouts", type=int, default=40)
    parser.add_argument("--points", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--shots", type=int, default=SHOTS)
    chosen = parser.parse_args()
    print("| profile | method | intervals | coverage, % | squares | limit |\n|---|---|---|---|---|---|", flush=True)
    for profile in chosen.profiles:
        for method in chosen.methods:
            found = cell(Device.load(profile), method, chosen.layouts, chosen.points, chosen.seeds, chosen.shots)
            print(
                f"| `{profile}` | `{method}` | {found.intervals} | {100 * found.coverage:.1f} | {found.squares:.2f} |"
                f" {found.limit:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
