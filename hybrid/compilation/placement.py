"""Which qubits of the device an ISA circuit runs on: of its placements and routings the one of least predicted loss."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, islice
from typing import NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier
from qiskit.quantum_info import PauliList, SparsePauliOp
from rustworkx import PyGraph, vf2_mapping

from hybrid.compilation.infidelity import circuit_infidelity
from hybrid.compilation.loss import predicted_loss
from hybrid.compilation.pulse_order import DIGITS, ordered, take_apart
from hybrid.compilation.schedule import listed, scheduled
from hybrid.device.device import Device

MOST_PLACEMENTS = 64
"""A chain of ten has at most 18 for a circuit on neighbouring qubits; more are found on lattices, in a fixed order."""
VF2_STEPS = 100_000
FINALISTS = 8
"""So many placements are compared in their best order of pulses, which takes longer than as they are listed."""
_Candidate = tuple[QuantumCircuit, tuple[int, ...], Sequence[int]]
"""A circuit, the device's qubit of each of its own, and which of its own are read."""


class IsaCircuit(NamedTuple):
    """A circuit in native gates on the qubits it uses: index i is `physical[i]`, circuit qubit v sits at `layout[v]`.

    A circuit qubit that is left out, because nothing is done to it, has -1 in `layout`. `routed`: gates were added to bring
    qubits together.
    """

    circuit: QuantumCircuit
    physical: tuple[int, ...]
    layout: tuple[int, ...]
    routed: bool = False

    def observable(self, observable: SparsePauliOp) -> SparsePauliOp:
        """The observable on the ISA circuit's qubits; it is the identity on those that are left out."""
        kept = [v for v, place in enumerate(self.layout) if place >= 0]
        if len(kept) < len(self.layout):
            paulis = PauliList.from_symplectic(observable.paulis.z[:, kept], observable.paulis.x[:, kept])
            observable = SparsePauliOp(paulis, observable.coeffs)
        return observable.apply_layout([self.layout[v] for v in kept], self.circuit.num_qubits)


def on_qubits(circuit: QuantumCircuit, kept: Sequence[int], ends: Sequence[int]) -> IsaCircuit:
    """The part of a circuit on the qubits `kept`, in ascending order; barriers span those of their qubits that are kept.

    `ends` are the places of circuit qubits, -1 where they are not kept.
    """
    at = {q: i for i, q in enumerate(kept)}
    part = QuantumCircuit(len(kept))
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.operation.name == "barrier":
            if inside := [at[q] for q in qubits if q in at]:
                part.append(Barrier(len(inside)), inside, copy=False)
        else:
            part.append(item.operation, [at[q] for q in qubits], copy=False)
    return IsaCircuit(part, tuple(kept), tuple(at.get(q, -1) for q in ends))


def least_loss(routed: Sequence[tuple[QuantumCircuit, Sequence[int]]], device: Device) -> IsaCircuit:
    """Of one circuit, routed in several ways, the one that loses least, placed where it loses least; the first of equal ones.

    Each is a circuit on all qubits of the device, and where its circuit qubits are in the end.
    """
    everywhere = tuple(range(device.n_qubits or 0))
    native, _, ends = _least([(native, everywhere, ends) for native, ends in routed], len(routed), device)
    used = {native.find_bit(bit).index for item in native.data if item.operation.name != "barrier" for bit in item.qubits}
    isa = on_qubits(native, sorted(used | set(ends)), ends)
    _, best, _ = _least([(isa.circuit, physical, isa.layout) for physical in placements(isa, device)], FINALISTS, device)
    order = sorted(range(len(best)), key=lambda q: best[q])
    return on_qubits(isa.circuit, order, isa.layout)._replace(physical=tuple(sorted(best)))


def placements(isa: IsaCircuit, device: Device) -> list[tuple[int, ...]]:
    """Qubits of the device on which the circuit can run as it is routed, as it is first; that alone where all are alike.

    Qubits without two-qubit gates take the best of those that are left, in the circuit's order; Qiskit leaves that to chance.
    """
    pairs = {tuple(sorted(isa.circuit.find_bit(bit).index for bit in item.qubits)) for item in _two_qubit_gates(isa.circuit)}
    coupled = sorted({q for pair in pairs for q in pair})
    found = [{q: isa.physical[q] for q in coupled}]
    if coupled and _differ(device):
        pattern = PyGraph(multigraph=False)
        pattern.add_nodes_from(coupled)
        pattern.extend_from_edge_list([(coupled.index(a), coupled.index(b)) for a, b in sorted(pairs)])
        maps = vf2_mapping(_coupling(device), pattern, subgraph=True, induced=False, call_limit=VF2_STEPS)
        found += [{coupled[node]: q for q, node in of.items()} for of in islice(maps, MOST_PLACEMENTS)]
    lonely = [q for q in isa.layout if q not in coupled]
    for where in found:
        free = [q for q in _best_first(device) if q not in where.values()]
        where |= dict(zip(lonely, free, strict=False))
    return list(dict.fromkeys(tuple(where[q] for q in range(len(isa.physical))) for where in found))


def _two_qubit_gates(circuit: QuantumCircuit) -> list:
    return [item for item in circuit.data if len(item.qubits) == 2 and item.operation.name != "barrier"]


def _least(candidates: Sequence[_Candidate], most: int, device: Device) -> _Candidate:
    """The candidate of least loss in its best order of pulses; at most so many are compared, those of least loss as listed.

    Candidates of equal loss as listed are the same circuit on qubits that are alike: the first stands for them.
    """
    by_loss: dict[float, _Candidate] = {}
    circuits = {id(circuit): circuit for circuit, _, _ in candidates}  # placements share theirs
    listings = {key: listed(circuit) for key, circuit in circuits.items()}
    if len(candidates) > 1:
        for candidate in candidates:
            circuit, physical, read = candidate
            (times,) = scheduled([listings[id(circuit)]], circuit.num_qubits, device, physical)
            loss = predicted_loss(times, device, physical, read)
            by_loss.setdefault(round(loss, DIGITS), candidate)
    if len(by_loss) < 2:
        return candidates[0]
    finalists = [by_loss[loss] for loss in sorted(by_loss)[:most]]
    apart = {key: take_apart(circuits[key]) for key in {id(circuit) for circuit, _, _ in finalists}}
    losses = [ordered(apart[id(circuit)], device, physical, read).loss for circuit, physical, read in finalists]
    return finalists[losses.index(min(losses))]


@lru_cache(maxsize=64)
def _coupling(device: Device) -> PyGraph:
    assert device.n_qubits is not None
    graph = PyGraph(multigraph=False)
    graph.add_nodes_from(range(device.n_qubits))
    graph.extend_from_edge_list(list(device.edges or combinations(range(device.n_qubits), 2)))
    return graph


@lru_cache(maxsize=64)
def _differ(device: Device) -> bool:
    """Whether any number of a device differs from qubit to qubit or from pair to pair."""
    of_qubits = (device.t1_s, device.t2_star_s, device.t2_echo_s, device.readout_p01, device.readout_p10, device.init_error)
    of_gates = (tuple(numbers.values()) for gate in device.gates.values() for numbers in (gate.duration_s, gate.error))
    return any(len(set(numbers)) > 1 for numbers in (*of_qubits, *of_gates) if numbers is not None)


@lru_cache(maxsize=64)
def _best_first(device: Device) -> list[int]:
    """Qubits in the order of what an X90 pulse, preparation and readout lose on each."""
    assert device.n_qubits is not None and device.init_error is not None
    assert device.readout_p01 is not None and device.readout_p10 is not None
    pulse = device.gates["sx" if "sx" in device.gates else "rx"]
    infidelity = [
        circuit_infidelity(device, pulse, (q,)) + device.init_error[q] + (device.readout_p01[q] + device.readout_p10[q]) / 2
        for q in range(device.n_qubits)
    ]
    return sorted(range(device.n_qubits), key=lambda q: (round(infidelity[q], DIGITS), q))
