"""What a scheduled circuit is predicted to lose: control errors, dephasing and readout in closed form, without simulation.

Each part is a factor of a process fidelity, and the loss is the sum of -log of the factors. Quasi-static dephasing is taken at
the T2* that qubits have in circuits. Free evolution adds up between two pulses that move a qubit, diagonal gates included. It
costs nothing before the first such pulse, nor after the qubit's last gate. Residual exchange is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from typing import final

from hybrid.compilation.infidelity import DIAGONAL, commuting_infidelity, control_error, in_circuits, pulse_infidelity
from hybrid.compilation.schedule import Schedule
from hybrid.device.device import Device


def predicted_loss(schedule: Schedule, device: Device, physical: tuple[int, ...], read: Iterable[int]) -> float:
    """-log of the predicted fidelity of a schedule whose qubit i is `physical[i]`, its qubits `read` being read at the end."""
    context = any(len(timed.qubits) > 1 for timed in schedule.operations)
    dephased = in_circuits(device) if context else device
    waiting = [Waiting(dephased, where) for where in physical]
    loss = 0.0
    for gate, qubits, start_s, duration_s in schedule.operations:
        native = device.gates[gate.name]
        if native.virtual:
            continue
        loss += gate_loss(device, dephased, gate.name, tuple(sorted(physical[q] for q in qubits)))
        for q in qubits:
            loss += waiting[q].until(start_s, duration_s, moves=gate.name not in DIAGONAL, detunes=not native.echoed)
    loss += sum(qubit.dephasing() for qubit in waiting)
    assert device.init_error is not None and device.readout_p01 is not None and device.readout_p10 is not None
    used = [qubit.where for qubit in waiting if qubit.end_s > 0]
    loss -= sum(log(1 - device.init_error[where]) for where in used)
    return loss - sum(log(1 - (device.readout_p01[physical[q]] + device.readout_p10[physical[q]]) / 2) for q in read)


@lru_cache(maxsize=4096)
def gate_loss(device: Device, dephased: Device, name: str, where: tuple[int, ...]) -> float:
    """-log of a gate's process fidelity: of the control, and of the dephasing during a gate that moves its qubits."""
    native, d = device.gates[name], 2 ** len(where)
    infidelity = control_error(device, native, where)
    if name not in DIAGONAL:
        dephasing = pulse_infidelity if len(where) == 1 else commuting_infidelity
        infidelity += dephasing(dephased, where, native.duration_s[where])
    return -log(max(1 - infidelity * (d + 1) / d, 1 / d**2))


@final
@dataclass(slots=True)
class Waiting:
    """One qubit between pulses that move it: how long it has evolved freely, with and without detuning."""

    device: Device
    where: int
    moved: bool = False
    end_s: float = 0.0
    detuned_s: float = 0.0
    relaxed_s: float = 0.0

    def until(self, start_s: float, duration_s: float, *, moves: bool, detunes: bool) -> float:
        """What the wait before a gate that begins now has cost, where the gate moves the qubit; otherwise it goes on."""
        self.wait(start_s, duration_s, moves=moves, detunes=detunes)
        if not moves:
            return 0.0
        lost = self.dephasing()
        self.move()
        return lost

    def wait(self, start_s: float, duration_s: float, *, moves: bool, detunes: bool) -> None:
        """The time up to and with a gate that begins at `start_s`."""
        idle_s, self.end_s = start_s - self.end_s, start_s + duration_s
        self.detuned_s += idle_s + duration_s * (detunes and not moves)
        self.relaxed_s += idle_s + duration_s * (not moves)

    def move(self) -> None:
        """A gate has moved the qubit: another wait begins."""
        self.moved, self.detuned_s, self.relaxed_s = True, 0.0, 0.0

    def dephasing(self) -> float:
        """-log of the process fidelity (1 + 2 c + e^(-t/T1))/4 of the free evolution so far, with c its contrast."""
        contrast, kept = self.left()
        return -log((1 + 2 * contrast + kept) / 4)

    def left(self) -> tuple[float, float]:
        """What the free evolution so far leaves of X and Y, c = e^(-t/T2) e^(-(t/T2*)^2), and of Z, e^(-t/T1)."""
        if not self.moved:
            return 1.0, 1.0
        assert self.device.t1_s is not None and self.device.t2_echo_s is not None
        exponent = self.relaxed_s / self.device.t2_echo_s[self.where]
        if self.device.t2_star_s is not None:
            exponent += (self.detuned_s / self.device.t2_star_s[self.where]) ** 2
        return exp(-exponent), exp(-self.relaxed_s / self.device.t1_s[self.where])
