"""When each pulse of one circuit starts on a device, and how long its qubits wait meanwhile."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

from qiskit import QuantumCircuit

from hybrid.base.errors import UsageError, unknown
from hybrid.base.types import Runner, Task
from hybrid.compilation.classical_bits import final_measurements
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.noise import DIAGONAL, SAME_TIME_S
from hybrid.compilation.schedule import TimedOperation
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.measure.choices import DD
from hybrid.measure.execution import Conditions, Recipe
from hybrid.measure.sampling import named_circuit
from hybrid.measure.set_up import described, set_up


class TimedPulse(NamedTuple):
    """A gate that takes time, on qubits of the device; `echo`: dynamical decoupling inserted it; `line`: the control line's."""

    gate: str
    qubits: tuple[int, ...]
    start_s: float
    duration_s: float
    echo: bool
    line: bool


class QubitTimes(NamedTuple):
    """One qubit of the device: the circuit's qubit that it holds at the end (None: an auxiliary one), its pulses, its waits.

    `waits` are pairs of start and end in seconds: the qubit may be in superposition, and a later pulse turns a phase that it
    gathers now into an error. This is so between its first and its last pulse that is not diagonal. `coherence_s` is T2* in a
    circuit of this kind, or with Markovian dephasing T2.
    """

    qubit: int
    circuit_qubit: int | None
    pulses: int
    echoes: int
    waits: tuple[tuple[float, float], ...]
    coherence_s: float

    @property
    def wait_s(self) -> float:
        """Seconds of all waits."""
        return sum(end_s - start_s for start_s, end_s in self.waits)

    @property
    def of_coherence(self) -> float:
        """All waits as a multiple of the coherence time."""
        return self.wait_s / self.coherence_s


@final
class PulseTimes(NamedTuple):
    """The schedule of one circuit on a device, until the readout begins; virtual gates take no time and are left out."""

    circuit: str
    device: str
    dd: str
    caveat: str
    coherence: str
    duration_s: float
    pulses: tuple[TimedPulse, ...]
    qubits: tuple[QubitTimes, ...]

    @property
    def line_s(self) -> float:
        """Seconds in which the control line is busy; 0 where no gate needs it."""
        return sum(pulse.duration_s for pulse in self.pulses if pulse.line)

    @property
    def worst(self) -> QubitTimes:
        """The qubit whose waits take the most of its coherence time, the first of equal ones."""
        return max(self.qubits, key=lambda qubit: qubit.of_coherence)

    def to_json(self) -> dict[str, Any]:
        """The schedule as one JSON object."""
        qubits = [qubit._asdict() | {"wait_s": qubit.wait_s, "of_coherence": qubit.of_coherence} for qubit in self.qubits]
        pulses = [pulse._asdict() for pulse in self.pulses]
        return self._asdict() | {"line_s": self.line_s, "pulses": pulses, "qubits": qubits}


def pulse_times(circuit: QuantumCircuit | str | Path, device: Device, dd: str = "none") -> PulseTimes:
    """The schedule that the circuit, a file or a named circuit gets when it is sampled on the device.

    UsageError: a device on which nothing takes time, measurements in mid-circuit, and what `hybrid.sample` refuses.
    """
    if dd not in DD:
        raise unknown("dd", dd, DD)
    if not device.noisy:
        raise UsageError(f"on device '{device.label}' nothing takes time, so there is no schedule; see: hybrid list devices.")
    if isinstance(circuit, str | Path):
        circuit = named_circuit(circuit)
    assert not isinstance(circuit, str | Path)  # for the type checker
    split = final_measurements(circuit)
    if split is None:
        raise UsageError(
            f"device '{device.label}' has no times of measurement, reset or branching in mid-circuit; "
            "defer the measurements to the end."
        )
    isa = to_isa(split[0], device)
    recipe = set_up(isa, [isa.circuit], device, _Nothing(), Conditions()).recipe
    duration_s, timed, own = _with_echoes(recipe, dd)
    pulses = tuple(_pulse(operation, recipe, own) for operation in timed if not device.gates[operation.gate.name].virtual)
    held = {isa.physical[place]: qubit for qubit, place in enumerate(isa.layout)}
    coupled = any(len(pulse.qubits) > 1 for pulse in pulses)
    name, times_s = _coherence(device, coupled)
    qubits = tuple(_qubit(q, held.get(q), pulses, times_s[q]) for q in isa.physical)
    return PulseTimes(circuit.name, device.label, dd, device.caveat, name, duration_s, pulses, qubits)


class _Nothing:
    """A backend of any size that runs nothing: of an execution only the recipe is wanted."""

    def compile(self, task: Task) -> Runner:
        return NotImplemented

    def memory_bytes(self, task: Task) -> int:
        return 0

    def describe(self, task: Task) -> str:
        return ""


def _with_echoes(recipe: Recipe, dd: str) -> tuple[float, Sequence[TimedOperation], set[int]]:
    """Duration and operations with the sequence inserted, and the identities of the circuit's own gates among them."""
    _, (plain,) = described(*recipe, None)
    plain = plain._replace(operations=tuple(timed._replace(gate=timed.gate.to_mutable()) for timed in plain.operations))
    own = {id(timed.gate) for timed in plain.operations}  # decoupling passes gates on as they are
    full = plain if dd == "none" else decouple(plain, recipe.device, recipe.isa.physical, dd)
    return full.duration_s, full.operations, own


def _pulse(timed: TimedOperation, recipe: Recipe, own: set[int]) -> TimedPulse:
    qubits = tuple(sorted(recipe.isa.physical[q] for q in timed.qubits))
    on_line = not recipe.device.gates[timed.gate.name].parallel
    return TimedPulse(timed.gate.name, qubits, timed.start_s, timed.duration_s, id(timed.gate) not in own, on_line)


def _coherence(device: Device, coupled: bool) -> tuple[str, Sequence[float]]:
    """T2* in a circuit with or without a two-qubit gate, or T2 where dephasing is Markovian; with its name."""
    if device.dephasing == "quasistatic" and device.t2_star_s is not None:
        return "T2*", (device.circuit_t2_star_s or ()) if coupled else device.t2_star_s
    return "T2", device.t2_echo_s or ()


def _qubit(qubit: int, circuit_qubit: int | None, pulses: Sequence[TimedPulse], coherence_s: float) -> QubitTimes:
    mine = [pulse for pulse in pulses if qubit in pulse.qubits]
    moving = [i for i, pulse in enumerate(mine) if pulse.gate not in DIAGONAL]
    between = mine[moving[0] : moving[-1] + 1] if moving else []
    gaps = [(a.start_s + a.duration_s, b.start_s) for a, b in zip(between, between[1:], strict=False)]
    waits = tuple((start_s, end_s) for start_s, end_s in gaps if end_s - start_s > SAME_TIME_S)
    echoes = sum(pulse.echo for pulse in mine)
    return QubitTimes(qubit, circuit_qubit, len(mine), echoes, waits, coherence_s)
