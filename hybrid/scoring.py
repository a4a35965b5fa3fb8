"""Scores of a device's profile: the published grid of circuits, mirror circuits and quantum volume, on the stand-in.

The grid's score is the fidelity F = (sum sqrt(p q))^2 of counted and exact distribution, normalised so that the uniform
distribution U scores 0: (F - F_U)/(1 - F_U) (Lubinski et al., arXiv:2110.03137), not cut off at 0. Its QFT is applied to a
plane wave: on |0...0> the ideal output is uniform and every score would be void.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, final

import numpy as np

from hybrid import catalog
from hybrid.characterization.bench import Bench
from hybrid.characterization.mirror import mirror
from hybrid.characterization.result import Row
from hybrid.characterization.volume import quantum_volume
from hybrid.device import Device
from hybrid.errors import UsageError, unknown
from hybrid.randomness import child
from hybrid.sampling import sample

GRID = {
    "ghz:n=3": 3,
    "ghz:n=10": 10,
    "qft:n=4,state=wave": 4,
    "qft:n=10,state=wave": 10,
    "qpe:n=3,phase=0.375": 4,
    "qpe:n=9,phase=0.333984375": 10,
    "grover:n=4": 4,
    "grover:n=6": 6,
}
"""Circuits of the published grid with their qubits; phases are whole in binary digits, so that one outcome is right."""
PARTS = ("grid", "mirror", "quantum_volume")
SHOTS, EXPERIMENT_SHOTS, REALIZATIONS = 10_000, 1000, 20
EXPERIMENTS = {"mirror": mirror, "quantum_volume": quantum_volume}


class Scanned(NamedTuple):
    """One circuit of the grid: compiled depth, fidelity, and the normalised score with its standard error."""

    circuit: str
    n_qubits: int
    depth: int
    two_qubit_depth: int
    fidelity: float
    fidelity_stderr: float
    uniform_fidelity: float
    score: float
    score_stderr: float


@final
@dataclass(frozen=True, kw_only=True)
class Score:
    """What was scored; `shots` are those of the grid. `left_out` are circuits that are wider than the device."""

    device: str
    physics: str
    simulator: str
    caveat: str
    shots: int
    seed: int
    grid: tuple[Scanned, ...]
    rows: tuple[Row, ...]
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The scores as one JSON object."""
        plain = asdict(self) | {"grid": [entry._asdict() for entry in self.grid], "left_out": list(self.left_out)}
        return plain | {"rows": [row.to_json() for row in self.rows]}


def score(
    device: str | Device,
    *,
    only: Sequence[str] | None = None,
    shots: int = SHOTS,
    seed: int = 0,
    backend: str = "aer",
    threads: int = 1,
    widest: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Score:
    """All parts, or `only` some; the grid up to `widest` qubits. Quasi-static detunings are drawn 20 times for each circuit.

    UsageError: an ideal device, an unknown part, what device and backend refuse.
    """
    loaded = device if isinstance(device, Device) else Device.load(device)
    if not loaded.noisy:
        raise UsageError(f"device '{loaded.label}' is perfect: there is nothing to score; give one with native gates.")
    for name in only or ():
        if name not in PARTS:
            raise unknown("part of the score", name, PARTS)
    limit = min(loaded.n_qubits or 0, widest or max(GRID.values()))
    bench = Bench(loaded, catalog.load(catalog.parse("backends", backend))(), EXPERIMENT_SHOTS, threads)
    grid, rows = [], []
    for name in GRID if not only or "grid" in only else ():
        if GRID[name] <= limit:
            progress(name)
            grid.append(scanned(name, loaded, shots, seed, backend, threads))
    for index, (name, experiment) in enumerate(EXPERIMENTS.items()):
        if not only or name in only:
            progress(name)
            rows += experiment(bench, child(np.random.SeedSequence(seed), index)).rows
    return Score(
        device=loaded.label,
        physics=loaded.title,
        simulator=bench.simulator,
        caveat=loaded.caveat,
        shots=shots,
        seed=seed,
        grid=tuple(grid),
        rows=tuple(rows),
        left_out=tuple(name for name in GRID if GRID[name] > limit),
    )


def scanned(name: str, device: Device, shots: int, seed: int, backend: str, threads: int) -> Scanned:
    """One circuit of the grid sampled and scored."""
    circuit = catalog.load(catalog.parse("circuits", name))()
    drawn = REALIZATIONS if device.dephasing == "quasistatic" else None
    found = sample(circuit, device=device, backend=backend, shots=shots, realizations=drawn, seed=seed, threads=threads)
    assert found.fidelity is not None and found.fidelity_stderr is not None and found.uniform_fidelity is not None
    even = found.uniform_fidelity
    return Scanned(
        name,
        circuit.num_qubits,
        found.depth,
        found.two_qubit_depth,
        found.fidelity,
        found.fidelity_stderr,
        even,
        (found.fidelity - even) / (1 - even),
        found.fidelity_stderr / (1 - even),
    )
