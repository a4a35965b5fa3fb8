"""What the order of pulses is worth on one control line: the listed order and ours, on the same device and qubits.

    python examples/benchmarks/pulse_order.py [--device NAME_OR_PATH] [--qubits N]

Energies of the critical Ising chain and the fidelity of GHZ states from populations and parity, by the exact engine, on qubits
0 to n - 1, with perfect preparation and readout. `listed` runs gates as the transpiled circuit lists them, basis changes after
the whole circuit; so did version 1 of our compiler. The chain's angles are those where Adam, without noise, first reaches the
energy in the column `ideal` (of an earlier study, in which the angles themselves were not kept). In the rows marked *
angles are optimal, and layout and routing are free: Qiskit's for the published errors, or ours of least predicted loss.
The numbers of the device before version 2 of its profile: --device examples/benchmarks/meluxina-q-v1.toml
"""

import argparse
import tempfile
from bisect import bisect_left

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

import hybrid
from hybrid import catalog
from hybrid.base.types import Expectation
from hybrid.compilation.noise import SPAM
from hybrid.compilation.transpile import measured, native_target, on_named_qubits
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.estimate import exact_values
from hybrid.measure.execution import Conditions
from hybrid.measure.grouping import group_terms
from hybrid.measure.set_up import engine, set_up
from hybrid.runs.result import Result

CONDITIONS = Conditions(without=SPAM)
CHAINS = {
    ("efficient_su2:reps=1", 6): -7.216,
    ("efficient_su2:reps=1", 8): -9.544,
    ("efficient_su2:reps=1", 10): -12.044,
    ("hamiltonian_variational:reps=1", 6): -7.059,
    ("hamiltonian_variational:reps=1", 8): -9.473,
}
"""Ansatz and number of qubits -> the noiseless energy at which the orders are compared."""
FREE = {
    ("tfim:n=4", "hamiltonian_variational:reps=1"): "vqe",
    ("maxcut:graph=ring,n=6", "qaoa_layers:p=1"): "qaoa",
    ("maxcut:graph=complete,n=5", "qaoa_layers:p=1"): "qaoa",
}
"""Problem and ansatz that are laid out freely -> the algorithm that finds the angles."""
MOST_ITERATIONS = 512
GHZ = range(3, 9)


def translated(
    circuit: QuantumCircuit, observable: SparsePauliOp, device: Device, *, free: bool
) -> tuple[QuantumCircuit, SparsePauliOp]:
    """Circuit and observable in the device's native gates, on its qubits 0 to n - 1 unless the layout is free."""
    layout = None if free else list(range(circuit.num_qubits))
    manager = generate_preset_pass_manager(
        2, target=native_target(device), initial_layout=layout, seed_transpiler=0, approximation_degree=1.0
    )
    isa = manager.run(circuit)
    return isa, observable.apply_layout(isa.layout)


def ours(circuit: QuantumCircuit, observable: SparsePauliOp, x: np.ndarray, device: Device, *, free: bool = False) -> float:
    """<observable> with pulses in our order."""
    isa, moved = (circuit, observable) if free else translated(circuit, observable, device, free=False)
    program = compile_query(Expectation(isa, moved), tuple(isa.parameters), device, engine(), Measuring(CONDITIONS))
    return float(program.values(x[None], seed=1).values[0])


def listed(circuit: QuantumCircuit, observable: SparsePauliOp, x: np.ndarray, device: Device, *, free: bool = False) -> float:
    """<observable> with every pulse after those listed before it, basis changes last."""
    isa, moved = translated(circuit, observable, device, free=free)
    placed = on_named_qubits(isa.assign_parameters(x), device, isa.layout.final_index_layout(filter_ancillas=True))
    constant, groups = group_terms(placed.observable(moved), "qwc")
    circuits = [walled(measured(placed, group.basis, device)) for group in groups]
    probabilities = set_up(placed, circuits, device, engine(), CONDITIONS, as_listed=True).distributions(
        np.zeros((1, 0)), np.random.SeedSequence(1)
    )[0]
    return constant + float(exact_values(groups, probabilities, None).mean())


def walled(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with a barrier after every gate."""
    result = circuit.copy_empty_like()
    for item in circuit.data:
        result.append(item)
        result.barrier()
    return result


def ghz(n: int) -> QuantumCircuit:
    """|0...0> + |1...1> along the chain."""
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for i in range(n - 1):
        circuit.cx(i, i + 1)
    return circuit


def populations(n: int) -> SparsePauliOp:
    """|0...0><0...0| + |1...1><1...1|: the mean of all even products of Z, twice."""
    masks = [mask for mask in range(2**n) if mask.bit_count() % 2 == 0]
    strings = ["".join("Z" if mask >> i & 1 else "I" for i in range(n)) for mask in masks]
    return SparsePauliOp(strings, np.full(len(masks), 2 / 2**n))


def angles_at(energy: float, ansatz: str, n: int, folder: str) -> tuple[float, np.ndarray]:
    """The noiseless energy after the fewest of Adam's iterations that reach `energy`, and the angles there."""

    def after(iterations: int) -> Result:
        spec = hybrid.Spec(problem=f"tfim:n={n}", ansatz=ansatz, backend="exact", optimizer="adam", max_iterations=iterations)
        return hybrid.run(spec, folder)

    enough = 1 + bisect_left(range(1, MOST_ITERATIONS), True, key=lambda iterations: after(iterations).value <= energy)
    return after(enough).value, np.array(after(enough).x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="meluxina-q", help="a profile whose gates share a control line")
    parser.add_argument("--qubits", type=int, default=10, help="no workload with more")
    chosen = parser.parse_args()
    device = Device.load(chosen.device)
    print(f"{device.label}: {'ideal':>48} {'listed':>8} {'ours':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for (ansatz, n), energy in CHAINS.items():
            if n <= chosen.qubits:
                ideal, x = angles_at(energy, ansatz, n, folder)
                problem = catalog.load(catalog.parse("problems", f"tfim:n={n}"))()
                circuit = catalog.load(catalog.parse("ansatze", ansatz))(problem).circuit
                energies = [ideal, *(way(circuit, problem.hamiltonian, x, device) for way in (listed, ours))]
                print(f"tfim:n={n:<3} {ansatz:32} energy     ", *(f"{value:8.3f}" for value in energies), flush=True)
        for (name, ansatz), algorithm in FREE.items():
            problem = catalog.load(catalog.parse("problems", name))()
            if problem.hamiltonian.num_qubits <= chosen.qubits:
                given = {"ansatz": ansatz} if algorithm == "vqe" else {}
                spec = hybrid.Spec(problem=name, algorithm=algorithm, backend="exact", optimizer="lbfgs", **given)
                x = np.array(hybrid.run(spec, folder).x)
                circuit = catalog.load(catalog.parse("ansatze", ansatz))(problem).circuit
                ideal = hybrid.compile(circuit, problem.hamiltonian, backend="exact").values(x[None]).values[0]
                energies = [ideal, *(way(circuit, problem.hamiltonian, x, device, free=True) for way in (listed, ours))]
                print(f"{name:27} {ansatz.split(':')[0]:24} *", *(f"{value:8.3f}" for value in energies), flush=True)
    for n in GHZ:
        if n <= chosen.qubits:
            both = populations(n) + SparsePauliOp("X" * n)
            fidelities = [100.0, *(50 * way(ghz(n), both, np.zeros(0), device) for way in (listed, ours))]
            print(f"GHZ({n})    {'':32} fidelity, %", *(f"{fidelity:8.1f}" for fidelity in fidelities), flush=True)


if __name__ == "__main__":
    main()
