"""compile(...) -> Program: a query is transpiled, grouped, scheduled and compiled once."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.exceptions import CircuitError
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.types import (
    DENSE_QUBITS,
    Backend,
    CertifiedBackend,
    DifferentiableRunner,
    Expectation,
    GeometricRunner,
    Overlap,
    Probabilities,
    Query,
    Task,
)
from hybrid.compilation.pulse_order import arranged
from hybrid.compilation.reading import shortened_reading
from hybrid.compilation.resources import check_metric_memory
from hybrid.compilation.transpile import (
    OPTIMIZATION_LEVEL,
    IsaCircuit,
    measured,
    on_named_qubits,
    other_routings,
    rotated,
    to_isa,
    unitary_part,
)
from hybrid.device.device import Device
from hybrid.measure.angles import split
from hybrid.measure.assignment import calibration, string_calibration
from hybrid.measure.calibration import Training, training
from hybrid.measure.choices import WORDS, checked_level, gradient_method
from hybrid.measure.composed import composed
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.grouping import commuting_groups, identity_apart
from hybrid.measure.observables import AllZeros, DistributionDependent, FixedObservable, Group, ReadoutFit, terms_of
from hybrid.measure.program import Program
from hybrid.measure.selection import Selection, selection
from hybrid.measure.set_up import described, engine, set_up

LONGEST = 2**24
"""Numbers of a state; where those of a wide circuit are longer, other routings are looked at."""
ROUTINGS = 8


class Measuring(NamedTuple):
    """How a query is measured: conditions of its circuits, grouping of terms, error mitigation, gradient method."""

    conditions: Conditions = Conditions()
    grouping: str = "qwc"
    mitigate: str = "none"
    gradient: str = "auto"
    optimization_level: int = OPTIMIZATION_LEVEL


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
    optimization_level: int = OPTIMIZATION_LEVEL,
) -> Program:
    """<observable> after `circuit` on a device, by a backend; everything that does not depend on the points is done here, once.

    Points follow `circuit.parameters`. UsageError for widths, gates, memory or shots that do not fit.
    """
    loaded = device if isinstance(device, Device) and dephasing is None else Device.load(str(device), dephasing=dephasing)
    member = catalog.load(catalog.parse("backends", backend))()
    given = {"grouping": grouping, "dd": dd, "gradient": gradient, "allocation": allocation}
    for name, value in given.items():
        if value not in WORDS[name]:
            raise unknown(name, value, WORDS[name])
    measuring = Measuring(Conditions(shots, realizations, threads, dd, allocation=allocation), grouping, mitigate, gradient)
    measuring = measuring._replace(optimization_level=checked_level(optimization_level))
    return compile_query(Expectation(circuit, observable), tuple(circuit.parameters), loaded, member, measuring)


def compile_query(
    query: Query, parameters: Sequence[Parameter], device: Device, backend: Backend, measuring: Measuring
) -> Program:
    """`compile` for any query, its points in the order of `parameters` (which may hold more than the query uses)."""
    isa = _isa(_circuit(query), query, device, measuring.optimization_level)
    isa, words = _of_short_states(isa, query, device, backend, measuring)
    flat, angle_map = split(isa.circuit, parameters)
    isa, conditions = isa._replace(circuit=flat), measuring.conditions._replace(mitigation=composed(measuring.mitigate))
    constant, paulis, make_groups = _observables(query, isa, measuring)
    direct = isinstance(query, Expectation) and not device.noisy and conditions.shots == 0
    circuits, groups, shorter = [flat], (), device.noisy and measuring.optimization_level > 0
    if not direct and (made := make_groups()):
        circuits, groups = zip(*(_rotated_to_z(isa, group, device, shorter) for group in made), strict=True)
    observable = paulis if direct else None
    bounds = [group.extremes(None)[1] for group in groups if not isinstance(group, DistributionDependent)] or None
    terms = terms_of(groups, None)
    method = gradient_method(measuring.gradient, conditions.shots)
    slopes = method == "adjoint" and bool(parameters)
    execution = set_up(isa, circuits, device, backend, conditions, observable, bounds, terms=terms, gradient=slopes)
    execution = execution._replace(resources=execution.resources.noted(words))

    @cache
    def differentiable() -> Execution:
        if isinstance(execution.runner, DifferentiableRunner) and not conditions.shots:
            return execution
        exact = conditions._replace(shots=0, realizations=None) if conditions.shots else conditions
        return set_up(isa, execution.recipe.circuits, device, engine(), exact, observable, terms=terms, as_listed=True)

    @cache
    def noiseless() -> GeometricRunner:
        check_metric_memory(flat.num_qubits, flat.num_parameters)
        settings, _ = described(isa, circuits, Device.load("ideal"), Conditions(), None)
        runner = engine().compile(Task(settings, tuple(flat.parameters), None, 0, conditions.threads))
        assert isinstance(runner, GeometricRunner)
        return runner

    return Program(
        execution=execution,
        constant=constant,
        grouped=cache(lambda: tuple(make_groups())) if direct else lambda: groups,
        direct=direct,
        calibrate=_calibration(isa, device, backend, conditions),
        training=_training(conditions, flat.num_parameters, list(groups), noiseless),
        selection=_selection(conditions, paulis, isa, list(groups), noiseless),
        calibration=None,
        angle_map=angle_map,
        method=method,
        differentiable=differentiable,
        noiseless=noiseless,
        engine=engine,
    )


def _of_short_states(
    isa: IsaCircuit, query: Query, device: Device, backend: Backend, measuring: Measuring
) -> tuple[IsaCircuit, str]:
    """The layout for a simulator, and what to say of it: that of least loss, which a machine would get; or of other routings
    the one of the shortest states, where a wide value would have states longer than `LONGEST`."""
    wide = device.noisy and isa.routed and isa.circuit.num_qubits > DENSE_QUBITS and not measuring.conditions.shots
    if not wide or not isinstance(query, Expectation) or not isinstance(backend, CertifiedBackend):
        return isa, ""

    def longest(candidate: IsaCircuit) -> int:
        flat, _ = split(candidate.circuit, tuple(query.circuit.parameters))
        candidate = candidate._replace(circuit=flat)
        _, _, make_groups = _observables(query, candidate, measuring)
        circuits, groups = zip(*(_rotated_to_z(candidate, group, device, True) for group in make_groups()), strict=True)
        circuits = arranged(circuits, device.compiled_for, candidate.physical, [q for q in candidate.layout if q >= 0])
        settings, _ = described(candidate, circuits, device, Conditions(), None)
        certificate = backend.certificate(Task(settings, tuple(flat.parameters), None, 0, 1, 1, terms_of(groups, None)))
        return 0 if certificate is None else certificate.peak_numbers

    if longest(isa) <= LONGEST:
        return isa, ""
    candidates = [isa, *other_routings(query.circuit, device, measuring.optimization_level, ROUTINGS)]
    best = min(candidates, key=longest)
    gates = [candidate.circuit.num_nonlocal_gates() for candidate in (best, isa)]
    return best, f"of {ROUTINGS} routings that of the shortest states: {gates[0]} two-qubit gates, on a machine {gates[1]}"


def _calibration(
    isa: IsaCircuit, device: Device, backend: Backend, conditions: Conditions
) -> Callable[[np.random.SeedSequence], ReadoutFit] | None:
    """What measures the readout's errors."""
    twirl = conditions.mitigation.twirl
    match conditions.mitigation.readout:
        case "bits":
            return calibration(isa, device, backend, conditions)
        case "strings":
            assert twirl is not None
            return string_calibration(isa, device, backend, conditions, twirl)
        case _:
            return None


def _training(
    conditions: Conditions, n_angles: int, groups: list[Any], noiseless: Callable[[], GeometricRunner]
) -> Training | None:
    """Circuits of known value; they depend on the query alone."""
    if not conditions.mitigation.training:
        return None
    return training(conditions.mitigation.training, n_angles, groups, noiseless(), np.random.SeedSequence(0))


def _selection(
    conditions: Conditions, terms: SparsePauliOp, isa: IsaCircuit, groups: list[Any], noiseless: Callable[[], GeometricRunner]
) -> Selection | None:
    """What shots are kept; the state's symmetries are found at three points without noise."""
    if not conditions.mitigation.selection:
        return None
    flat, ideal = isa.circuit, Device.load("ideal")
    points = np.random.default_rng(0).uniform(-np.pi, np.pi, (3, flat.num_parameters))

    def mean(observable: SparsePauliOp) -> list[float]:
        settings, _ = described(isa, [flat], ideal, Conditions(), None)
        runner = engine().compile(Task(settings, tuple(flat.parameters), observable, 0, conditions.threads))
        return runner.expectations(points).tolist()

    qubits = [qubit for qubit in isa.layout if qubit >= 0]
    return selection(conditions.mitigation.selection, terms, qubits, groups, mean)


def _circuit(query: Query) -> QuantumCircuit:
    """The circuit that the query runs.

    An overlap runs `circuit` and then the inverse of `other`: the probability of all zeros is the fidelity of the two states.
    UsageError for different widths.
    """
    circuit = query.circuit
    if not circuit.num_qubits:
        raise UsageError("the circuit has no qubit.")
    if isinstance(query, Expectation) and query.observable.num_qubits != circuit.num_qubits:
        raise UsageError(f"the observable acts on {query.observable.num_qubits} qubits, the circuit has {circuit.num_qubits}.")
    if not isinstance(query, Overlap):
        return circuit
    if circuit.num_qubits != query.other.num_qubits:
        raise UsageError(f"an overlap of {circuit.num_qubits} with {query.other.num_qubits} qubits is not defined.")
    try:
        return circuit.compose(query.other.inverse())
    except CircuitError as error:
        raise UsageError(f"the two circuits of an overlap do not go together: {error.message}") from None


def _observables(
    query: Query, isa: IsaCircuit, measuring: Measuring
) -> tuple[float, SparsePauliOp, Callable[[], Sequence[FixedObservable | DistributionDependent]]]:
    """The constant part, the other Pauli terms (zero times the identity where there are none), and what groups them.

    UsageError for mitigation of a query that looks at single outcomes.
    """
    n = isa.circuit.num_qubits
    none, basis = SparsePauliOp("I" * n, 0.0), "".join("Z" if qubit in isa.layout else "I" for qubit in range(n))
    match query:
        case Overlap():
            if (mitigation := composed(measuring.mitigate)).readout == "strings" or mitigation.selection or mitigation.training:
                raise UsageError(
                    f"mitigate={measuring.mitigate} corrects strings of Paulis, and an overlap is the probability of one "
                    "outcome; take readout, twirl or zne."
                )
            return 0.0, none, lambda: [AllZeros(basis)]
        case Probabilities():
            if measuring.mitigate != "none":
                raise UsageError(
                    f"mitigate={measuring.mitigate} corrects expectation values, and this algorithm looks at single outcomes; "
                    "leave it out."
                )
            return 0.0, none, lambda: [DistributionDependent(query.function_of, isa.layout, basis)]
        case Expectation():
            constant, terms = identity_apart(isa.observable(query.observable))
            return constant, terms if terms.size else none, lambda: commuting_groups(terms, measuring.grouping)


def _isa(circuit: QuantumCircuit, query: Query, device: Device, level: int) -> IsaCircuit:
    """A circuit that Qiskit has already laid out keeps its qubits; any other is laid out here."""
    if not device.noisy or circuit.layout is None or not isinstance(query, Expectation):
        return to_isa(circuit, device, level)
    circuit = unitary_part(circuit)
    measured_qubits = np.flatnonzero((query.observable.paulis.x | query.observable.paulis.z).any(axis=0))
    return on_named_qubits(circuit, device, measured_qubits.tolist())


def _rotated_to_z(
    isa: IsaCircuit, group: FixedObservable | DistributionDependent, device: Device, shorter: bool
) -> tuple[QuantumCircuit, FixedObservable | DistributionDependent]:
    """The circuit in which a group's terms are diagonal, and the group on the qubits where routing leaves them; with `shorter`
    its last pulses and the change of basis become one."""
    if not isinstance(group, Group) or group.clifford is None:
        circuit, moved = measured(isa, group.basis, device), group
    else:
        circuit, ends = rotated(isa, group.clifford, device)
        moved = group.moved(ends)
    return shortened_reading(circuit, device) if shorter else circuit, moved
