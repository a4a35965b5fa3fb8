"""`ByHand`: the whole noise description a second time, on a dense density matrix and with nothing of hybrid/noise.py.
`Batched`: a small fast backend, for statistics.

The order of what does not commute is the description's: before a gate its qubits relax for all the time since their last gate
began, then exchange acts on their pairs up to the middle of the unbroken run of pulses, then comes the gate, then its error.
"""

from functools import cache, reduce
from itertools import product
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Expectation, Operation, Task
from hybrid.device.channels import kraus, qubits_of
from hybrid.device.device import Device
from hybrid.device.readout import draw_all
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.program import Program

PAULI = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}


class Event(NamedTuple):
    name: str
    qubits: tuple[int, ...]
    angle: float
    begin: float
    end: float


def embedded(n: int, small: np.ndarray, qubit: int) -> np.ndarray:
    """The matrix on all n qubits that acts as `small` on one."""
    low, high = 2**qubit, 2 ** (n - 1 - qubit)
    large = np.zeros((high, 2, low, high, 2, low), dtype=small.dtype)
    i, j = np.arange(high)[:, None], np.arange(low)
    large[i, :, j, i, :, j] = small
    return large.reshape(2**n, 2**n)


@cache
def all_strings(n: int, qubits: tuple[int, ...]) -> np.ndarray:
    """Every Pauli string on some of n qubits, (4^k, 2^n, 2^n)."""
    return np.array(
        [
            reduce(np.matmul, [embedded(n, PAULI[letter], q) for q, letter in zip(qubits, letters, strict=True)])
            for letters in product("IXYZ", repeat=len(qubits))
        ]
    )


class ByHand:
    """A clockwork for gates as they come (`play`), then a density matrix driven through them (`read`).

    `detunings` in rad/s, one per simulated qubit: fixed during the whole circuit.
    """

    def __init__(self, device: Device, physical: tuple[int, ...], detunings: np.ndarray | None = None) -> None:
        self.device, self.physical, self.n = device, physical, len(physical)
        self.detunings = np.zeros(self.n) if detunings is None else detunings
        self.clock = [0.0] * self.n
        self.line = 0.0
        self.events: list[Event] = []

    def play(self, name: str, qubits: tuple[int, ...], angle: float = 0.0) -> None:
        if name == "delay":
            self.clock[qubits[0]] += angle
            return
        if name == "rz":
            now = self.clock[qubits[0]]
            self.events.append(Event(name, qubits, angle, now, now))
            return
        gate = self.device.gates[name]
        begin = max([self.clock[q] for q in qubits] + ([] if gate.parallel else [self.line]))
        end = begin + gate.duration_s[tuple(sorted(self.physical[q] for q in qubits))]
        for q in qubits:
            self.clock[q] = end
        if not gate.parallel:
            self.line = end
        self.events.append(Event(name, qubits, angle, begin, end))

    def wait_no_longer_than_needed(self) -> None:
        """Pulses before a qubit's last exchange start as late as what follows allows, on the qubit and on the line."""
        follows, line, couples = [np.inf] * self.n, np.inf, [False] * self.n
        for i, event in reversed([*enumerate(self.events)]):
            alone, serial = len(event.qubits) == 1, event.name != "rz" and not self.device.gates[event.name].parallel
            q = event.qubits[0]
            if alone and couples[q]:
                shift = max(0.0, min(follows[q], line if serial else np.inf) - event.end)
                event = self.events[i] = event._replace(begin=event.begin + shift, end=event.end + shift)
            for q in event.qubits:
                follows[q], couples[q] = event.begin, couples[q] or not alone
            line = event.begin if serial else line

    # --- the state

    def z(self, qubit: int) -> np.ndarray:
        """The diagonal of Z on this qubit, (2^n,)."""
        return 1 - 2 * (np.arange(2**self.n) >> qubit & 1)

    def turn(self, unitary: np.ndarray) -> None:
        self.rho = unitary @ self.rho @ unitary.conj().T

    def turn_diagonal(self, phases: np.ndarray) -> None:
        """By the unitary diag(exp(-i phases))."""
        self.rho = np.exp(-1j * (phases[:, None] - phases)) * self.rho

    def relax(self, qubit: int, t: float) -> None:
        """|1><1| loses e^(-t/T1) of itself to |0><0|; |0><1| shrinks by e^(-t/T2H) and turns by the detuning."""
        where = self.physical[qubit]
        keep, contrast = np.exp(-t / self.device.t1_s[where]), np.exp(-t / self.device.t2_echo_s[where])
        low, high = 2**qubit, 2 ** (self.n - 1 - qubit)
        blocks = self.rho.reshape(high, 2, low, high, 2, low).copy()
        blocks[:, 0, :, :, 0] += (1 - keep) * blocks[:, 1, :, :, 1]
        blocks[:, 1, :, :, 1] *= keep
        blocks[:, 0, :, :, 1] *= contrast
        blocks[:, 1, :, :, 0] *= contrast
        self.rho = blocks.reshape(self.rho.shape)

    def depolarize(self, qubits: tuple[int, ...], p: float) -> None:
        """(1-p) rho + p I/d: the mean over all Pauli strings on the qubits replaces them by I/d."""
        strings = all_strings(self.n, qubits)
        mean = (strings @ self.rho @ strings).mean(axis=0)
        self.rho = (1 - p) * self.rho + p * mean

    def exchange(self, qubit: int, until: float) -> None:
        """exp(-i 2 pi (J/4) ZZ t) on every coupled pair of this qubit, t without the pair's own gates."""
        if self.device.dephasing == "markov":
            return
        for pair in self.seen:
            if qubit not in pair or until <= self.seen[pair]:
                continue
            gates = [(e.begin, e.end) for e in self.events if e.name == "cz" and set(e.qubits) == set(pair)]
            used = sum(max(0.0, min(until, end) - max(self.seen[pair], begin)) for begin, end in gates)
            phase = 2 * np.pi * self.device.residual_exchange_hz / 4 * (until - self.seen[pair] - used)
            self.turn_diagonal(phase * self.z(pair[0]) * self.z(pair[1]))
            self.seen[pair] = until

    def middle(self, event: Event) -> float:
        """Of the pulses on the event's qubit that follow one another without a gap."""
        mine = [e for e in self.events if event.qubits[0] in e.qubits and e.name != "rz"]
        first = last = mine.index(event)
        while first and mine[first - 1].name == "sx" and abs(mine[first - 1].end - mine[first].begin) < 1e-15:
            first -= 1
        while last + 1 < len(mine) and mine[last + 1].name == "sx" and abs(mine[last + 1].begin - mine[last].end) < 1e-15:
            last += 1
        return (mine[first].begin + mine[last].end) / 2

    def apply(self, event: Event) -> None:
        name, qubits, angle, begin, end = event
        if name == "rz":
            self.turn_diagonal(angle / 2 * self.z(qubits[0]))
            return
        for q in qubits:
            self.relax(q, begin - self.relaxed[q])
            free = begin - self.turned[q]
            self.turn_diagonal(self.detunings[q] * free / 2 * self.z(q))
            self.relaxed[q] = self.turned[q] = begin
        t = end - begin
        if name == "sx":
            (q,) = qubits
            self.exchange(q, self.middle(event))
            omega, delta = np.pi / 2 / t, self.detunings[q]
            whole = np.hypot(omega, delta)  # exp(-i t/2 (omega X + delta Z)) = cos(a) - i sin(a) (omega X + delta Z) / whole
            a, axis = t * whole / 2, (omega * PAULI["X"] + delta * PAULI["Z"]) / whole
            self.turn(embedded(self.n, np.cos(a) * PAULI["I"] - 1j * np.sin(a) * axis, q))
            self.turned[q] = end
        else:
            self.turn_diagonal(np.pi / 4 * (1 - self.z(qubits[0])) * (1 - self.z(qubits[1])))
        self.depolarize(qubits, self.control_error(event) * 2 ** len(qubits) / (2 ** len(qubits) - 1))

    def control_error(self, event: Event) -> float:
        """The published error less the dephasing of isolated qubits in this time, at least 0."""
        where = tuple(sorted(self.physical[q] for q in event.qubits))
        gate = self.device.gates[event.name]
        t = gate.duration_s[where]
        t1, t2, star = ([getattr(self.device, key)[w] for w in where] for key in ("t1_s", "t2_echo_s", "t2_star_s"))
        if event.name == "sx":
            dephasing = 2 / 3 * (2 * t / (np.pi * star[0])) ** 2 + (3 - 2 * np.exp(-t / t2[0]) - np.exp(-t / t1[0])) / 6
        else:
            single = [
                (1 + 2 * np.exp(-t / b - (t / s) ** 2) + np.exp(-t / a)) / 4 for a, b, s in zip(t1, t2, star, strict=True)
            ]
            dephasing = (1 - single[0] * single[1]) * 4 / 5
        return max(0.0, gate.error[where] - dephasing)

    def run(self) -> np.ndarray:
        """The density matrix at the readout: everybody waits for the last."""
        self.rho = np.ones((1, 1))
        for where in reversed(self.physical):  # qubit 0 is the lowest bit: the last factor
            flip = self.device.init_error[where]
            self.rho = np.kron(self.rho, np.diag([1 - flip, flip]))
        self.rho = self.rho.astype(complex)
        self.relaxed, self.turned = [0.0] * self.n, [0.0] * self.n
        place = {where: q for q, where in enumerate(self.physical)}
        self.seen = {(place[i], place[j]): 0.0 for i, j in self.device.edges if i in place and j in place}
        for event in sorted(self.events, key=lambda e: e.begin):
            self.apply(event)
        for q in range(self.n):
            self.relax(q, max(self.clock) - self.relaxed[q])
        return self.rho

    def read(self) -> np.ndarray:
        """Outcome probabilities: one confusion matrix per qubit."""
        probabilities = self.run().diagonal().real
        for q, where in enumerate(self.physical):
            p01, p10 = self.device.readout_p01[where], self.device.readout_p10[where]
            probabilities = embedded(self.n, np.array([[1 - p01, p10], [p01, 1 - p10]]), q) @ probabilities
        return probabilities


def played(program: Program, group: int, x, detunings: np.ndarray | None) -> ByHand:
    """The gates of the circuit that the program runs for a group, in their order."""
    isa, circuits, device, _ = program.execution.recipe
    angles = program.angle_map(np.asarray(x, dtype=float)[None])[0]
    assigned = circuits[group].assign_parameters(dict(zip(isa.circuit.parameters, angles, strict=True)))
    state = ByHand(device, isa.physical, detunings)
    for item in assigned.data:
        qubits = tuple(assigned.find_bit(bit).index for bit in item.qubits)
        if item.operation.name == "delay":
            scale = {"s": 1.0, "ns": 1e-9}[item.operation.unit]
            state.play("delay", qubits, scale * item.operation.duration)
        else:
            state.play(item.operation.name, qubits, *map(float, item.operation.params))
    if "delay" not in assigned.count_ops():
        state.wait_no_longer_than_needed()
    return state


def by_hand(program: Program, observable: SparsePauliOp, x: np.ndarray, detunings: np.ndarray | None = None) -> float:
    """<observable> with all noise: the program's gates, one measured circuit per group, all else from PHYSICS.md."""
    layout = program.execution.recipe.isa.layout
    terms = [(label[::-1], c.real) for label, c in observable.to_list()]
    total = sum(c for letters, c in terms if set(letters) == {"I"})
    terms = [(letters, c) for letters, c in terms if set(letters) != {"I"}]
    for place, group in enumerate(program.groups):
        read = [group.basis[layout[v]] for v in range(len(layout))]
        kept = [t for t in terms if all(letter in ("I", at) for letter, at in zip(t[0], read, strict=True))]
        if not kept:
            continue
        probabilities = played(program, place, x, detunings).read()
        outcomes = np.arange(len(probabilities))
        for letters, c in kept:
            parity = sum(outcomes >> layout[v] & 1 for v, letter in enumerate(letters) if letter != "I")
            total += c * float(probabilities @ (1 - 2 * (parity % 2)))
        terms = [t for t in terms if t not in kept]
    assert not terms
    return total


class Batched:
    """A backend that takes thousands of rows at once: dense density matrices of a few qubits, channels from the description."""

    def compile(self, task: Task) -> "Batched":
        assert task.observable is None and task.n_qubits <= 3
        runner = Batched()
        runner.task, runner.column = task, {str(angle): i for i, angle in enumerate(task.angles)}
        return runner

    def memory_bytes(self, task: Task) -> int:
        return 0

    def describe(self, task: Task) -> str:
        return "batched by hand"

    def distributions(self, angles: np.ndarray) -> np.ndarray:
        return np.stack([self._probabilities(setting, angles) for setting in self.task.settings], axis=1)

    def counts(self, angles, shots, seeds):
        return draw_all(self.distributions(angles), shots, seeds)

    def _probabilities(self, setting, angles: np.ndarray) -> np.ndarray:
        n = setting.n_qubits
        rho = np.zeros((len(angles), 2**n, 2**n), dtype=complex)
        rho[:, 0, 0] = 1
        for step in setting.steps:
            qubits = qubits_of(step)
            small = self._unitary(step.gate, angles)[None] if isinstance(step, Operation) else kraus(step)[:, None]
            rho = sum(_sandwich(k, rho, qubits, n) for k in small)
        return np.clip(rho.diagonal(axis1=1, axis2=2).real, 0, None)

    def _unitary(self, gate, angles: np.ndarray) -> np.ndarray:
        """(k, d, d), or (1, d, d) where nothing is bound."""
        values = [angles[:, self.column[str(p)]] if str(p) in self.column else np.full(1, float(p)) for p in gate.params]
        if gate.name == "rz":
            phase = np.exp(0.5j * values[0])
            return np.stack([phase.conj(), phase], axis=1)[:, :, None] * np.eye(2)
        if gate.name == "u":
            theta, phi, lam = values
            c, s = np.cos(theta / 2), np.sin(theta / 2)
            rows = [[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]]
            return np.moveaxis(np.array(rows), 2, 0)
        assert not any(str(p) in self.column for p in gate.params)
        return gate.to_matrix()[None]


def _sandwich(small: np.ndarray, rho: np.ndarray, qubits: tuple[int, ...], n: int) -> np.ndarray:
    """K rho K^dagger, K on `qubits` (the first the lowest bit)."""
    return _from_left(small, _from_left(small, rho, qubits, n).conj().swapaxes(1, 2), qubits, n).conj().swapaxes(1, 2)


def _from_left(small: np.ndarray, rho: np.ndarray, qubits: tuple[int, ...], n: int) -> np.ndarray:
    axes = [n - q for q in reversed(qubits)]  # axis 0 is the row, then the highest qubit
    moved = np.moveaxis(rho.reshape(-1, *[2] * n, 2**n), axes, range(1, len(axes) + 1))
    shape = moved.shape
    moved = small @ moved.reshape(len(rho), 2 ** len(axes), -1)
    return np.moveaxis(moved.reshape(shape), range(1, len(axes) + 1), axes).reshape(rho.shape)


def batched(circuit: QuantumCircuit, observable: SparsePauliOp, device: Device, **conditions) -> Program:
    """`hybrid.compile` with the backend above; `mitigate` and `grouping` among the conditions."""
    measuring = {key: conditions.pop(key) for key in ("grouping", "mitigate") if key in conditions}
    query = Expectation(circuit, observable)
    parameters = tuple(circuit.parameters)
    return compile_query(query, parameters, device, Batched(), Measuring(Conditions(**conditions), **measuring))
