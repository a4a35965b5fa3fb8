"""Quasi-static dephasing: a detuning of each qubit's frequency that is constant during a shot and differs between shots.

A detuning is delta ~ N(0, sqrt(2)/T2*) rad/s, so that free evolution loses contrast as exp(-(t/T2*)^2). One draw for all
qubits is a realization. In a circuit it appears as angles: delta t while a qubit waits, and the Euler angles of a pulse that
is driven and detuned; they are parameters of the compiled circuit, bound per realization.
"""

from collections import Counter
from itertools import combinations
from math import ceil, log2
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import RZGate, RZZGate, UGate
from rustworkx import PyGraph, distance_matrix

from hybrid.base.errors import UsageError
from hybrid.base.randomness import child
from hybrid.base.sobol import sobol
from hybrid.device.device import Device

X90 = np.pi / 2
SCRAMBLES = 8
"""Number of independent scrambled Sobol sets for one mean; their spread gives its standard error."""
PINK_PER_DECADE = 2
"""Ornstein-Uhlenbeck processes of equal variance per decade of correlation time; their sum has a spectrum close to 1/f."""


class _Wait(NamedTuple):
    qubit: int
    duration_s: float


class _Pulse(NamedTuple):
    qubit: int
    duration_s: float
    angle: int  # 0: gamma, the rotation about X; -1 and +1: the phases before and after it


class _ExchangeAngle(NamedTuple):
    qubits: tuple[int, int]
    angle_rad: float


_Key = _Wait | _Pulse | _ExchangeAngle


@final
class DetunedAngles:
    """The angles in a task's circuits that depend on detunings: one parameter for each, shared by all settings.

    With `apart`, for derivatives, every place has a parameter of its own, and residual exchange has one as well.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self.apart = apart
        self._angles: dict[tuple[_Key, int], Parameter] = {}
        self._qubits: dict[Parameter, int] = {}

    @property
    def parameters(self) -> list[Parameter]:
        """In the order of the columns that a call gives."""
        return list(self._angles.values())

    def qubit(self, parameter: Parameter) -> int | None:
        """The qubit on whose detuning it depends; None for residual exchange."""
        return self._qubits.get(parameter)

    @property
    def durations_s(self) -> dict[Parameter, float]:
        """For how long the detuning acts where the parameter is a gate's first."""
        keys = {parameter: key for (key, _), parameter in self._angles.items()}
        return {p: key.duration_s for p, key in keys.items() if isinstance(key, _Wait | _Pulse)}

    def wait(self, qubit: int, duration_s: float) -> Gate:
        """Free evolution: the phase delta t."""
        (angle,) = self._parameters([_Wait(qubit, duration_s)])
        return RZGate(angle)

    def x90(self, qubit: int, duration_s: float) -> Gate:
        """An X90 pulse of this duration on a detuned qubit; exact, for any detuning (see `__call__`)."""
        return UGate(*self._parameters([_Pulse(qubit, duration_s, which) for which in (0, -1, 1)]))

    def exchange(self, qubits: tuple[int, int], angle_rad: float) -> Gate:
        """The phase of a pair by residual exchange."""
        return RZZGate(self._parameters([_ExchangeAngle(qubits, angle_rad)])[0] if self.apart else angle_rad)

    def places(self) -> list[tuple[Any, ...]]:
        """The place of each column: its kind, its qubits, and how many of the same kind and qubits came before it."""
        before: Counter[tuple[Any, ...]] = Counter()
        places = []
        for key, _ in self._angles:
            kind = (type(key), key[0], key.angle if isinstance(key, _Pulse) else 0)
            places.append((*kind, before[kind]))
            before[kind] += 1
        return places

    def __call__(self, detunings: Float[np.ndarray, "r n"]) -> Float[np.ndarray, "r a"]:
        """Angles (r, a) in radians of detunings (r, n) in rad/s.

        A pulse is exp(-i (Omega X + delta Z) t/2) with Omega t = pi/2. That is RZ(beta) RX(gamma) RZ(beta) with, for
        w = sqrt(Omega^2 + delta^2), sin(gamma/2) = (Omega/w) sin(w t/2) and tan(beta) = (delta/w) tan(w t/2);
        and RX(gamma) = RZ(-pi/2) RY(gamma) RZ(pi/2), which makes it U(gamma, beta - pi/2, beta + pi/2).
        """
        columns = []
        pulses: dict[tuple[int, float], tuple[Float[np.ndarray, " r"], Float[np.ndarray, " r"]]] = {}
        for key, _ in self._angles:
            if isinstance(key, _ExchangeAngle):
                columns.append(np.full(len(detunings), key.angle_rad))
                continue
            delta = detunings[:, key.qubit]
            if isinstance(key, _Wait):
                columns.append(delta * key.duration_s)
                continue
            pulse = key.qubit, key.duration_s
            if pulse not in pulses:
                pulses[pulse] = _euler(delta, key.duration_s)
            gamma, beta = pulses[pulse]
            columns.append(gamma if key.angle == 0 else beta + key.angle * np.pi / 2)
        return np.stack(columns, axis=1) if columns else np.zeros((len(detunings), 0))

    def _parameters(self, keys: list[_Key]) -> list[Parameter]:
        count = len(self._angles) if self.apart else 0
        for key in keys:
            if (key, count) not in self._angles:
                self._angles[key, count] = Parameter(f"detuned_{len(self._angles)}")
                if not isinstance(key, _ExchangeAngle):
                    self._qubits[self._angles[key, count]] = key.qubit
        return [self._angles[key, count] for key in keys]


def _euler(delta: Float[np.ndarray, " r"], duration_s: float) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, " r"]]:
    """gamma and beta of a pulse at these detunings in rad/s (see `DetunedAngles.__call__`)."""
    drive = X90 / duration_s
    total = np.hypot(drive, delta)
    turn = total * duration_s / 2
    gamma = 2 * np.arcsin(drive / total * np.sin(turn))
    return gamma, np.arctan2(delta / total * np.sin(turn), np.cos(turn))


def sigma(device: Device, physical: tuple[int, ...], *, context: bool) -> Float[np.ndarray, " n"]:
    """Standard deviation of the detunings in rad/s, (n,): sqrt(2)/T2*; in a circuit with a two-qubit gate (`context`)
    T2* is shortened by the device's factor."""
    assert device.t2_star_s is not None
    factor = device.context_t2star_factor if context else 1.0
    return np.sqrt(2) / (factor * np.array([device.t2_star_s[q] for q in physical]))


@final
class Draws:
    """Detunings of the simulated qubits, drawn from their joint distribution. `sigma` (n,) says all of it where they are
    independent of one another; otherwise it is None."""

    def __init__(self, device: Device, physical: tuple[int, ...], *, context: bool) -> None:
        """UsageError for a correlation that is impossible on this coupling (its matrix is not positive definite)."""
        try:
            root = np.linalg.cholesky(_correlation(device, physical))
        except np.linalg.LinAlgError:
            raise UsageError(
                f"device '{device.label}': no detunings can have correlation={device.correlation:g} on this coupling; "
                "take a value nearer to 0."
            ) from None
        widths = sigma(device, physical, context=context)
        self._root = widths[:, None] * root
        self.sigma = None if device.correlation else widths
        self._drift, self._drift_time_s, self._cycle_s = device.drift, device.drift_time_s, device.shot_cycle_s or 0.0

    def independent(
        self, realizations: int, shots: int, seed: np.random.SeedSequence
    ) -> tuple[Float[np.ndarray, "r n"], float]:
        """Detunings (r, n) in the order of time, and the variance of their mean over that of independent ones.

        `shots` are those of all realizations together: they determine the time between two realizations. A draw depends on the
        seed and its row alone. UsageError when the drift is so slow that there are fewer than two independent realizations.
        """
        white = np.random.default_rng(seed)
        n = len(self._root)
        if self._drift == "none":
            return white.standard_normal((realizations, n)) @ self._root.T, 1.0
        step_s = self._cycle_s * shots / realizations
        times_s = _correlation_times_s(self._drift, self._drift_time_s, self._cycle_s)
        memory = np.exp(-step_s / times_s)
        state = white.standard_normal((len(times_s), n))
        rows = np.empty((realizations, n))
        for row in range(realizations):
            rows[row] = state.mean(axis=0) * np.sqrt(len(times_s))
            state = memory[:, None] * state + np.sqrt(1 - memory**2)[:, None] * white.standard_normal(state.shape)
        inflation = _inflation(memory, realizations)
        if realizations / inflation < 2:
            raise UsageError(
                f"drift={self._drift},drift_time={self._drift_time_s:g}s: {shots} shots last {shots * self._cycle_s:.3g} s and "
                "see fewer than two independent detunings, so there is no standard error; take more shots or a faster drift."
            )
        return rows @ self._root.T, inflation

    def quadrature(self, points: int, seed: np.random.SeedSequence) -> Float[np.ndarray, "r n"]:
        """`SCRAMBLES` scrambled Sobol sets of `points` detunings each, one after the other, (r, n)."""
        return self.at(scores(len(self._root), points, seed))

    def at(self, scores: Float[np.ndarray, "r n"]) -> Float[np.ndarray, "r n"]:
        """The detunings that have these standard scores."""
        return scores @ self._root.T


def scores(n: int, points: int, seed: np.random.SeedSequence, sets: int = SCRAMBLES) -> Float[np.ndarray, "r n"]:
    """Standard normal scores of scrambled Sobol sets of `points` each, one after the other, (r, n)."""
    from scipy.special import ndtri

    rngs = [np.random.default_rng(child(seed, i)) for i in range(sets)]
    uniform = [sobol(n, 2 ** ceil(log2(points)), rng) for rng in rngs]
    return ndtri(np.clip(np.concatenate(uniform), np.finfo(float).tiny, 1 - 2**-53))


def _correlation(device: Device, physical: tuple[int, ...]) -> Float[np.ndarray, "n n"]:
    """correlation**distance between qubits, distance counted in couplings."""
    if device.correlation == 0:
        return np.eye(len(physical))
    assert device.n_qubits is not None
    coupling = PyGraph()
    coupling.add_nodes_from(range(device.n_qubits))
    coupling.extend_from_edge_list(list(device.edges or combinations(range(device.n_qubits), 2)))
    distance = distance_matrix(coupling, null_value=np.inf)[np.ix_(physical, physical)]
    return device.correlation**distance


def _correlation_times_s(drift: str, longest_s: float, shortest_s: float) -> Float[np.ndarray, " c"]:
    """One correlation time for `ou`; for `pink` times in geometric steps from a shot to the longest."""
    if drift == "ou" or longest_s <= shortest_s:
        return np.array([longest_s])
    decades = np.log10(longest_s / shortest_s)
    return np.geomspace(shortest_s, longest_s, max(2, round(PINK_PER_DECADE * decades) + 1))


def _inflation(memory: Float[np.ndarray, " c"], realizations: int) -> float:
    """1 + 2 sum_j (1 - j/K) rho_j with rho_j the detunings' autocorrelation.

    No function of Gaussian detunings is correlated more than they are (Gebelein 1941), so this bounds it for every result.
    """
    lags = np.arange(1, realizations)
    rho = (memory[:, None] ** lags).mean(axis=0)
    return float(1 + 2 * np.sum((1 - lags / realizations) * rho))
