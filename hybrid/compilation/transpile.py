"""Circuit + Device -> ISA circuit with its layout: made once, never per evaluation."""

import warnings
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Delay, Gate, Parameter
from qiskit.circuit.library import CZGate, RXGate, RXXGate, RZGate, RZZGate, SXGate
from qiskit.transpiler import InstructionProperties, PassManager, Target, TranspilerError, generate_preset_pass_manager

from hybrid.base.errors import UsageError
from hybrid.compilation.infidelity import circuit_infidelity
from hybrid.compilation.inlined import KEPT, inlined, taken_apart
from hybrid.compilation.placement import IsaCircuit, least_loss, on_qubits
from hybrid.device.device import Device

ROUTING_SEEDS = range(20)
"""Layout and routing are fixed by circuit and device, so that runs with different seeds run the same ISA circuit."""
SMALL_ANGLE = 1e-3
"""Qiskit removes fixed rotations by less than about 1e-5; a finite difference or a Trotter step may need them."""
OPTIMIZATION_LEVEL = 2
_PASSES: dict[tuple[Any, ...], PassManager] = {}
_ONE_AT_A_TIME = Lock()


def to_isa(
    circuit: QuantumCircuit,
    device: Device,
    optimization_level: int = OPTIMIZATION_LEVEL,
    *,
    routings: int = len(ROUTING_SEEDS),
) -> IsaCircuit:
    """Lay out, route and translate; on a device without native gates the circuit stays as it is.

    Of so many `routings` the best is taken, where the circuit has to be routed. `optimization_level`: Qiskit's, 0 to 3;
    barriers are walls at every one. A circuit that loses all its gates warns.
    UsageError when the circuit is wider than the device or holds something that is not a gate (named).
    """
    circuit = unitary_part(circuit)
    if not device.noisy:
        every = tuple(range(circuit.num_qubits))
        return IsaCircuit(circuit, every, every)
    assert device.n_qubits is not None
    if circuit.num_qubits > device.n_qubits:
        raise UsageError(f"the circuit has {circuit.num_qubits} qubits, device '{device.name}' has {device.n_qubits}.")
    guarded, small = _guard_small_angles(circuit)
    try:
        routed = _routed(guarded, device.compiled_for, optimization_level, ROUTING_SEEDS[1:routings])
    except TranspilerError as error:
        raise UsageError(f"the circuit cannot be translated for device '{device.name}': {error.message}") from None
    best = least_loss(routed, device.compiled_for)
    gates = [sum(isinstance(item.operation, Gate) for item in one.data) for one in (circuit, best.circuit)]
    if gates[0] and not gates[1]:
        warnings.warn(
            f"the circuit loses all its gates ({gates[0]}): they cancel one another. Barriers keep them, and so does "
            "optimization_level=0.",
            stacklevel=2,
        )
    return best._replace(circuit=best.circuit.assign_parameters(small), routed=len(routed) > 1)


def other_routings(circuit: QuantumCircuit, device: Device, optimization_level: int, most: int) -> list[IsaCircuit]:
    """A circuit that `to_isa` had to route, in so many of the same routings, each where it loses least."""
    guarded, small = _guard_small_angles(unitary_part(circuit))
    routed = _routed(guarded, device.compiled_for, optimization_level, ROUTING_SEEDS[1:most])
    each = (least_loss([one], device.compiled_for) for one in routed)
    return [isa._replace(circuit=isa.circuit.assign_parameters(small), routed=True) for isa in each]


def _routed(
    circuit: QuantumCircuit, device: Device, level: int, seeds: Iterable[int]
) -> list[tuple[QuantumCircuit, list[int]]]:
    """The circuit in native gates, and where its qubits are in the end; with other seeds too where it has to be routed."""
    first, swapped = _translated(circuit, device, level=level)
    natives = [first]
    if swapped:
        natives += [_translated(circuit, device, seed=seed, level=level)[0] for seed in seeds]
    unmoved = list(range(circuit.num_qubits))
    return [(n, n.layout.final_index_layout(filter_ancillas=True) if n.layout else unmoved) for n in natives]


def on_named_qubits(circuit: QuantumCircuit, device: Device, also: Iterable[int]) -> IsaCircuit:
    """A circuit that was transpiled already: its qubit i is the device's qubit i; nothing is laid out, routed or translated.

    Kept are the qubits that a gate touches, and `also` those given. UsageError names what is not native, and where.
    """
    assert device.n_qubits is not None
    if circuit.num_qubits > device.n_qubits:
        raise UsageError(f"the circuit has {circuit.num_qubits} qubits, device '{device.name}' has {device.n_qubits}.")
    kept = set(also)
    for item in circuit.data:
        if item.operation.name != "barrier":
            qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
            _check_native(item.operation, qubits, device)
            kept |= set(qubits)
    return on_qubits(circuit, sorted(kept), range(circuit.num_qubits))


def _check_native(operation: Any, qubits: tuple[int, ...], device: Device) -> None:
    """UsageError unless the operation is one of the device's own on these qubits, or a delay."""
    if operation.name == "delay":
        return
    native = device.gates.get(operation.name)
    if native is None or operation.base_class not in KEPT:
        raise UsageError(
            f"operation '{operation.name}' is not native to device '{device.name}' (native: {', '.join(device.gates)}); "
            "translate the circuit first: transpile(circuit, backend)."
        )
    if tuple(sorted(qubits)) not in native.duration_s:
        places = ", ".join(map(str, qubits))
        raise UsageError(
            f"operation '{operation.name}' does not act on qubits {places} of device '{device.name}'; "
            "route the circuit first: transpile(circuit, backend)."
        )


def unitary_part(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in standard gates (`inlined`); UsageError names the first instruction that is, or holds, neither a gate nor a
    barrier or delay."""
    flat = inlined(circuit)
    if all(map(_keeps_unitary, flat.data)):
        return flat
    for item in circuit.data:
        alone = QuantumCircuit(list(item.qubits), list(item.clbits))
        alone.append(item)
        inner = next((inner.operation.name for inner in taken_apart(alone).data if not _keeps_unitary(inner)), "")
        if inner:
            own = item.operation.name
            raise UsageError(
                f"instruction '{own}' is not a unitary gate{f' (it holds {inner!r})' if inner != own else ''}; expectation "
                "values need circuits of gates only."
            )
    raise AssertionError("some instruction is not unitary")


def _keeps_unitary(item: CircuitInstruction) -> bool:
    operation: Any = item.operation
    return not item.clbits and (isinstance(operation, Gate) or operation.name in ("barrier", "delay"))


def _guard_small_angles(circuit: QuantumCircuit) -> tuple[QuantumCircuit, dict[Parameter, float]]:
    """The circuit with every small fixed angle as a parameter, which no pass rounds away, and their values."""
    small: dict[Parameter, float] = {}
    guarded = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        tiny = [i for i, v in enumerate(operation.params) if isinstance(v, float) and 0 < abs(v) < SMALL_ANGLE]
        if tiny and operation.name != "delay":
            operation = operation.to_mutable()
            for i in tiny:
                parameter = Parameter(f"small_{len(small)}")
                small[parameter] = operation.params[i]
                operation.params[i] = parameter
        guarded.append(operation, item.qubits, item.clbits, copy=False)
    return guarded, small


def _translated(
    circuit: QuantumCircuit,
    device: Device,
    within: tuple[int, ...] | None = None,
    seed: int = ROUTING_SEEDS[0],
    level: int = OPTIMIZATION_LEVEL,
) -> tuple[QuantumCircuit, bool]:
    """The circuit laid out, routed and in native gates, and whether it had to be routed; `within` fixes the layout.

    The passes are made once for devices of equal gates: that takes longer than running them. They run in one thread at a time.
    """
    run: set[str] = set()
    with _ONE_AT_A_TIME:
        key = (_errors_of(device), within, seed, level)
        if key not in _PASSES:
            layout = None if within is None else list(range(len(within)))
            _PASSES[key] = generate_preset_pass_manager(
                level,
                target=native_target(device, within, in_circuits=True),
                initial_layout=layout,
                seed_transpiler=seed,
                approximation_degree=1.0,
            )
        native = _PASSES[key].run(circuit, callback=lambda **of: run.add(of["pass_"].name()))
    return native, bool(run & {"SabreLayout", "SabreSwap"})


@lru_cache(maxsize=64)
def _errors_of(device: Device) -> str:
    """What the passes depend on: gates, their durations, and their errors in circuits."""
    gates = device.gates.values()
    errors = [[circuit_infidelity(device, gate, where) for where in gate.duration_s] for gate in gates]
    return repr((device.n_qubits, device.gates, errors))


def native_target(device: Device, within: tuple[int, ...] | None = None, *, in_circuits: bool = False) -> Target:
    """Qiskit's view of the device: native gates with durations and published errors on the coupled pairs, both directions.

    With `within` of those qubits alone, numbered in that order. With `in_circuits` errors are those inside a circuit.
    """
    assert device.n_qubits is not None
    place = {q: i for i, q in enumerate(range(device.n_qubits) if within is None else within)}
    result = Target(description=device.caveat, num_qubits=len(place))
    angle = Parameter("angle")
    known: dict[str, Gate] = {"sx": SXGate(), "cz": CZGate()}
    known |= {"rz": RZGate(angle), "rx": RXGate(angle), "rzz": RZZGate(angle), "rxx": RXXGate(angle)}
    for gate in device.gates.values():
        properties = {}
        for qubits, duration_s in gate.duration_s.items():
            if place.keys() >= set(qubits):
                error = circuit_infidelity(device, gate, qubits) if in_circuits else gate.error[qubits]
                entry, at = InstructionProperties(duration=duration_s, error=error), tuple(map(place.get, qubits))
                properties |= {at: entry, at[::-1]: entry}
        result.add_instruction(known[gate.name], properties)
    result.add_instruction(Delay(Parameter("duration")), {(qubit,): None for qubit in range(result.num_qubits or 0)})
    return result


def measured(isa: IsaCircuit, basis: str, device: Device) -> QuantumCircuit:
    """The ISA circuit with basis-change pulses for a Pauli basis (index 0 = qubit 0), to be read in Z.

    SX^dagger Z SX = Y, and RZ(pi/2) turns X into Y first; SX is RX(pi/2) where the device has no other pulse.
    """
    circuit = isa.circuit.copy()
    pulse = RXGate(np.pi / 2) if "rx" in device.gates else SXGate()
    for qubit, letter in enumerate(basis):
        if letter == "X":
            circuit.rz(np.pi / 2, qubit)
        if letter in "XY":
            circuit.append(pulse, [qubit])
    return circuit


def rotated(isa: IsaCircuit, clifford: QuantumCircuit, device: Device) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """The ISA circuit followed by `clifford` in native gates between its own qubits, and where each of them ends up.

    UsageError where those qubits are not coupled to one another.
    """
    n = isa.circuit.num_qubits
    if not device.noisy:
        return isa.circuit.compose(clifford), tuple(range(n))
    try:
        native, _ = _translated(clifford, device, isa.physical)
    except TranspilerError as error:
        raise UsageError(
            f"grouping=general: a group cannot be rotated on qubits {isa.physical} of device '{device.name}' "
            f"({error.message}); take grouping=qwc."
        ) from None
    assert native.layout is None or native.layout.initial_index_layout() == list(range(n))
    ends = tuple(native.layout.final_index_layout()) if native.layout else tuple(range(n))
    return isa.circuit.compose(native), ends
