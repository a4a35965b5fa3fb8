"""Capability of a device profile: mirror circuits and quantum volume on the stand-in.

The published grid of circuits is `hybrid.bench.scores`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from hybrid.characterization.apparatus import apparatus_for, results
from hybrid.characterization.mirror import mirror
from hybrid.characterization.result import Row
from hybrid.characterization.volume import quantum_volume
from hybrid.device.device import Device

EXPERIMENTS = {"mirror": mirror, "quantum_volume": quantum_volume}
SHOTS = 1000


@final
@dataclass(frozen=True, kw_only=True)
class Capability:
    """The result of both experiments; `shots` are those of each circuit."""

    device: str
    physics: str
    simulator: str
    caveat: str
    shots: int
    seed: int
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as one JSON object."""
        about = {key: getattr(self, key) for key in ("device", "physics", "simulator", "caveat", "shots", "seed")}
        return about | {"rows": [row.to_json() for row in self.rows]}


def capability(
    device: str | Device,
    *,
    only: Sequence[str] | None = None,
    shots: int = SHOTS,
    seed: int = 0,
    backend: str = "aer",
    threads: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Capability:
    """Both experiments, or `only` one. UsageError: an ideal device, an unknown experiment, what device or backend refuse."""
    loaded = device if isinstance(device, Device) else Device.load(device)
    apparatus = apparatus_for(loaded, backend, shots, threads)
    outcomes = results(EXPERIMENTS, apparatus, only, seed, progress)
    return Capability(
        device=loaded.label,
        physics=loaded.title,
        simulator=apparatus.simulator,
        caveat=loaded.caveat,
        shots=shots,
        seed=seed,
        rows=tuple(row for outcome in outcomes for row in outcome.rows),
    )
