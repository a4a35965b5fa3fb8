"""Layouts of least predicted loss against those of published errors and one routing: a table, and no workload that loses."""

import importlib

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager
from scipy.optimize import minimize

from hybrid import catalog
from hybrid.compilation.placement import IsaCircuit, on_qubits
from hybrid.compilation.transpile import native_target
from hybrid.device.device import Device
from hybrid.measure.compile import compile

VARIATIONAL = {
    "qaoa ring 6": ("maxcut:graph=ring,n=6", None),
    "qaoa complete 5": ("maxcut:graph=complete,n=5", None),
    "tfim 4": ("tfim:n=4", "hamiltonian_variational:reps=1"),
    "tfim 6": ("tfim:n=6", "hamiltonian_variational:reps=1"),
    "tfim 8": ("tfim:n=8", "hamiltonian_variational:reps=1"),
    "efficient_su2 6": ("tfim:n=6", "efficient_su2:reps=1"),
}
DEVICES = ("meluxina-q", "spin-sige-6q")
ROWS = [
    (name, device)
    for device in DEVICES
    for name in [*VARIATIONAL, *(f"ghz {n}" for n in range(3, 9))]
    if device == "meluxina-q" or name[-1] not in "78"
]


def workload(name: str) -> tuple[QuantumCircuit, SparsePauliOp, np.ndarray]:
    """Circuit, observable (smaller is better) and angles: those of the noiseless optimum."""
    if name.startswith("ghz"):
        n = int(name[-1])
        circuit = QuantumCircuit(n)
        circuit.h(0)
        for q in range(n - 1):
            circuit.cx(q, q + 1)
        return circuit, SparsePauliOp("X" * n, -1.0), np.zeros(0)
    problem = catalog.load(catalog.parse("problems", VARIATIONAL[name][0]))()
    ansatz = VARIATIONAL[name][1] or problem.ansatz
    circuit, initial = catalog.load(catalog.parse("ansatze", ansatz))(problem)
    program = compile(circuit, problem.hamiltonian, backend="exact")

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        answer = program.gradient(x)
        return answer.loss, answer.gradient

    found = minimize(loss, initial(np.random.default_rng(0)), method="L-BFGS-B", jac=True)
    return circuit, problem.hamiltonian, found.x


def as_before(circuit: QuantumCircuit, device: Device, level: int) -> IsaCircuit:
    """One seed, published errors, where the transpiler puts it."""
    passes = generate_preset_pass_manager(level, target=native_target(device), seed_transpiler=0, approximation_degree=1.0)
    native = passes.run(circuit)
    assert native.layout is not None
    ends = native.layout.final_index_layout(filter_ancillas=True)
    used = {native.find_bit(bit).index for item in native.data for bit in item.qubits}
    return on_qubits(native, sorted(used | set(ends)), ends)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "device"), ROWS)
def test_no_workload_becomes_worse(name, device, monkeypatch):
    """Values over many detunings, exact in everything else; at most two standard errors of the difference worse."""
    circuit, observable, x = workload(name)
    realizations = 64 if circuit.num_qubits > 6 else 256
    found = []
    for change in (True, False):
        with monkeypatch.context() as patch:
            if change:
                patch.setattr(importlib.import_module("hybrid.measure.compile"), "to_isa", as_before)
            program = compile(circuit, observable, device=device, backend="exact", realizations=realizations)
        answer = program.values(x[None], seed=0)
        found.append((answer[0][0], answer[1][0], program.resources.physical))
    (old, old_error, old_place), (new, new_error, place) = found
    print(f"{name:16} {device:13} {old:.3f}({old_error:.3f}) on {old_place} -> {new:.3f}({new_error:.3f}) on {place}")
    assert new <= old + 2 * np.hypot(old_error, new_error)
