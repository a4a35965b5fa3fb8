"""compile(...) -> Program: a query transpiled, grouped, scheduled and compiled once."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.exceptions import CircuitError
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.types import Backend, DifferentiableRunner, Expectation, GeometricRunner, Overlap, Probabilities, Query, Task
from hybrid.compilation.resources import check_metric_memory
from hybrid.compilation.transpile import IsaCircuit, check_unitary, measured, on_named_qubits, rotated, to_isa
from hybrid.device.device import Device
from hybrid.measure.angles import split
from hybrid.measure.choices import WORDS, gradient_method
from hybrid.measure.estimate import AllZeros, Group, Observed, Open, commuting_groups, identity_apart
from hybrid.measure.execution import Conditions, Execution, described, set_up
from hybrid.measure.mitigation.readout import calibration
from hybrid.measure.program import Program


class Measuring(NamedTuple):
    """How expectation values are made of circuits: conditions of the circuits, grouping of terms, mitigation."""

    conditions: Conditions = Conditions()
    grouping: str = "qwc"
    mitigate: str = "none"
    gradient: str = "auto"


def compile(
    circuit: QuantumCircuit,
    observable: SparsePauliOp,
    *,
    device: str | Device = "ideal",
    dephasing: str | None = None,
    backend: str = "aer",
    shots: int = 0,
    realizations: int | None = None,
    grouping: str = "qwc",
    mitigate: str = "none",
    dd: str = "none",
    gradient: str = "auto",
    threads: int = 1,
    allocation: str = "uniform",
) -> Program:
    """<observable> after `circuit` on a device, by a backend: everything that does not depend on the points, paid once.

    Points follow `circuit.parameters`. UsageError names what does not fit: widths, gates, memory, shots.
    """
    loaded = device if isinstance(device, Device) and dephasing is None else Device.load(str(device), dephasing=dephasing)
    member = catalog.load(catalog.parse("backends", backend))()
    given = {"grouping": grouping, "mitigate": mitigate, "dd": dd, "gradient": gradient, "allocation": allocation}
    for name, value in given.items():
        if value not in WORDS[name]:
            raise unknown(name, value, WORDS[name])
    measuring = Measuring(Conditions(shots, realizations, threads, dd, allocation=allocation), grouping, mitigate, gradient)
    return compile_query(Expectation(circuit, observable), tuple(circuit.parameters), loaded, member, measuring)


def compile_query(
    query: Query, parameters: Sequence[Parameter], device: Device, backend: Backend, measuring: Measuring
) -> Program:
    """`compile` for any query, its points in the order of `parameters` (which may hold more than the query uses)."""
    circuit = query.circuit
    if isinstance(query, Overlap):
        circuit = _overlap_circuit(query)
    elif isinstance(query, Expectation) and query.observable.num_qubits != circuit.num_qubits:
        raise UsageError(f"the observable acts on {query.observable.num_qubits} qubits, the circuit has {circuit.num_qubits}.")
    isa = _isa(circuit, query, device)
    flat, angle_map = split(isa.circuit, parameters)
    isa = isa._replace(circuit=flat)
    conditions = measuring.conditions
    direct = isinstance(query, Expectation) and not device.noisy and conditions.shots == 0
    groups: Sequence[Observed | Open] = []
    terms = SparsePauliOp("I" * flat.num_qubits, 0.0)
    basis = "".join("Z" if qubit in isa.layout else "I" for qubit in range(flat.num_qubits))
    if isinstance(query, Overlap):
        constant, groups = 0.0, [AllZeros(basis)]
    elif isinstance(query, Probabilities):
        if measuring.mitigate != "none":
            raise UsageError(
                f"mitigate={measuring.mitigate} corrects expectation values, and this algorithm looks at single outcomes; "
                "leave it out."
            )
        constant, groups = 0.0, [Open(query.settle, isa.layout, basis)]
    else:
        constant, terms = identity_apart(isa.observable(query.observable))
        if not direct:
            groups = commuting_groups(terms, measuring.grouping)
    circuits = [flat]
    if groups:
        circuits, groups = zip(*(_read(isa, group, device) for group in groups), strict=True)
    rest = (terms if terms.size else SparsePauliOp("I" * flat.num_qubits, 0.0)) if direct else None
    bounds = [group.extremes(None)[1] for group in groups if not isinstance(group, Open)] or None
    execution = set_up(isa, circuits, device, backend, conditions, rest, bounds)

    @cache
    def differentiable() -> Execution:
        able = isinstance(execution.runner, DifferentiableRunner) and not conditions.shots
        return execution if able else set_up(isa, circuits, device, engine(), _without_shots(conditions), rest)

    @cache
    def grouped() -> tuple[Observed | Open, ...]:
        return tuple(commuting_groups(terms, measuring.grouping) if direct else groups)

    @cache
    def noiseless() -> GeometricRunner:
        check_metric_memory(flat.num_qubits, flat.num_parameters)
        settings, _ = described(isa, circuits, Device.load("ideal"), Conditions(), None)
        runner = engine().compile(Task(settings, tuple(flat.parameters), None, 0, conditions.threads))
        assert isinstance(runner, GeometricRunner)
        return runner

    return Program(
        angle_map=angle_map,
        execution=execution,
        constant=constant,
        grouped=grouped,
        direct=direct,
        calibrate=calibration(isa, device, backend, conditions) if measuring.mitigate == "readout" else None,
        method=gradient_method(measuring.gradient, conditions.shots),
        differentiable=differentiable,
        noiseless=noiseless,
        engine=engine,
    )


def _isa(circuit: QuantumCircuit, query: Query, device: Device) -> IsaCircuit:
    """A circuit that Qiskit has laid out already stays on the qubits that it names; any other is laid out here."""
    if not device.noisy or circuit.layout is None or not isinstance(query, Expectation):
        return to_isa(circuit, device)
    check_unitary(circuit)
    measured_qubits = np.flatnonzero((query.observable.paulis.x | query.observable.paulis.z).any(axis=0))
    return on_named_qubits(circuit, device, measured_qubits.tolist())


def _read(isa: IsaCircuit, group: Observed | Open, device: Device) -> tuple[QuantumCircuit, Observed | Open]:
    """The circuit that reads a group's terms in Z, and the group where routing leaves its qubits."""
    if not isinstance(group, Group) or group.clifford is None:
        return measured(isa, group.basis, device), group
    circuit, ends = rotated(isa, group.clifford, device)
    return circuit, group.moved(ends)


def engine() -> Backend:
    """The exact engine, which differentiates for backends that cannot."""
    return catalog.load(catalog.parse("backends", "exact"))()


def _without_shots(conditions: Conditions) -> Conditions:
    return conditions._replace(shots=0, realizations=None) if conditions.shots else conditions


def _overlap_circuit(query: Overlap) -> QuantumCircuit:
    """`circuit` followed by the inverse of `other`; all zeros is then as likely as the two states are alike."""
    if query.circuit.num_qubits != query.other.num_qubits:
        raise UsageError(f"an overlap of {query.circuit.num_qubits} with {query.other.num_qubits} qubits is not defined.")
    try:
        return query.circuit.compose(query.other.inverse())
    except CircuitError as error:
        raise UsageError(f"the two circuits of an overlap do not go together: {error.message}") from None
