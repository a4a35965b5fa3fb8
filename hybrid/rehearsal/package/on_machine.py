"""A machine's answers beside the rehearsal's: every circuit of a package run there, with a p-value for each.

Counts n_i of N shots are compared with the distribution q_i of the rehearsal by the likelihood ratio
    G = 2 sum_i n_i ln(n_i / (N q_i)),                                                                                    (1)
chi squared with one degree of freedom less than there are cells (Wilks, Ann. Math. Stat. 9, 60, 1938). Outcomes of which fewer
than `LEAST_EXPECTED` are expected share one cell; where even that cell expects fewer, it is left to an exact binomial test
and p is twice the smaller of both. Over all circuits p is corrected by Holm's method.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from scipy.stats import binom, chi2

from hybrid import catalog
from hybrid.base.errors import RecordError, UsageError
from hybrid.base.json_lines import load
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import DynamicBackend, ForeignBackend
from hybrid.bench.statistics import holm
from hybrid.catalog.circuit_file import read_circuit
from hybrid.rehearsal.package.circuits import ACCEPTANCE, FOLDER

LEAST_EXPECTED = 5.0
"""Expected counts of a cell below which the distribution of (1) is not chi squared (Cochran, Biometrics 10, 417, 1954)."""
ALPHA = 1e-3
"""A circuit differs if its corrected p is below: one package of a thousand does so by chance."""


ROUNDING = 1e-9
"""A share below this is what sums leave of zero."""


class CircuitComparison(NamedTuple):
    """One circuit: the mean of its terms on the machine with its standard error and as rehearsed, (1), its p and Holm's."""

    file: str
    mean: float
    stderr: float
    rehearsed: float
    noise_free: float
    g: float
    cells: int
    p: float
    p_holm: float


@final
@dataclass(frozen=True)
class MachineComparison:
    """All circuits of a device's package on one machine, with so many `shots` each."""

    device: str
    machine: str
    shots: int
    against: str
    circuits: tuple[CircuitComparison, ...]

    @property
    def differing(self) -> int:
        """How many circuits differ."""
        return sum(one.p_holm < ALPHA for one in self.circuits)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        total = len(self.circuits)
        if not self.differing:
            none = f"none of {total} circuits differs (p >= {ALPHA:g}, Holm)"
            return f"{self.machine} answers as rehearsed on {self.device}: {none}."
        return f"{self.machine} answers otherwise than rehearsed on {self.device}: {self.differing} of {total} circuits differ."

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        about = {"device": self.device, "machine": self.machine, "shots": self.shots, "against": self.against}
        return {"sentence": self.sentence, **about, "circuits": [one._asdict() for one in self.circuits]}


def compare(folder: Path, backend: str, shots: int, seed: int = 0) -> tuple[MachineComparison, ...]:
    """Run every circuit of a package on `qiskit:object=...` and compare it with the rehearsal, device by device.

    UsageError: no circuits in the package, a backend that is no machine, circuits that it cannot take. RecordError: acceptance
    numbers that cannot be read.
    """
    machine = catalog.load(catalog.parse("backends", backend))()
    if not isinstance(machine, ForeignBackend) or not isinstance(machine, DynamicBackend):
        raise UsageError(f"backend '{backend}': compares with itself; name a machine: --backend qiskit:object=module:name.")
    accepted = sorted((folder / FOLDER).glob(f"*/{ACCEPTANCE}"))
    if not accepted:
        raise UsageError(f"{folder}: holds no circuits to run on a machine.")
    return tuple(_device(path, machine, shots, seed) for path in accepted)


def _device(path: Path, machine: Any, shots: int, seed: int) -> MachineComparison:
    try:
        numbers = load(path.read_bytes())
        entries, device = numbers["circuits"], str(numbers["device"])
        key = "stand_in" if numbers["stand_in"] is not None else "noise_free"
        compared = [
            _compared(path.parent, entry, key, machine, shots, child(seed, RunStream.ON_MACHINE, number))
            for number, entry in enumerate(entries)
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{path}: these are no acceptance numbers ({type(error).__name__}: {error}).") from None
    corrected = holm([one.p for one in compared])
    circuits = tuple(one._replace(p_holm=p) for one, p in zip(compared, corrected, strict=True))
    against = "the device's profile" if key == "stand_in" else "no noise"
    return MachineComparison(device, str(machine.physics), shots, against, circuits)


def _compared(
    folder: Path, entry: dict[str, Any], key: str, machine: Any, shots: int, seed: np.random.SeedSequence
) -> CircuitComparison:
    circuit = _compact(read_circuit(folder / Path(entry["file"]).name))
    counts = {bits.replace(" ", ""): int(count) for bits, count in machine.run_dynamic(circuit, shots, seed, 1).items()}
    g, cells, p = g_test(counts, entry["probabilities"][key])
    shot_values = np.array([_value(entry["terms"], bits) for bits in counts])
    weights = np.array([*counts.values()], dtype=float) / sum(counts.values())
    mean = float(weights @ shot_values)
    stderr = float(np.sqrt(max(0.0, weights @ shot_values**2 - mean**2) / sum(counts.values())))
    return CircuitComparison(str(entry["file"]), mean, stderr, entry[key], entry["noise_free"], g, cells, p, p)


def _compact(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without its idle qubits, so that a smaller machine can take it; bits stay."""
    used = sorted({circuit.find_bit(qubit).index for instruction in circuit.data for qubit in instruction.qubits})
    place = {index: position for position, index in enumerate(used)}
    compact = QuantumCircuit(len(used), circuit.num_clbits)
    for instruction in circuit.data:
        qubits = [place[circuit.find_bit(qubit).index] for qubit in instruction.qubits]
        compact.append(instruction.operation, qubits, [circuit.find_bit(bit).index for bit in instruction.clbits])
    return compact


def _value(terms: list[dict[str, Any]], bits: str) -> float:
    """The value of one shot, bit 0 on the right: sum of coefficient x (-1)^parity, or whether all bits are zero."""
    read = bits[::-1]
    total = 0.0
    for term in terms:
        if "all_zeros_of_bits" in term:
            total += term["coefficient"] * all(read[bit] == "0" for bit in term["all_zeros_of_bits"])
        else:
            total += term["coefficient"] * (-1) ** sum(read[bit] == "1" for bit in term["bits"])
    return total


def g_test(counts: Mapping[str, int], expected: Mapping[str, float]) -> tuple[float, int, float]:
    """(1) with its number of cells and p, for counts and the probabilities of the likeliest outcomes; the rest is one cell."""
    shots = sum(counts.values())
    large = [outcome for outcome, share in expected.items() if shots * share >= LEAST_EXPECTED]
    n = np.array([counts.get(outcome, 0) for outcome in large], dtype=float)
    q = np.array([expected[outcome] for outcome in large], dtype=float)
    rest_n, rest_q = shots - n.sum(), max(0.0, 1.0 - q.sum())
    if shots * rest_q >= LEAST_EXPECTED:
        return _likelihood_ratio(np.append(n, rest_n), np.append(q, rest_q))
    p_rest = float(binom.sf(rest_n - 1, shots, rest_q if rest_q > ROUNDING else 0.0)) if rest_n else 1.0
    g, cells, p = _likelihood_ratio(n, q / q.sum()) if len(large) > 1 and n.sum() else (0.0, len(large), 1.0)
    return g, cells, min(1.0, 2 * min(p, p_rest))


def _likelihood_ratio(n: Float[np.ndarray, " c"], q: Float[np.ndarray, " c"]) -> tuple[float, int, float]:
    ratio = np.where(n > 0, n / (n.sum() * q), 1.0)
    g = max(0.0, 2 * float(n @ np.log(ratio)))
    return g, len(n), float(chi2.sf(g, len(n) - 1))
