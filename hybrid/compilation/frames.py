"""Random Paulis in a compiled circuit, as angles of the pulses that are there already: no pulse and no time is added.

A circuit is run in a frame F, a string of Paulis X^x Z^z: the device's state is F times the state that is meant. With bits
x, z of each qubit, up to signs,
    RZ(a): a (-1)^x;    SX: x <- x + z;    RX(a): a (-1)^z;    CZ: z_b <- z_b + x_a, z_a <- z_a + x_b;
    RZZ(a): a (-1)^(x_a + x_b);    RXX(a): a (-1)^(z_a + z_b)                                                             (1)
and another Pauli joins the frame by half a turn, Z by a turn about Z, X by RX. Before an SX pulse a Z in the frame is an X
after it, so turns about Z are enough. Where a qubit is read, x says whether its outcome is flipped. Noise acts on the device's
state: in the mean over frames it is twirled (Wallman and Emerson, PRA 94, 052325, 2016).

A channel that multiplies Pauli string P by l_P has, as a mixture of Paulis, the inverse
    rho -> sum_Q q_Q Q rho Q,    q_Q = 4^-n sum_P (-1)^<P,Q> / l_P,    gamma = sum_Q |q_Q|                                 (2)
with <P, Q> = 1 where they anticommute: drawn with probability |q_Q|/gamma, it counts gamma sign(q_Q) (Temme, Bravyi and
Gambetta, PRL 119, 180509, 2017). Relaxation is no such channel, but is one once it is twirled. What prepares a qubit is left as
it is: errors of the preparation are calibrated with those of the readout.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, UInt64
from qiskit.circuit import Parameter

from hybrid.base.errors import UsageError
from hybrid.base.types import BitFlip, Channel, Depolarizing, Operation, Relaxation, Setting, Twirl
from hybrid.compilation.slots import Slots


class Frame(NamedTuple):
    """Of r rows: signs and half turns of the slots (r, a), the bits that are flipped in s circuits (r, s), and what a shot
    counts (r, s)."""

    signs: Float[np.ndarray, "r a"]
    turns: Float[np.ndarray, "r a"]
    flips: UInt64[np.ndarray, "r s"]
    weights: Float[np.ndarray, "r s"]


@final
class Frames:
    """The random frames of settings whose rotations are `slots`."""

    def __init__(self, settings: Sequence[Setting], slots: Slots, twirl: Twirl) -> None:
        """UsageError for a qubit whose readout cannot be flipped."""
        place = {parameter: i for i, parameter in enumerate(slots.parameters)}
        self._n_slots, self.twirl = len(place), twirl
        self._events = [_events(setting, place, twirl) for setting in settings]
        self._n = settings[0].n_qubits

    @property
    def overhead(self) -> float:
        """gamma^2 of the circuit that needs most: so many times the shots for the same error."""
        return max(float(np.prod([e.gamma for e in events if isinstance(e, _Insert)])) for events in self._events) ** 2

    def draw(self, rows: int, seed: np.random.SeedSequence) -> Frame:
        """Independent frames of so many rows."""
        rng = np.random.default_rng(seed)
        signs, turns = np.ones((rows, self._n_slots)), np.zeros((rows, self._n_slots))
        flips, weights = [], []
        for events in self._events:
            walk = _Walk(rng, self._n, rows, self.twirl)
            for event in events:
                walk.step(event, signs, turns)
            flips.append(walk.x @ (np.uint64(1) << np.arange(self._n, dtype=np.uint64)))
            weights.append(walk.weight)
        return Frame(signs, turns, np.stack(flips, axis=1).astype(np.uint64), np.stack(weights, axis=1))


class _Turn(NamedTuple):
    """A slot; `axis` of rz, rx, rzz, rxx; `last` where it decides whether the qubit's outcome is flipped."""

    slot: int
    axis: str
    qubits: tuple[int, ...]
    last: bool


class _X90(NamedTuple):
    qubit: int


class _Cz(NamedTuple):
    qubits: tuple[int, ...]


class _Insert(NamedTuple):
    """A channel's inverse: probabilities of Paulis, their bits on the qubits (q, m), and their signs."""

    qubits: tuple[int, ...]
    probabilities: Float[np.ndarray, " q"]
    x: Bool[np.ndarray, "q m"]
    z: Bool[np.ndarray, "q m"]
    signs: Float[np.ndarray, " q"]
    gamma: float


_Event = _Turn | _X90 | _Cz | _Insert


def _events(setting: Setting, place: dict[Parameter, int], twirl: Twirl) -> list[_Event]:
    """What changes the frame, in order of time; a decoupling pulse is a Pauli as a whole, which changes nothing."""
    events: list[_Event] = []
    for step in setting.steps:
        if not isinstance(step, Operation):
            if twirl.inverse:
                events += _insert(step)
            continue
        name, angle = step.gate.name, step.gate.params[0] if step.gate.params else None
        if name in ("sx", "u"):
            events.append(_X90(step.qubits[0]))
        elif name == "cz":
            events.append(_Cz(step.qubits))
        elif isinstance(angle, Parameter) and angle in place:
            events.append(_Turn(place[angle], name, step.qubits, False))
    return _with_last(events, setting.n_qubits, twirl)


def _with_last(events: list[_Event], n: int, twirl: Twirl) -> list[_Event]:
    """The same, with the slot marked that decides whether a qubit's outcome is flipped: before its last SX, or its last RX."""
    for qubit in range(n):
        pulses = [i for i, event in enumerate(events) if _moves(event, qubit)]
        before = pulses[-1] if pulses else -1
        if pulses and isinstance(events[before], _X90):
            before = max((i for i, event in enumerate(events[:before]) if _turns(event, qubit, "rz")), default=-1)
        if before >= 0:
            turn = events[before]
            assert isinstance(turn, _Turn)
            events[before] = turn._replace(last=True)
        elif twirl.outcomes:
            raise UsageError(f"mitigate: qubit {qubit} is never driven, so its readout cannot be flipped; take readout.")
    return events


def _moves(event: _Event, qubit: int) -> bool:
    return (isinstance(event, _X90) and event.qubit == qubit) or _turns(event, qubit, "rx")


def _turns(event: _Event, qubit: int, axis: str) -> bool:
    return isinstance(event, _Turn) and event.axis == axis and event.qubits == (qubit,)


class _Walk:
    """Frames (r, n) of the rows as they pass through a circuit."""

    def __init__(self, rng: np.random.Generator, n: int, rows: int, twirl: Twirl) -> None:
        self._rng, self._rows, self._twirl = rng, rows, twirl
        self.x, self.z = np.zeros((rows, n), dtype=bool), np.zeros((rows, n), dtype=bool)
        self.weight = np.ones(rows)
        self._flips = _balanced(rng, n, rows) if twirl.balanced else None

    def step(self, event: _Event, signs: Float[np.ndarray, "r a"], turns: Float[np.ndarray, "r a"]) -> None:
        """Equation 1; what it says of the slot is written into `signs` and `turns`."""
        x, z = self.x, self.z
        match event:
            case _Turn(slot, axis, qubits, last):
                still, joins = (x, z) if axis in ("rz", "rzz") else (z, x)
                signs[:, slot] = 1.0 - 2.0 * (still[:, qubits].sum(axis=1) & 1)
                if len(qubits) == 1:
                    half = self._joining(qubits[0], axis, last)
                    turns[:, slot] = np.pi * half
                    joins[:, qubits[0]] ^= half
            case _X90(qubit):
                x[:, qubit] ^= z[:, qubit]
            case _Cz((a, b)):
                z[:, b] ^= x[:, a]
                z[:, a] ^= x[:, b]
            case _Insert(qubits, probabilities, of_x, of_z, of_sign, gamma):
                drawn = np.searchsorted(np.cumsum(probabilities), self._rng.random(self._rows)).clip(max=len(of_sign) - 1)
                x[:, qubits] ^= of_x[drawn]
                z[:, qubits] ^= of_z[drawn]
                self.weight *= gamma * of_sign[drawn]

    def _joining(self, qubit: int, axis: str, last: bool) -> Bool[np.ndarray, " r"]:
        """Rows in which another Pauli joins the frame at this slot."""
        if not last:
            return self._rng.random(self._rows) < 0.5 * self._twirl.gates
        if self._flips is not None:
            flipped = self._flips[:, qubit]
        else:
            flipped = self._rng.random(self._rows) < 0.5 * self._twirl.outcomes
        own = self.x[:, qubit] ^ flipped
        return own ^ self.z[:, qubit] if axis == "rz" else own


def _balanced(rng: np.random.Generator, n: int, rows: int) -> Bool[np.ndarray, "r n"]:
    """An orthogonal array of strength two: qubit q is flipped in row i by the parity of i AND a number of its own, or always
    the other way (Rao, J. R. Stat. Soc. Suppl. 9, 128, 1947)."""
    size = 1 << max(rows - 1, n).bit_length()
    columns = rng.permutation(np.arange(1, size))[:n]
    return ((np.bitwise_count(np.arange(rows)[:, None] & columns) & 1) ^ rng.integers(0, 2, n)).astype(bool)


def _insert(channel: Channel) -> list[_Insert]:
    """The inverse of a channel; none where it does nothing."""
    match channel:
        case Depolarizing(qubits, probability):
            inverse = _inverted(len(qubits), (1.0, *[1 - probability] * (4 ** len(qubits) - 1)))
        case Relaxation(qubit, duration_s, t1_s, t2_s):
            qubits = (qubit,)
            across = exp(-duration_s / t2_s)
            inverse = _inverted(1, (1.0, exp(-duration_s / t1_s), across, across))
        case BitFlip(qubit):
            qubits, inverse = (qubit,), None
    return [] if inverse is None else [_Insert(qubits, *inverse)]


@lru_cache(maxsize=256)
def _inverted(n: int, factors: tuple[float, ...]) -> tuple[Any, ...] | None:
    """Equation 2, factors in the order of 2 x + z (of the first qubit first): probabilities, bits x and z, signs and gamma."""
    size = 4**n
    numbers = np.arange(size)
    digits = np.stack([numbers // 4 ** (n - 1 - q) % 4 for q in range(n)], axis=1)
    x, z = digits // 2 == 1, digits % 2 == 1
    anticommuting = (x[:, None] & z[None]).sum(axis=2) + (z[:, None] & x[None]).sum(axis=2)
    quasi = (1 - 2 * (anticommuting & 1)) @ (1 / np.array(factors)) / size
    gamma = float(np.abs(quasi).sum())
    if gamma - 1 < 1e-15:
        return None
    return np.abs(quasi) / gamma, x, z, np.sign(quasi) + (quasi == 0), gamma
