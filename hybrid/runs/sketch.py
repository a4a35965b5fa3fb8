"""One circuit of a query, routed and scheduled, without basis changes: it says what a run would take and show."""

from collections.abc import Sequence
from math import exp
from typing import Any, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import DENSE_QUBITS, CertifiedBackend, DiagonalTerms, Expectation, Overlap, Point, Query, Task
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.loss import predicted_loss
from hybrid.compilation.pulse_order import arranged
from hybrid.compilation.resources import check_memory
from hybrid.compilation.schedule import Schedule, schedule
from hybrid.compilation.signal import expected_signal
from hybrid.compilation.transpile import IsaCircuit, to_isa
from hybrid.device.detuning import DetunedAngles
from hybrid.measure.angles import AngleMap, split
from hybrid.measure.composed import composed
from hybrid.measure.execution import Conditions, Detuned
from hybrid.measure.grouping import commuting_groups, identity_apart
from hybrid.measure.observables import Group
from hybrid.measure.set_up import by_nodes, described, draws, engine, number_of_realizations
from hybrid.runs.expected_cost import Work
from hybrid.runs.setup import Chosen, Prepared

QUICK_GATES = 150
"""With so many two-qubit gates or fewer a circuit is routed as well as the run routes it; with more that takes seconds."""


class Sketch(NamedTuple):
    """A query's circuit in native gates, its pulses in order; its observable there (None: the probability of all zeros).

    Of each measured group, the bound of one shot's contribution, its standard deviation in the fully mixed state, and its value
    in the problem's basis state, where there is one and the group reads it. `terms` are those of the group that has most.
    """

    isa: IsaCircuit
    angle_map: AngleMap
    schedule: Schedule
    observable: SparsePauliOp | None
    bounds: list[float]
    sigma: list[float]
    means: list[float | None]
    terms: DiagonalTerms | None = None

    @property
    def circuits(self) -> int:
        return max(1, len(self.bounds))


def sketch(query: Query, parameters: Sequence[Any], prepared: Prepared) -> Sketch:
    """The query's circuit, its points in the order of `parameters`; UsageError where it does not fit the device."""
    spec, device = prepared.spec, prepared.device
    circuit = query.circuit.compose(query.other.inverse()) if isinstance(query, Overlap) else query.circuit
    isa = to_isa(circuit, device, routings=1)
    if device.noisy and isa.circuit.num_nonlocal_gates() <= QUICK_GATES:
        isa = to_isa(circuit, device)
    others = [p for p in circuit.parameters if p not in set(parameters)]
    flat, angle_map = split(isa.circuit, (*parameters, *others))
    isa = isa._replace(circuit=flat)
    if device.noisy:
        (flat,) = arranged((flat,), device.compiled_for, isa.physical, [q for q in isa.layout if q >= 0])
    timed = schedule(flat, device, isa.physical)
    if spec.dd != "none" and device.noisy:
        timed = decouple(timed, device, isa.physical, spec.dd)
    if isinstance(query, Overlap):
        return Sketch(isa, angle_map, timed, None, [1.0], [0.5], [None])
    if not isinstance(query, Expectation):
        return Sketch(isa, angle_map, timed, _bits(isa), [1.0], [], [])
    terms = identity_apart(isa.observable(query.observable))[1]
    direct = not device.noisy and not spec.shots
    groups = [] if direct else commuting_groups(terms, spec.grouping)
    spreads = [float(np.linalg.norm(group.coefficients)) for group in groups]
    means = [_in_basis_state(group, isa, prepared.problem.reference_bits) for group in groups]
    of_most = max(groups, key=lambda group: len(group.masks)).terms(None) if groups else None
    return Sketch(isa, angle_map, timed, terms, [group.extremes(None)[1] for group in groups], spreads, means, of_most)


def _in_basis_state(group: Group, isa: IsaCircuit, bits: int | None) -> float | None:
    """The group's value in the basis state, where it reads in Z alone."""
    if bits is None or group.clifford is not None or set(group.basis) - {"I", "Z"}:
        return None
    outcome = sum((bits >> q & 1) << place for q, place in enumerate(isa.layout) if place >= 0)
    return float(group.eigenvalues(np.array([outcome], dtype=np.uint64), None)[0])


def _bits(isa: IsaCircuit) -> SparsePauliOp:
    """Z of every circuit qubit, for what looks at single outcomes."""
    n = isa.circuit.num_qubits
    return SparsePauliOp.from_sparse_list([("Z", [q], 1.0) for q in isa.layout if q >= 0], num_qubits=n)


def signal_left(part: Sketch, prepared: Prepared, x: Point) -> float:
    """What noise leaves of the query at the start; of an overlap, the fidelity of the whole state."""
    device, physical, corrected = prepared.device, part.isa.physical, bool(composed(prepared.spec.mitigate).readout)
    if part.observable is None:
        read = [] if corrected else [q for q in part.isa.layout if q >= 0]
        return exp(-predicted_loss(part.schedule, device, physical, read))
    if not part.observable.size:
        return 1.0
    point = np.concatenate([x, np.zeros(len(part.angle_map.parameters) - len(x))])
    angles = dict(zip(part.isa.circuit.parameters, part.angle_map(point[None])[0].tolist(), strict=True))
    return expected_signal(part.schedule, device, physical, part.observable, angles, read_errors=not corrected)


def work_of(part: Sketch, prepared: Prepared, chosen: Chosen) -> tuple[Work, int]:
    """The work of one evaluation, and the memory of one point; UsageError where the machine has less."""
    spec, device = prepared.spec, prepared.device
    conditions = Conditions(spec.shots, spec.realizations, spec.threads, spec.dd, allocation=spec.allocation)
    angles = DetunedAngles() if device.dephasing == "quasistatic" else None
    circuit = QuantumCircuit(part.isa.circuit.num_qubits)
    for timed in part.schedule.operations:
        circuit.append(timed.gate, timed.qubits, copy=False)
    mitigation = composed(spec.mitigate)
    extrapolation = mitigation.extrapolation
    longer = [circuit] if extrapolation is None else list(extrapolation.variants(circuit))
    gates = [item.name for one in longer for item in one.data]
    settings, _ = described(part.isa, [circuit], device, conditions._replace(dd="none"), angles)
    detuned = angles is not None and bool(angles.parameters)
    realizations = number_of_realizations(spec.realizations, conditions, part.circuits) if detuned else 1
    direct = part.observable if not part.bounds else None
    parameters = (*part.isa.circuit.parameters, *(angles.parameters if angles is not None else ()))
    wide = device.noisy and not spec.shots and part.terms is not None and settings[0].n_qubits > DENSE_QUBITS
    terms = [part.terms] if wide and part.terms is not None else None
    task, backend = Task(settings, parameters, direct, spec.shots, spec.threads, realizations, terms), chosen.backend
    of_value = [task]
    slotted = extrapolation is not None or mitigation.twirl is not None
    if detuned and angles is not None and isinstance(backend, CertifiedBackend) and not slotted:
        drawn, of_circuit = Detuned(angles, draws(part.isa, [part.schedule], device)), part.isa.circuit.parameters
        how = conditions._replace(mitigation=mitigation)
        of_value = by_nodes(task, of_circuit, None if part.terms is None else [part.terms], drawn, backend, how) or of_value
    certificates = [backend.certificate(each) for each in of_value] if isinstance(backend, CertifiedBackend) else []
    pulses = [name for name in gates if not (device.noisy and device.gates[name].virtual)]
    work = Work(
        n_qubits=task.n_qubits,
        circuits=part.circuits * len(longer),
        gates=len(pulses) // len(longer),
        all_gates=len(gates) // len(longer),
        realizations=of_value[0].realizations,
        shots=spec.shots,
        state_bytes=engine().memory_bytes(of_value[0]),
        density="density matrix" in backend.describe(task),
        multiplications=sum(known.multiplications for known in certificates if known is not None),
    )
    outcomes_bytes = 0 if direct is not None or terms else 16 * 2**task.n_qubits * (part.circuits - 1)
    if terms and part.isa.routed:  # another routing may take less: refused, if at all, when it is compiled
        return work, backend.memory_bytes(of_value[0])
    return work, check_memory(backend, of_value[0]) + outcomes_bytes
