"""How well a device does: circuits of published benchmarks sampled on it, scored against their exact distributions.

`grid@1` are GHZ on 3 and 10 qubits, QFT on 4 and 10, exact phase estimation on 4 and 10 and Grover on 4 and 6, as MQT Bench
writes them target-independently in OpenQASM 2 (Quetschlich et al., Quantum 7, 1062, 2023), with 10,000 shots. The score is the
Hellinger fidelity (sum sqrt(p q))^2; rescaled so that uniform counts are worth 0 (Lubinski et al., arXiv:2110.03137).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.circuit_file import read_circuit
from hybrid.device import Device
from hybrid.sampling import Sample, sample

WIDTHS = {"ghz": (3, 10), "qft": (4, 10), "qpeexact": (4, 10), "grover": (4, 6)}
GRID = tuple((name, n) for name, widths in WIDTHS.items() for n in widths)
FOLDER = Path(__file__).with_name("grid")
SHOTS = 10_000


class Score(NamedTuple):
    """One circuit on a device; `found` is None where it has more qubits than the device."""

    circuit: str
    n_qubits: int
    found: Sample | None

    def to_json(self) -> dict[str, Any]:
        """The score as one JSON object, without the counts."""
        keys = ("fidelity", "fidelity_stderr", "perfect_fidelity", "uniform_fidelity", "rescaled_fidelity", "blind_to_noise")
        keys += ("depth", "two_qubit_depth", "duration_s", "native_gates")
        told = {key: None if self.found is None else getattr(self.found, key) for key in keys}
        return {"circuit": self.circuit, "n_qubits": self.n_qubits, **told}


def score(
    device: Device,
    *,
    backend: str = "aer",
    shots: int = SHOTS,
    realizations: int | None = None,
    seed: int = 0,
    threads: int = 1,
    watch: Callable[[str], None] = lambda name: None,
) -> list[Score]:
    """Every circuit of grid@1 on the device, in the order of the grid; UsageError as `sample`."""
    found = []
    for name, n in GRID:
        watch(f"{name} on {n} qubits")
        how = {"backend": backend, "shots": shots, "realizations": realizations, "seed": seed, "threads": threads}
        fits = device.n_qubits is None or n <= device.n_qubits
        found.append(Score(name, n, sample(read_circuit(FOLDER / f"{name}_{n}.qasm"), device=device, **how) if fits else None))
    return found
