"""Run one circuit: counts on a device by a backend, beside the ideal distribution where it can be computed.

Outcomes are written as Qiskit writes them: classical bit 0 on the right, registers apart, the first one on the right.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float, UInt64
from qiskit import ClassicalRegister, QuantumCircuit

from hybrid import catalog, noise
from hybrid.device import Device
from hybrid.errors import UsageError
from hybrid.estimate import tally
from hybrid.program import child
from hybrid.resources import Resources, assemble
from hybrid.transpile import to_isa
from hybrid.types import Backend, Counts, DynamicBackend

IDEAL_QUBITS = 20
"""Up to here the ideal distribution is computed beside the counts."""
RESAMPLES = 200
BLIND = 0.99
"""Above this fidelity of the uniform distribution a circuit cannot tell noise from its ideal output."""
SHOTS, READOUT, RESAMPLE = range(3)


@final
@dataclass(frozen=True, kw_only=True)
class Sample:
    """Counts of one circuit and what they are worth; fidelities are (sum sqrt(p q))^2 against the ideal distribution.

    `uniform_fidelity` is that of the uniform distribution; `rescaled_fidelity` puts it at 0 and the ideal one at 1. They are
    None, like `ideal`, where the ideal distribution is not computed (more than 20 qubits, or measurements in mid-circuit).
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
    uniform_fidelity: float | None
    rescaled_fidelity: float | None
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


class _Read(NamedTuple):
    """How outcomes become bit strings: circuit qubit of every classical bit (None: never written) and the registers' sizes."""

    qubits: tuple[int | None, ...]
    registers: tuple[int, ...]

    def bits(self, outcomes: UInt64[np.ndarray, " u"], layout: tuple[int, ...]) -> UInt64[np.ndarray, " u"]:
        """Classical bits of simulated outcomes."""
        found = np.zeros_like(outcomes)
        for bit, qubit in enumerate(self.qubits):
            if qubit is not None:
                found |= ((outcomes >> np.uint64(layout[qubit])) & np.uint64(1)) << np.uint64(bit)
        return found

    def text(self, value: int) -> str:
        """`10 1` for a register of two bits above one of one."""
        word = f"{value:0{len(self.qubits)}b}"
        parts = []
        for size in self.registers:
            word, part = word[: len(word) - size], word[len(word) - size :]
            parts.append(part)
        return " ".join(reversed([*parts, word] if word else parts))


def sample(
    circuit: QuantumCircuit,
    *,
    device: str | Device = "ideal",
    backend: str = "aer",
    shots: int = 1000,
    seed: int = 0,
    threads: int = 1,
) -> Sample:
    """`shots` outcomes of a circuit with measurements. UsageError: nothing measured, free parameters, too wide, too large,
    or measurements in mid-circuit where device or backend cannot do them."""
    loaded = device if isinstance(device, Device) else Device.load(device)
    member = catalog.load(catalog.parse("backends", backend))()
    if shots < 1:
        raise UsageError(f"shots must be at least 1, not {shots}.")
    if circuit.num_parameters:
        names = ", ".join(parameter.name for parameter in circuit.parameters)
        raise UsageError(f"the circuit has free parameters ({names}); bind each: --bind {circuit.parameters[0].name}=0.5.")
    if not any(item.operation.name == "measure" or hasattr(item.operation, "blocks") for item in circuit.data):
        raise UsageError("the circuit measures nothing; end it with a measurement of the qubits you want to read.")
    root = np.random.SeedSequence(seed)
    split = _final_measurements(circuit)
    if split is None:
        return _dynamic(circuit, loaded, backend, member, shots, seed, threads)
    body, read = split
    isa = to_isa(body, loaded)
    task, resources = assemble(isa, [isa.circuit], loaded, member, observable=None, shots=shots, threads=threads)
    runner = member.compile(task)
    ((counts,),) = runner.counts(np.zeros((1, 0)), [shots], [[child(root, SHOTS)]])
    if loaded.noisy:
        counts = noise.readout(loaded, isa.physical).flip(counts, np.random.default_rng(child(root, READOUT)))
    bits = _added(Counts(read.bits(counts.outcomes, isa.layout), counts.counts))
    ideal = _ideal(body, read, member) if body.num_qubits <= IDEAL_QUBITS else None
    return _judged(circuit, loaded, backend, shots, seed, bits, read, ideal, resources)


def _final_measurements(circuit: QuantumCircuit) -> tuple[QuantumCircuit, _Read] | None:
    """The circuit without its measurements and how to read it; None when something acts on a qubit or bit after it was read."""
    body = QuantumCircuit(circuit.num_qubits)
    read: list[int | None] = [None] * circuit.num_clbits
    done: set[int] = set()
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.operation.name == "barrier":
            continue
        if item.operation.name == "reset" or hasattr(item.operation, "blocks") or done & set(qubits):
            return None
        if item.operation.name == "measure":
            bit = circuit.find_bit(item.clbits[0]).index
            if read[bit] is not None:
                return None
            read[bit] = qubits[0]
            done.add(qubits[0])
            continue
        body.append(item.operation, qubits, copy=False)
    return body, _Read(tuple(read), _sizes(circuit))


def _sizes(circuit: QuantumCircuit) -> tuple[int, ...]:
    return tuple(register.size for register in circuit.cregs if isinstance(register, ClassicalRegister))


def _added(counts: Counts) -> Counts:
    """Equal outcomes added up."""
    return tally(np.repeat(counts.outcomes, counts.counts))


def _ideal(body: QuantumCircuit, read: _Read, backend: Backend) -> Float[np.ndarray, " d"]:
    """Probabilities of the classical bits without noise, (2^bits,) over the bits that are written."""
    ideal = Device.load("ideal")
    isa = to_isa(body, ideal)
    task, _ = assemble(isa, [isa.circuit], ideal, backend, observable=None, shots=0, threads=1)
    distribution = backend.compile(task).distributions(np.zeros((1, 0)))[0, 0]
    bits = read.bits(np.arange(len(distribution), dtype=np.uint64), isa.layout)
    return np.bincount(bits.astype(np.int64), weights=distribution, minlength=1)


def _judged(
    circuit: QuantumCircuit,
    device: Device,
    backend: str,
    shots: int,
    seed: int,
    bits: Counts,
    read: _Read,
    ideal: Float[np.ndarray, " d"] | None,
    resources: Resources,
) -> Sample:
    """Everything a person wants beside the counts."""
    written = sum(qubit is not None for qubit in read.qubits)
    judged: dict[str, Any] = dict.fromkeys(("fidelity", "fidelity_stderr", "uniform_fidelity", "rescaled_fidelity", "ideal"))
    if ideal is not None:
        expected = ideal[np.minimum(bits.outcomes, len(ideal) - 1).astype(np.int64)] * (bits.outcomes < len(ideal))
        uniform = float(np.sqrt(np.clip(ideal, 0, None)).sum() ** 2 / 2**written)
        value = _fidelity(bits.counts / shots, expected)
        draws = np.random.default_rng(child(np.random.SeedSequence(seed), RESAMPLE)).multinomial(
            shots, bits.counts / shots, RESAMPLES
        )
        judged = {
            "fidelity": value,
            "fidelity_stderr": float(np.std([_fidelity(draw / shots, expected) for draw in draws])),
            "uniform_fidelity": uniform,
            "rescaled_fidelity": (value - uniform) / (1 - uniform) if uniform < BLIND else None,
            "ideal": {read.text(int(o)): float(p) for o, p in enumerate(ideal) if p > 1e-12 and len(ideal) <= 4096}
            or {read.text(int(o)): float(p) for o, p in zip(bits.outcomes, expected, strict=True)},
        }
    t2_star = [device.t2_star_s[q] for q in resources.physical] if device.t2_star_s else None
    return Sample(
        circuit=circuit.name,
        device=device.name,
        backend=backend,
        physics=device.title,
        simulator=resources.simulator,
        caveat=device.caveat,
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


def _fidelity(found: Float[np.ndarray, " u"], expected: Float[np.ndarray, " u"]) -> float:
    """(sum sqrt(p q))^2 over the outcomes seen."""
    return float(np.sqrt(found * np.clip(expected, 0, None)).sum() ** 2)


def _texts(bits: Counts, read: _Read) -> dict[str, int]:
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
            f"device '{device.name}': its noise description has no measurement, reset or branching in mid-circuit; "
            "use --device ideal, or defer the measurements to the end."
        )
    if not isinstance(member, DynamicBackend):
        raise UsageError(f"backend '{backend}' cannot measure, reset or branch in mid-circuit; use --backend aer.")
    found: Mapping[str, int] = member.run_dynamic(circuit, shots, child(np.random.SeedSequence(seed), SHOTS), threads)
    unknown: dict[str, Any] = dict.fromkeys(
        ("ideal", "fidelity", "fidelity_stderr", "uniform_fidelity", "rescaled_fidelity", "duration_s", "t2_star_s")
    )
    return Sample(
        circuit=circuit.name,
        device=device.name,
        backend=backend,
        physics=device.title,
        simulator=member.describe_dynamic(),
        caveat=device.caveat,
        shots=shots,
        seed=seed,
        counts=dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))),
        blind_to_noise=False,
        native_gates=dict(circuit.count_ops()),
        depth=circuit.depth(),
        two_qubit_depth=circuit.depth(lambda item: len(item.qubits) > 1),
        qpu_seconds=None,
        memory_bytes=None,
        layout=list(range(circuit.num_qubits)),
        **unknown,
    )
