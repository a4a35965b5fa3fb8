"""What is left of an error after each method of mitigation, for infinitely many shots: Markdown tables by family of circuits.

Circuits are at their noiseless optimum, on `meluxina-q` with all its errors, quasi-static and Markovian. An entry is the share
of the raw error |raw - ideal| that the method leaves, in per cent: the mean over 2, 4, 6 and 8 qubits, and the worst of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from pulse_order import ghz, populations
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid import catalog

DEVICES = {"quasi-static": "meluxina-q", "markov": "meluxina-q:dephasing=markov"}
WIDTHS = (2, 4, 6, 8)
FAMILIES = {
    "efficient_su2": ("tfim:n={n}", "efficient_su2:reps=1"),
    "hamiltonian_variational": ("tfim:n={n}", "hamiltonian_variational:reps=2"),
    "qaoa": ("maxcut:graph=ring,n={n}", "qaoa_layers:p=2"),
    "ghz": None,
}
"""Family -> problem and ansatz."""
METHODS = (
    *("readout", "trex", "twirl", "zne:model=linear", "zne:factors=1/3/5,model=richardson", "zne"),
    *("readout+zne:model=linear", "readout+zne:factors=1/3/5,model=richardson", "readout+zne", "readout+zne:factors=1/3/5"),
    *("readout+zne:model=linear,fold_by=circuit", "readout+zne:factors=1/3/5,model=richardson,fold_by=circuit"),
    *("readout+zne:fold_by=circuit", "readout+zne:fold_by=gate"),
    *("trex+twirl+zne:model=linear", "trex+twirl+zne", "trex+twirl+zne:fold_by=circuit"),
    *("cdr", "readout+cdr", "pec", "trex+pec", "symmetry", "symmetry+zne"),
)
ROWS = {"trex": 256, "twirl": 256, "pec": 4096}
"""Realizations of a method with random Paulis; detunings alone are few."""


class Case(NamedTuple):
    """A circuit, its observable, the angles of its noiseless optimum and the value there."""

    circuit: QuantumCircuit
    observable: SparsePauliOp
    x: np.ndarray
    ideal: float


def case(family: str, n: int, folder: str) -> Case:
    """The family's circuit of n qubits."""
    texts = FAMILIES[family]
    if texts is None:
        circuit, observable, x = ghz(n), populations(n) + SparsePauliOp("X" * n), np.zeros(0)
    else:
        name, ansatz = (text.format(n=max(3, n) if family == "qaoa" else n) for text in texts)
        problem = catalog.load(catalog.parse("problems", name))()
        circuit, observable = catalog.load(catalog.parse("ansatze", ansatz))(problem).circuit, problem.hamiltonian
        spec = hybrid.Spec(problem=name, ansatz=ansatz, algorithm="vqe", backend="exact", optimizer="lbfgs")
        x = np.array(hybrid.run(spec, folder).x)
    ideal = hybrid.compile(circuit, observable, backend="exact").values(x[None]).values[0]
    return Case(circuit, observable, x, float(ideal))


def value(which: Case, device: str, method: str) -> tuple[float, float]:
    """The method's limit and its standard error."""
    drawn = [rows for name, rows in ROWS.items() if name in method]
    given = {"device": device, "backend": "exact", "mitigate": method, "realizations": max(drawn) if drawn else None}
    found = hybrid.compile(which.circuit, which.observable, **given).values(which.x[None], seed=1)
    return float(found.values[0]), float(found.stderr[0])


def shares(which: Case, device: str, methods: tuple[str, ...]) -> Iterator[tuple[float, float]]:
    """Of every method what it leaves of the raw error, and the standard error of that, in per cent; nan where it is refused."""
    raw, _ = value(which, device, "none")
    for method in methods:
        try:
            found, error = value(which, device, method)
        except hybrid.HybridError:
            found, error = np.nan, np.nan
        yield 100 * abs(found - which.ideal) / abs(raw - which.ideal), 100 * error / abs(raw - which.ideal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    chosen = parser.parse_args()
    columns, heads = [], []
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            cases = [case(family, n, folder) for n in chosen.qubits]
            for model, device in DEVICES.items():
                found = np.array([[*shares(each, device, chosen.methods)] for each in cases])
                columns.append(found)
                print(f"{family}, {model}", file=sys.stderr, flush=True)
                heads.append(f"{family}, {model}")
    print(f"| method | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for row, method in enumerate(chosen.methods):
        cells = [f"{c[:, row, 0].mean():.0f} ({c[:, row, 0].max():.0f})" for c in columns]
        print(f"| `{method}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
