"""The self-test of the stand-in: experiments of a laboratory through the whole stack, compared with the device's profile.

Circuits, schedule, backend, counts and fits are those of every run. It shows that the stack reproduces the numbers of the
profile, and says nothing about MeluXina-Q. Imports `measure` and the rooms below it. Offers `characterize` and `capability`.
"""

from collections.abc import Callable, Sequence

from hybrid.base.errors import UsageError
from hybrid.characterization.apparatus import Experiment, apparatus_for, results
from hybrid.characterization.benchmarking import rb1, rb2
from hybrid.characterization.coherence import echo, ramsey, t1
from hybrid.characterization.entanglement import bell, ghz
from hybrid.characterization.readout import readout
from hybrid.characterization.result import Characterization
from hybrid.characterization.volume import quantum_volume
from hybrid.device.device import Device

EXPERIMENTS: dict[str, Experiment] = {
    experiment.__name__: experiment for experiment in (t1, ramsey, echo, rb1, rb2, readout, bell, ghz, quantum_volume)
}
SHOTS, FEWEST_SHOTS = 1000, 100


def characterize(
    device: str | Device,
    *,
    only: Sequence[str] | None = None,
    dephasing: str | None = None,
    seed: int = 0,
    shots: int = SHOTS,
    backend: str = "aer",
    threads: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Characterization:
    """Experiments (`only` some) on the first ten qubits of a device, `shots` per circuit; `progress` gets the name of each.

    Draws of an experiment do not depend on the choice of the others. UsageError: an ideal device, an unknown experiment, fewer
    than 100 shots, what the device or the backend refuse.
    """
    if isinstance(device, Device) and dephasing is not None:
        raise UsageError("dephasing: this device is loaded already; give it to Device.load.")
    loaded = device if isinstance(device, Device) else Device.load(device, dephasing=dephasing)
    apparatus = apparatus_for(loaded, backend, shots, threads)
    if shots < FEWEST_SHOTS:
        raise UsageError(f"shots: {shots} per circuit are too few for standard errors; give {FEWEST_SHOTS} or more.")
    outcomes = results(EXPERIMENTS, apparatus, only, seed, progress)
    return Characterization(
        device=loaded.label,
        physics=loaded.title,
        dephasing=loaded.dephasing,
        simulator=apparatus.simulator,
        caveat=loaded.caveat,
        shots=shots,
        seed=seed,
        rows=tuple(row for outcome in outcomes for row in outcome.rows),
        curves=tuple(curve for outcome in outcomes for curve in outcome.curves),
        notes=tuple(note for outcome in outcomes for note in outcome.notes),
    )
