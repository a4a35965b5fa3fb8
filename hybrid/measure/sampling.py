"""Run one circuit: counts on a device by a backend, beside the ideal distribution where it can be computed.

Outcomes are written as Qiskit writes them: classical bit 0 on the right, registers apart, the first one on the right.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int, UInt64
from qiskit import QuantumCircuit

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.randomness import child
from hybrid.base.types import Backend, Counts, DynamicBackend, Setting, Task
from hybrid.catalog.circuit_file import SUFFIXES, read_circuit
from hybrid.catalog.circuit_file import bind as bound
from hybrid.compilation.classical_bits import ClassicalReadout, final_measurements
from hybrid.compilation.resources import Resources, check_memory, whose_physics
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.device.readout import Correction, merge
from hybrid.measure.choices import MITIGATIONS
from hybrid.measure.execution import Conditions, set_up
from hybrid.measure.mitigation.readout import calibration, mitigated

IDEAL_QUBITS = 20
"""Up to here the ideal distribution is computed beside the counts."""
IDEAL_BACKEND = "aer:method=statevector"
"""Whatever backend gave the counts: one that truncates must not be measured against itself."""
RESAMPLES = 200
BLIND = 0.99
"""Above this fidelity of the uniform distribution a circuit cannot tell noise from its ideal output."""
MOST_LISTED, MOST_BITS = 4096, 63
FIDELITIES = (
    *("ideal", "fidelity", "fidelity_stderr", "perfect_fidelity", "uniform_fidelity"),
    *("rescaled_fidelity", "rescaled_fidelity_stderr"),
)
MITIGATED = ("mitigated", "mitigated_fidelity", "mitigated_fidelity_stderr")
MITIGATED_RESAMPLES = 50
SHOTS, READOUT, RESAMPLE, DETUNINGS, CALIBRATION = range(5)
MITIGATED_BITS = 12
"""The inverted distribution has an entry for every outcome, seen or not."""


@final
@dataclass(frozen=True, kw_only=True)
class Sample:
    """Counts of one circuit and what they are worth; fidelities are (sum sqrt(p q))^2 against the ideal distribution.

    `perfect_fidelity` is what as many shots of a perfect device give on average (1 only for few outcomes or many shots),
    `uniform_fidelity` that of the uniform distribution itself; `rescaled_fidelity` puts as many uniform shots at 0 and as many
    perfect ones at 1. `mitigated` are shares with the measured assignment errors inverted. `ideal` lists every possible outcome
    up to 12 read bits, beyond that those that were seen. All are None where the ideal distribution is not computed (above 20
    qubits, or measurements in mid-circuit). `t2_star_s` is the shortest among the qubits, in such a circuit.
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
    memory_bytes: int | None
    layout: list[int]

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
) -> Sample:
    """`shots` outcomes of a circuit with measurements: a `QuantumCircuit`, a file or a named circuit as of `hybrid sample`.

    `bind` gives free parameters their values, by name. UsageError: nothing measured, free parameters, too wide, too large,
    or measurements in mid-circuit where device or backend cannot do them.
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
    if mitigate not in MITIGATIONS:
        raise unknown("mitigate", mitigate, MITIGATIONS)
    if circuit.num_parameters:
        names = ", ".join(parameter.name for parameter in circuit.parameters)
        raise UsageError(f"the circuit has free parameters ({names}); bind each: --bind {circuit.parameters[0].name}=0.5.")
    if not any(item.operation.name == "measure" or hasattr(item.operation, "blocks") for item in circuit.data):
        raise UsageError("the circuit measures nothing; end it with a measurement of the qubits you want to read.")
    if sum(item.operation.name == "measure" for item in circuit.data) > MOST_BITS:
        raise UsageError(f"more than {MOST_BITS} bits are read; outcomes are kept as 63-bit numbers.")
    root = np.random.SeedSequence(seed)
    split = final_measurements(circuit)
    if split is None:
        return _dynamic(circuit, loaded, backend, member, shots, seed, threads)
    body, read = split
    isa = to_isa(body, loaded)
    conditions = Conditions(shots, realizations, threads, dd)
    execution = set_up(isa, [isa.circuit], loaded, member, conditions)
    ((counts,),), _ = execution.counts(np.zeros((1, 0)), child(root, SHOTS), child(root, DETUNINGS))
    bits = merge(counts._replace(outcomes=read.bits(counts.outcomes, isa.layout)))
    ideal = _ideal(body, read) if body.num_qubits <= IDEAL_QUBITS else None
    corrected = None
    if mitigate == "readout":
        if len(read.written) > MITIGATED_BITS:
            raise UsageError(f"mitigate=readout inverts at most {MITIGATED_BITS} bits, this circuit reads {len(read.written)}.")
        found = calibration(isa, loaded, member, conditions)(child(root, CALIBRATION))
        qubits = np.array([isa.layout[qubit] for _, qubit in read.written])
        corrected = Correction(*(rates[qubits] for rates in found))
    return _judged(circuit, loaded, backend, shots, seed, bits, read, ideal, execution.resources, corrected)


def _ideal(body: QuantumCircuit, read: ClassicalReadout) -> Float[np.ndarray, " d"]:
    """Probabilities of the classical bits without noise, (2^bits,) over the bits that are written."""
    ideal = Device.load("ideal")
    backend: Backend = catalog.load(catalog.parse("backends", IDEAL_BACKEND))()
    isa = to_isa(body, ideal)
    execution = set_up(isa, [isa.circuit], ideal, backend, Conditions())
    distribution = execution.distributions(np.zeros((1, 0)), np.random.SeedSequence(0))[0, 0, 0]
    bits = read.bits(np.arange(len(distribution), dtype=np.uint64), isa.layout)
    return np.bincount(bits.astype(np.int64), weights=np.clip(distribution, 0, None), minlength=2 ** len(read.written))


def _judged(
    circuit: QuantumCircuit,
    device: Device,
    backend: str,
    shots: int,
    seed: int,
    bits: Counts,
    read: ClassicalReadout,
    ideal: Float[np.ndarray, " d"] | None,
    resources: Resources,
    corrected: Correction | None,
) -> Sample:
    """Everything a person wants beside the counts."""
    judged: dict[str, Any] = dict.fromkeys((*FIDELITIES, *MITIGATED))
    rng = np.random.default_rng(child(np.random.SeedSequence(seed), RESAMPLE))
    by_realization, bits = bits, merge(bits._replace(realizations=np.zeros_like(bits.realizations)))
    if corrected is not None:
        judged |= _mitigated(by_realization, bits, read, ideal, corrected, rng)
    if ideal is not None:
        expected = ideal[bits.outcomes.astype(np.int64)]
        listed = np.flatnonzero(ideal > 1e-12) if len(ideal) <= MOST_LISTED else bits.outcomes.astype(np.int64)
        judged |= _fidelities(by_realization, bits, expected, ideal, rng)
        judged["ideal"] = {read.text(int(outcome)): float(ideal[outcome]) for outcome in listed}
    times_s = device.circuit_t2_star_s if resources.two_qubit_depth else device.t2_star_s
    t2_star = [times_s[q] for q in resources.physical] if times_s and device.dephasing == "quasistatic" else None
    return Sample(
        circuit=circuit.name,
        device=device.label,
        backend=backend,
        physics=resources.physics,
        simulator=resources.simulator,
        caveat=resources.caveat,
        shots=shots,
        seed=seed,
        counts=_texts(bits, read),
        blind_to_noise=judged["uniform_fidelity"] is not None and judged["uniform_fidelity"] >= BLIND,
        native_gates=resources.gates,
        depth=resources.depth,
        two_qubit_depth=resources.two_qubit_depth,
        duration_s=resources.duration_s,
        t2_star_s=min(t2_star) if t2_star else None,
        qpu_seconds=resources.qpu_seconds,
        memory_bytes=resources.memory_bytes,
        layout=[resources.physical[i] for i in resources.layout],
        **judged,
    )


def _resampled(
    by_realization: Counts, outcomes: UInt64[np.ndarray, " u"], repeats: int, rng: np.random.Generator
) -> Int[np.ndarray, "repeats u"]:
    """Counts as they might have come out: shots drawn again, or whole realizations where there are several (their shots are
    not independent)."""
    rows, row = np.unique(by_realization.realizations, return_inverse=True)
    counts = np.zeros((len(rows), len(outcomes)), dtype=np.int64)
    counts[row, np.searchsorted(outcomes, by_realization.outcomes)] = by_realization.counts
    if len(rows) == 1:
        return rng.multinomial(counts.sum(), counts[0] / counts.sum(), repeats)
    return rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), repeats) @ counts


def _fidelities(
    by_realization: Counts,
    bits: Counts,
    expected: Float[np.ndarray, " u"],
    ideal: Float[np.ndarray, " d"],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Fidelity with its resampled standard error, beside what as many shots of perfect and of uniform outcomes would give."""
    repeats = RESAMPLES if len(ideal) <= MOST_LISTED else RESAMPLES // 10
    shots = int(bits.counts.sum())
    value = _fidelity(bits.counts, expected, shots)
    again = _resampled(by_realization, bits.outcomes, repeats, rng)
    spread = np.std([_fidelity(draw, expected, int(draw.sum())) for draw in again])
    even = np.full(len(ideal), 1 / len(ideal))
    perfect, blank = (
        np.mean([_fidelity(rng.multinomial(shots, p / p.sum()), ideal, shots) for _ in range(repeats)]) for p in (ideal, even)
    )
    uniform = float(np.sqrt(ideal).sum() ** 2 / len(ideal))
    sighted = uniform < BLIND
    return {
        "fidelity": value,
        "fidelity_stderr": float(spread),
        "perfect_fidelity": float(perfect),
        "uniform_fidelity": uniform,
        "rescaled_fidelity": float((value - blank) / (perfect - blank)) if sighted else None,
        "rescaled_fidelity_stderr": float(spread / (perfect - blank)) if sighted else None,
    }


def _mitigated(
    by_realization: Counts,
    bits: Counts,
    read: ClassicalReadout,
    ideal: Float[np.ndarray, " d"] | None,
    corrected: Correction,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Corrected shares and their fidelity; its error from resampled counts and calibrations."""
    shares = np.zeros(2 ** len(read.written))
    total = int(bits.counts.sum())
    shares[bits.outcomes.astype(np.int64)] = bits.counts / total
    found = mitigated(shares, corrected)
    listed = np.flatnonzero(found > 1 / (10 * total))
    told: dict[str, Any] = {"mitigated": {read.text(int(o)): float(found[o]) for o in listed[np.argsort(-found[listed])]}}
    if ideal is not None:
        again = []
        for draw in _resampled(by_realization, bits.outcomes, MITIGATED_RESAMPLES, rng):
            shares[bits.outcomes.astype(np.int64)] = draw / draw.sum()
            again.append(mitigated(shares, corrected.redrawn(rng)))
        told["mitigated_fidelity"] = float(np.sqrt(found * ideal).sum() ** 2)
        told["mitigated_fidelity_stderr"] = float(np.std([np.sqrt(p * ideal).sum() ** 2 for p in again]))
    return told


def _fidelity(counts: Int[np.ndarray, " u"], expected: Float[np.ndarray, " u"], shots: int) -> float:
    """(sum sqrt(p q))^2 of shares p and probabilities q."""
    return float(np.sqrt(counts / shots * expected).sum() ** 2)


def _texts(bits: Counts, read: ClassicalReadout) -> dict[str, int]:
    """Counts by bit string, most frequent first."""
    order = np.lexsort((bits.outcomes, -bits.counts))
    return {read.text(int(bits.outcomes[i])): int(bits.counts[i]) for i in order}


def _dynamic(
    circuit: QuantumCircuit,
    device: Device,
    backend: str,
    member: Backend,
    shots: int,
    seed: int,
    threads: int,
) -> Sample:
    """A circuit that measures, resets or branches before its end: on ideal hardware, by a backend that can."""
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
    found: Mapping[str, int] = member.run_dynamic(circuit, shots, child(np.random.SeedSequence(seed), SHOTS), threads)
    unknown: dict[str, Any] = dict.fromkeys((*FIDELITIES, *MITIGATED, "duration_s", "t2_star_s"))
    return Sample(
        circuit=circuit.name,
        device=device.label,
        backend=backend,
        physics=physics,
        simulator=member.describe_dynamic(),
        caveat=caveat,
        shots=shots,
        seed=seed,
        counts=dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))),
        blind_to_noise=False,
        native_gates=dict(circuit.count_ops()),
        depth=circuit.depth(),
        two_qubit_depth=circuit.depth(lambda item: len(item.qubits) > 1),
        qpu_seconds=None,
        memory_bytes=memory_bytes,
        layout=list(range(circuit.num_qubits)),
        **unknown,
    )
