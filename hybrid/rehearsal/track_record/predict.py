"""One published experiment predicted: nominal, and over machines that the published numbers may stand for."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from hybrid.base.randomness import TrackRecordStream, child
from hybrid.compilation.loss import predicted_loss
from hybrid.compilation.schedule import schedule_all
from hybrid.compilation.transpile import IsaCircuit, to_isa
from hybrid.device.device import Device
from hybrid.measure.device_interval import DEVICES, SHARE
from hybrid.measure.execution import Conditions
from hybrid.measure.other_devices import common_scores, distributions_on
from hybrid.measure.set_up import engine, set_up
from hybrid.rehearsal.track_record.choice import Choice, Uses
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.kinds import KINDS
from hybrid.rehearsal.track_record.scored import ScoredCircuit
from hybrid.rehearsal.track_record.spread import other_machines, places

PROFILES = Path(__file__).parent / "devices"
ROUTINGS = 4
"""Of so many routings the best is taken, where a run takes the best of 20: for time."""
EXACT_GATES = 200
"""Circuits of more two-qubit gates are simulated on the nominal machine alone, and scaled to others: for time."""
NO_ANGLES = np.zeros((1, 0))


class Prediction(NamedTuple):
    """A predicted result, the ends of its interval over machines, and the most two-qubit gates of one of its circuits.

    `scaled`: the interval is the nominal value scaled by the predicted losses, and not simulated.
    """

    value: float
    low: float
    high: float
    two_qubit_gates: int
    scaled: bool


def profile(experiment: PublishedExperiment) -> Device:
    """The profile of the experiment's machine."""
    return Device.load(str(PROFILES / f"{experiment.device}.toml"))


def predict(experiment: PublishedExperiment, machines: int = DEVICES, *, first_rule: bool = False) -> Prediction:
    """The result on the nominal machine, and its interval over so many (a power of two) that it may stand for.

    `first_rule`: all of these run the circuit on qubits at random, as intervals were computed at first.
    """
    device, root = profile(experiment), _seed(experiment)
    compiled = [
        RebuiltCircuit(scored, device, child(root, TrackRecordStream.DETUNINGS))
        for scored in KINDS[experiment.kind](experiment, device)
    ]
    value = _sum(compiled, [one.nominal for one in compiled])
    qubits = _qubits(compiled)
    choice = None if first_rule else Choice(_uses(compiled), places(device, qubits), child(root, TrackRecordStream.PLACES))
    others = other_machines(device, qubits, machines, child(root, TrackRecordStream.MACHINES), choice)
    gates = max(one.two_qubit_gates for one in compiled)
    scaled = gates > EXACT_GATES and all(one.scored.outcome is not None for one in compiled)
    scores = [[one.scaled_to(other) if scaled else one.on(other) for one in compiled] for other in others]
    values = [_sum(compiled, of_machine) for of_machine in scores]
    low, high = np.quantile(values, [(1 - SHARE) / 2, (1 + SHARE) / 2], method="weibull").tolist()
    return Prediction(value, low, high, gates, scaled)


def _seed(experiment: PublishedExperiment) -> np.random.SeedSequence:
    """An experiment's own: it does not depend on the others."""
    return np.random.SeedSequence(int.from_bytes(hashlib.sha256(experiment.id.encode()).digest()[:8]))


def _sum(compiled: Sequence["RebuiltCircuit"], scores: Sequence[float]) -> float:
    return float(sum(one.scored.share * score for one, score in zip(compiled, scores, strict=True)))


def _uses(compiled: Sequence["RebuiltCircuit"]) -> Uses:
    """How often the circuits suffer each published error of a gate or a reading; all of their qubits are read."""
    uses: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for one in compiled:
        circuit, physical = one.isa.circuit, one.isa.physical
        for item in circuit.data:
            place = tuple(sorted(physical[circuit.find_bit(bit).index] for bit in item.qubits))
            uses[f"gates.{item.operation.name}.error", place] += 1
    halves = {(key, (q,)): len(compiled) / 2 for key in ("readout_p01", "readout_p10") for q in _qubits(compiled)}
    return {**uses, **halves}


def _qubits(compiled: Sequence["RebuiltCircuit"]) -> list[int]:
    """The qubits of the device on which the circuits run."""
    return sorted({q for one in compiled for q in one.isa.physical})


@final
class RebuiltCircuit:
    """A circuit on the nominal machine's qubits, with its pulses in order."""

    def __init__(self, scored: ScoredCircuit, device: Device, detunings: np.random.SeedSequence) -> None:
        self.scored, self.device = scored, device
        if scored.places is None:
            self.isa = to_isa(scored.circuit, device, routings=ROUTINGS)
        else:
            self.isa = IsaCircuit(scored.circuit, tuple(scored.places), tuple(range(len(scored.places))))
        execution = set_up(self.isa, [self.isa.circuit], device, engine(), Conditions(), as_listed=scored.places is not None)
        self._recipe = execution.recipe
        self._detunings = common_scores(execution.recipe, detunings)
        self._schedule = schedule_all(execution.recipe.circuits, device, self.isa.physical)[0]
        self.two_qubit_gates = sum(len(item.qubits) == 2 and item.operation.name != "barrier" for item in self.isa.circuit.data)
        self.nominal = self._score(execution.distributions(NO_ANGLES, detunings)[0, :, 0].mean(axis=0))

    def on(self, device: Device) -> float:
        """The score on another machine: the same pulses in the same order, all machines under the same detunings."""
        return self._score(distributions_on(self._recipe, device, engine(), NO_ANGLES, self._detunings)[0, 0])

    def scaled_to(self, device: Device) -> float:
        """The score S on another machine by what it is predicted to lose, for a circuit with one right outcome and a score that
        is 0 for guessing:

            S = R (S0 / R0)^(L / L0)                                                                                       (1)

        with R the probability that all qubits read that outcome right, L the predicted loss of gates and waiting, and 0 the
        nominal machine. To first order every error takes its share of -log S.
        """
        before = self.nominal / self._read_right(self.device)
        return self._read_right(device) * before ** (self._loss(device) / self._loss(self.device))

    def _loss(self, device: Device) -> float:
        """-log of the predicted fidelity but for the readout, on a machine whose gates take as long as the nominal one's."""
        return predicted_loss(self._schedule, device, self.isa.physical, ())

    def _read_right(self, device: Device) -> float:
        assert self.scored.outcome is not None and device.readout_p01 is not None and device.readout_p10 is not None
        right = 1.0
        for qubit, place in enumerate(self.isa.layout):
            wrong = device.readout_p10 if self.scored.outcome >> qubit & 1 else device.readout_p01
            right *= 1 - wrong[self.isa.physical[place]]
        return right

    def _score(self, probabilities: Float[np.ndarray, " d"]) -> float:
        return self.scored.score(_in_order(probabilities, self.isa))


def _in_order(probabilities: Float[np.ndarray, " d"], isa: IsaCircuit) -> Float[np.ndarray, " d"]:
    """Outcome probabilities with bit v that of circuit qubit v, which sits at `layout[v]`."""
    n = len(isa.physical)
    assert sorted(isa.layout) == list(range(n)), "a qubit without gates"
    axes = [n - 1 - isa.layout[v] for v in reversed(range(n))]  # axis 0 is the highest bit
    return np.clip(probabilities.reshape((2,) * n).transpose(axes).reshape(-1), 0.0, None)
