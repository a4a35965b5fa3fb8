"""Where a circuit's fidelity goes: its distribution of outcomes on a device, without each part of the noise in turn."""

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.randomness import SampleStream, child
from hybrid.compilation.classical_bits import final_measurements
from hybrid.compilation.noise import PARTS
from hybrid.compilation.resources import Resources
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.measure.estimate import error_of_means
from hybrid.measure.execution import Conditions
from hybrid.measure.sample_fidelity import BLIND
from hybrid.measure.sampling import IDEAL_QUBITS, ideal_distribution, named_circuit, with_measurements
from hybrid.measure.set_up import set_up
from hybrid.review.error_budget import INTERACTION, Amount, Contribution

ADVICE = {
    "readout": "hybrid sample --mitigate readout corrects it.",
    "initialisation": "hybrid sample --mitigate readout corrects it with the readout.",
    "dephasing while idle": "try --dd echo or --dd xy4.",
    "two-qubit control": "fewer two-qubit gates.",
}
Sets = Float[np.ndarray, " c"]
"""A fidelity for each of c independent sets of detunings."""


@final
@dataclass(frozen=True, kw_only=True)
class CircuitBudget:
    """What each part of the noise costs a circuit: 1 - fidelity = sum of the contributions, the largest first.

    Fidelities are (sum sqrt(p q))^2 of the distributions with and without noise, for infinitely many shots. A part costs the
    fidelity without it minus that with all noise; `alone` is 1 minus the fidelity with this part only; the interaction is the
    rest. `uniform_fidelity` is that of the uniform distribution: a circuit where it is near 1 cannot tell noise.
    """

    circuit: str
    device: str
    physics: str
    simulator: str
    dd: str
    realizations: int
    duration_s: float | None
    fidelity: Amount
    uniform_fidelity: float
    contributions: tuple[Contribution, ...]
    caveat: str

    @property
    def blind_to_noise(self) -> bool:
        """Whether the ideal distribution is nearly uniform."""
        return self.uniform_fidelity >= BLIND

    @property
    def largest(self) -> Contribution:
        """The part that costs most."""
        return max((part for part in self.contributions if part.name != INTERACTION), key=lambda part: part.value)

    @property
    def advice(self) -> str:
        """What to do about the largest part."""
        return ADVICE.get(self.largest.name, "a shorter circuit.")

    def to_json(self) -> dict[str, Any]:
        """The budget as one JSON object."""
        parts = [part._asdict() | {"alone": part.alone and part.alone._asdict()} for part in self.contributions]
        more = {"blind_to_noise": self.blind_to_noise, "largest": self.largest.name, "advice": self.advice}
        return asdict(self) | {"fidelity": self.fidelity._asdict(), "contributions": parts} | more


class Asked(NamedTuple):
    """How a circuit is to be explained."""

    device: str = "meluxina-q"
    dd: str = "none"
    backend: str = "exact"
    realizations: int | None = None
    threads: int = 1
    measure_all: bool = False


def explain_circuit(circuit: str | Path, *, bind: Mapping[str, float] | None = None, asked: Asked) -> CircuitBudget:
    """The budget of a circuit, by name or in a file, with the detunings of `hybrid sample` of seed 0.

    UsageError as `hybrid.sample`, for a device without noise and for measurements in mid-circuit.
    """
    device = Device.load(asked.device)
    if not device.noisy:
        raise UsageError(
            f"device '{device.label}' has no noise, so a circuit loses no fidelity on it; take --device meluxina-q."
        )
    measured = with_measurements(named_circuit(circuit, bind), asked.measure_all)
    split = final_measurements(measured)
    if split is None or split[0].num_qubits > IDEAL_QUBITS:
        raise UsageError(f"{circuit}: only circuits of at most {IDEAL_QUBITS} qubits that are read at their end are explained.")
    body, read = split
    isa, ideal = to_isa(body, device), ideal_distribution(body, read)
    backend, detunings = catalog.load(catalog.parse("backends", asked.backend))(), child(0, SampleStream.DETUNINGS)

    def fidelity(without: Set[str]) -> tuple[Sets, Resources]:
        """For each set of detunings, and what the circuit takes."""
        conditions = Conditions(0, asked.realizations, asked.threads, asked.dd, without)
        execution = set_up(isa, [isa.circuit], device, backend, conditions)
        sets = np.clip(execution.distributions(np.zeros((1, 0)), detunings)[0, :, 0], 0.0, None)
        place = read.bits(np.arange(sets.shape[1], dtype=np.uint64), isa.layout).astype(np.int64)
        shares = np.array([np.bincount(place, weights=row, minlength=len(ideal)) for row in sets])
        return np.sqrt(shares * ideal).sum(axis=1) ** 2, execution.resources

    (noisy, resources), everything = fidelity(frozenset()), set(PARTS)
    less = [fidelity({part})[0] - noisy for part in PARTS]
    alone = [1 - fidelity(everything - {part})[0] for part in PARTS]
    rows = [Contribution(part, *_mean(a), _mean(b)) for part, a, b in zip(PARTS, less, alone, strict=True)]
    rows.append(Contribution(INTERACTION, *_mean(1 - noisy - sum(less))))
    return CircuitBudget(
        circuit=str(circuit),
        device=device.label,
        physics=device.title,
        simulator=resources.simulator,
        dd=asked.dd,
        realizations=resources.realizations,
        duration_s=resources.duration_s,
        fidelity=_mean(noisy),
        uniform_fidelity=float(np.sqrt(ideal).sum() ** 2 / len(ideal)),
        contributions=tuple(sorted(rows, key=lambda row: -row.size)),
        caveat=device.caveat,
    )


def _mean(sets: Sets) -> Amount:
    """Over independent sets, of which there may be one (where a part without dephasing is left) or several."""
    return Amount(float(sets.mean()), float(error_of_means(np.atleast_1d(sets)[None])[0]))
