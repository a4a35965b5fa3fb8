"""Run one circuit: counts on a device by a backend, and the ideal distribution where it can be computed.

Outcomes are written as Qiskit writes them: classical bit 0 on the right, registers apart, the first one on the right.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit

from hybrid import catalog
from hybrid.base.display import html_of, plot_of
from hybrid.base.errors import UsageError
from hybrid.base.randomness import SampleStream, child
from hybrid.base.types import NO_MITIGATION, Backend, Counts, DynamicBackend, Mitigation, Setting, Task
from hybrid.catalog.circuit_file import SUFFIXES, read_circuit
from hybrid.catalog.circuit_file import bind as bound
from hybrid.compilation.classical_bits import ClassicalReadout, final_measurements
from hybrid.compilation.inlined import inlined
from hybrid.compilation.resources import Resources, check_memory, whose_physics
from hybrid.compilation.transpile import OPTIMIZATION_LEVEL, to_isa
from hybrid.device.billing import Bill, Billing
from hybrid.device.device import Device
from hybrid.device.readout import Correction, merge
from hybrid.measure.assignment import calibration
from hybrid.measure.choices import checked_level
from hybrid.measure.composed import composed
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.sample_fidelity import BLIND, FIDELITIES, MITIGATED, MOST_LISTED, fidelities, mitigated_shares
from hybrid.measure.set_up import set_up

IDEAL_QUBITS = 20
"""Up to this many qubits the ideal distribution is computed as well."""
IDEAL_BACKEND = "aer:method=statevector"
"""Always this one: a backend that truncates the state must not be compared with itself."""
MOST_BITS = 63
MITIGATED_BITS = 12
"""The inverted distribution has an entry for every outcome, seen or not, so that more bits take too long."""


@final
@dataclass(frozen=True, kw_only=True)
class Sample:
    """Counts of one circuit and their fidelities (sum sqrt(p q))^2 with the ideal distribution.

    `perfect_fidelity` is the mean for as many shots of a perfect device (1 only for few outcomes or many shots),
    `uniform_fidelity` that of the uniform distribution itself; `rescaled_fidelity` is 0 for as many uniform shots and 1 for as
    many perfect ones. `mitigated` are relative frequencies with the measured assignment errors inverted. `ideal` lists every
    possible outcome up to 12 read bits, beyond that those that were seen. All are None where the ideal distribution is not
    computed (above 20 qubits, or measurements in mid-circuit). `t2_star_s` is the shortest T2* of the qubits, in a circuit of
    this kind.
    """

    circuit: str
    device: str
    backend: str
    physics: str
    simulator: str
    caveat: str
    shots: int
    seed: int
    counts: dict[str, int]
    ideal: dict[str, float] | None
    fidelity: float | None
    fidelity_stderr: float | None
    perfect_fidelity: float | None
    uniform_fidelity: float | None
    rescaled_fidelity: float | None
    rescaled_fidelity_stderr: float | None
    mitigated: dict[str, float] | None
    mitigated_fidelity: float | None
    mitigated_fidelity_stderr: float | None
    blind_to_noise: bool
    native_gates: dict[str, int]
    depth: int
    two_qubit_depth: int
    duration_s: float | None
    t2_star_s: float | None
    qpu_seconds: float | None
    billed: dict[str, Any] | None
    memory_bytes: int | None
    layout: list[int]

    _repr_html_ = html_of
    plot = plot_of

    def to_json(self) -> dict[str, Any]:
        """The sample as one JSON object."""
        return asdict(self)


def named_circuit(name: str | Path, bind: Mapping[str, float] | None = None) -> QuantumCircuit:
    """The circuit in a file (.qasm, .qasm3, .qpy) or of the catalogue (`ghz:n=5`), with values for its free parameters.

    UsageError: no such file or member, an option or a parameter that it lacks, a parameter without a value.
    """
    if isinstance(name, Path) or Path(name.partition(":")[0]).suffix.lower() in SUFFIXES:
        circuit = read_circuit(Path(name))
    else:
        circuit = catalog.load(catalog.parse("circuits", name))()
    if bind or circuit.num_parameters:
        circuit = bound(circuit, bind or {})
    circuit.name = str(name)
    return circuit


def sample(
    circuit: QuantumCircuit | str | Path,
    *,
    bind: Mapping[str, float] | None = None,
    device: str | Device = "ideal",
    dephasing: str | None = None,
    backend: str = "aer",
    shots: int = 1000,
    realizations: int | None = None,
    dd: str = "none",
    mitigate: str = "none",
    seed: int = 0,
    threads: int = 1,
    measure_all: bool = False,
    optimization_level: int = OPTIMIZATION_LEVEL,
) -> Sample:
    """`shots` outcomes of a circuit with measurements: a `QuantumCircuit`, a file or a named circuit as of `hybrid sample`.

    `bind` gives free parameters their values, by name; `measure_all` reads every qubit of a circuit without measurements;
    `optimization_level` is that of Qiskit's transpiler, 0 to 3, and leaves barriers alone.
    UsageError: nothing measured, or something where all is to be; free parameters, too wide, too large, or measurements in
    mid-circuit where device or backend cannot do them.
    """
    if isinstance(circuit, str | Path):
        circuit = named_circuit(circuit, bind)
    elif bind:
        circuit = bound(circuit, bind)
    assert not isinstance(circuit, str | Path)  # for the type checker
    loaded = device if isinstance(device, Device) else Device.load(device, dephasing=dephasing)
    member = catalog.load(catalog.parse("backends", backend))()
    if shots < 1:
        raise UsageError(f"shots must be at least 1, not {shots}.")
    mitigation = _of_outcomes(mitigate)
    measured = with_measurements(circuit, measure_all)
    asked = {"circuit": measured.name, "device": loaded.label, "backend": backend, "shots": shots, "seed": seed}
    split = final_measurements(measured)
    if split is None:
        return Sample(**asked, **_dynamic(measured, loaded, member, backend, shots, seed, threads))
    body, read = split
    if mitigation.readout:
        if len(read.qubits) < len(read.written):
            raise UsageError("mitigate=readout inverts independent bits; this circuit reads a qubit into two of them.")
        if len(read.written) > MITIGATED_BITS:
            raise UsageError(f"mitigate=readout inverts at most {MITIGATED_BITS} bits, this circuit reads {len(read.written)}.")
    isa = to_isa(body, loaded, checked_level(optimization_level))
    conditions = Conditions(shots, realizations, threads, dd, mitigation=mitigation)
    execution = set_up(isa, [isa.circuit], loaded, member, conditions)
    ((counts,),), _ = execution.counts(np.zeros((1, 0)), child(seed, SampleStream.SHOTS), child(seed, SampleStream.DETUNINGS))
    bits = merge(counts._replace(outcomes=read.bits(counts.outcomes, isa.layout)))
    ideal = ideal_distribution(body, read) if body.num_qubits <= IDEAL_QUBITS else None
    correction, billed = None, None
    if loaded.billing is not None:
        billed = loaded.billing.to_json(_bill(loaded.billing, execution, 2 if mitigation.readout else 0))
    if mitigation.readout:
        calibrated = calibration(isa, loaded, member, conditions)(child(seed, SampleStream.CALIBRATION))
        qubits = np.array([isa.layout[qubit] for _, qubit in read.written])
        correction = Correction(*(rates[qubits] for rates in calibrated))
    return Sample(**asked, billed=billed, **_sampled(loaded, seed, bits, read, ideal, execution.resources, correction))


def with_measurements(circuit: QuantumCircuit, measure_all: bool) -> QuantumCircuit:
    """The circuit, every qubit read at its end with `measure_all`; UsageError as `sample`."""
    if not circuit.num_qubits:
        raise UsageError("the circuit has no qubit.")
    if circuit.num_parameters:
        names = ", ".join(parameter.name for parameter in circuit.parameters)
        raise UsageError(f"the circuit has free parameters ({names}); bind each: --bind {circuit.parameters[0].name}=0.5.")
    reads = any(item.operation.name == "measure" or hasattr(item.operation, "blocks") for item in inlined(circuit).data)
    if measure_all and reads:
        raise UsageError("the circuit has measurements of its own; leave --measure-all out.")
    if not measure_all and not reads:
        raise UsageError(
            "the circuit measures nothing; read every qubit with hybrid sample --measure-all, or end it with measurements."
        )
    if measure_all:
        circuit = circuit.copy()
        circuit.measure_all()
    if sum(item.operation.name == "measure" for item in circuit.data) > MOST_BITS:
        raise UsageError(f"more than {MOST_BITS} bits are read; outcomes are kept as 63-bit numbers.")
    return circuit


def _of_outcomes(mitigate: str) -> Mitigation:
    """What the methods change; UsageError for those that correct expectation values alone."""
    mitigation = composed(mitigate)
    twirl = mitigation.twirl
    if mitigation._replace(readout="", twirl=None) != NO_MITIGATION or (
        twirl is not None and (twirl.outcomes or twirl.inverse)
    ):
        raise UsageError(
            f"mitigate={mitigate} corrects expectation values, and a sample is a distribution; take readout, twirl or both."
        )
    return mitigation


def _bill(billing: Billing, execution: Execution, calibrations: int) -> Bill:
    """Of the circuit and of its calibration circuits, each with as many shots."""
    duration_s, shots = execution.resources.duration_s, int(execution.shots.sum())
    bill = billing.bill(execution.by_instance([shots]), duration_s)
    return bill.plus(billing.bill([shots] * calibrations, duration_s))


def ideal_distribution(body: QuantumCircuit, read: ClassicalReadout) -> Float[np.ndarray, " d"]:
    """Probabilities of the classical bits without noise, (2^bits,) over the bits that are written."""
    ideal = Device.load("ideal")
    backend: Backend = catalog.load(catalog.parse("backends", IDEAL_BACKEND))()
    isa = to_isa(body, ideal)
    execution = set_up(isa, [isa.circuit], ideal, backend, Conditions())
    distribution = execution.distributions(np.zeros((1, 0)), np.random.SeedSequence(0))[0, 0, 0]
    bits = read.bits(np.arange(len(distribution), dtype=np.uint64), isa.layout)
    return np.bincount(bits.astype(np.int64), weights=np.clip(distribution, 0, None), minlength=2 ** len(read.written))


def _sampled(
    device: Device,
    seed: int,
    by_realization: Counts,
    read: ClassicalReadout,
    ideal: Float[np.ndarray, " d"] | None,
    resources: Resources,
    correction: Correction | None,
) -> dict[str, Any]:
    """The counts with their fidelities, and with what the circuit takes: a sample but for the request."""
    quality: dict[str, Any] = dict.fromkeys((*FIDELITIES, *MITIGATED))
    rng = np.random.default_rng(child(seed, SampleStream.RESAMPLE))
    bits = merge(by_realization._replace(realizations=np.zeros_like(by_realization.realizations)))
    if correction is not None:
        quality |= mitigated_shares(by_realization, bits, read, ideal, correction, rng)
    if ideal is not None:
        seen = bits.outcomes.astype(np.int64)
        quality |= fidelities(by_realization, bits, ideal[seen], ideal, rng)
        listed = np.flatnonzero(ideal > 1e-12) if len(ideal) <= MOST_LISTED else seen
        quality["ideal"] = {read.text(int(outcome)): float(ideal[outcome]) for outcome in listed}
    most_frequent_first = np.lexsort((bits.outcomes, -bits.counts))
    times_s = device.circuit_t2_star_s if resources.two_qubit_depth else device.t2_star_s
    t2_star_s = [times_s[q] for q in resources.physical] if times_s and device.dephasing == "quasistatic" else []
    return dict(
        physics=resources.physics,
        simulator=resources.simulator,
        caveat=resources.caveat,
        counts={read.text(int(bits.outcomes[i])): int(bits.counts[i]) for i in most_frequent_first},
        blind_to_noise=quality["uniform_fidelity"] is not None and quality["uniform_fidelity"] >= BLIND,
        native_gates=resources.gates,
        depth=resources.depth,
        two_qubit_depth=resources.two_qubit_depth,
        duration_s=resources.duration_s,
        t2_star_s=min(t2_star_s, default=None),
        qpu_seconds=resources.qpu_seconds,
        memory_bytes=resources.memory_bytes,
        layout=[resources.physical[i] for i in resources.layout],
        **quality,
    )


def _dynamic(
    circuit: QuantumCircuit, device: Device, member: Backend, backend: str, shots: int, seed: int, threads: int
) -> dict[str, Any]:
    """A circuit that measures, resets or branches before its end: on ideal hardware, by a backend that can do this."""
    if device.noisy:
        raise UsageError(
            f"device '{device.label}': its noise description has no measurement, reset or branching in mid-circuit; "
            "use --device ideal, or defer the measurements to the end."
        )
    if not isinstance(member, DynamicBackend):
        raise UsageError(f"backend '{backend}' cannot measure, reset or branch in mid-circuit; use --backend aer.")
    physics, caveat = whose_physics(device, member)
    empty = Task((Setting(circuit.num_qubits, ()),), (), None, shots, threads)
    memory_bytes = check_memory(member, empty)
    counts: Mapping[str, int] = member.run_dynamic(circuit, shots, child(seed, SampleStream.SHOTS), threads)
    unknown: dict[str, Any] = dict.fromkeys((*FIDELITIES, *MITIGATED, "duration_s", "t2_star_s", "qpu_seconds", "billed"))
    return dict(
        physics=physics,
        simulator=member.describe_dynamic(),
        caveat=caveat,
        counts=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        blind_to_noise=False,
        native_gates=dict(circuit.count_ops()),
        depth=circuit.depth(),
        two_qubit_depth=circuit.depth(lambda item: len(item.qubits) > 1),
        memory_bytes=memory_bytes,
        layout=list(range(circuit.num_qubits)),
        **unknown,
    )
