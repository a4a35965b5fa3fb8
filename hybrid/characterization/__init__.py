"""The self-test of the stand-in: experiments of a laboratory run through the whole stack, beside what the profile states.

Circuits, schedule, backend, counts and fits are those of every run. It shows that the stack delivers what the profile
states, and says nothing about MeluXina-Q. Imports `measure` and the rooms below it. Offers `characterize` and `capability`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.randomness import child
from hybrid.characterization.apparatus import Apparatus
from hybrid.characterization.benchmarking import rb1, rb2
from hybrid.characterization.coherence import echo, ramsey, t1
from hybrid.characterization.entanglement import bell, ghz
from hybrid.characterization.readout import readout
from hybrid.characterization.result import Characterization, ExperimentResult
from hybrid.characterization.volume import quantum_volume
from hybrid.device.device import Device

EXPERIMENTS: dict[str, Callable[[Apparatus, np.random.SeedSequence], ExperimentResult]] = {
    found.__name__: found for found in (t1, ramsey, echo, rb1, rb2, readout, bell, ghz, quantum_volume)
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
    """Experiments (`only` some) on the first ten qubits of a device; `shots` per circuit; `progress` hears each one's name.

    Draws of an experiment do not depend on which others are made. UsageError: an ideal device, an unknown experiment, fewer
    than 100 shots, what the device or the backend refuse.
    """
    if isinstance(device, Device) and dephasing is not None:
        raise UsageError("dephasing: this device is loaded already; give it to Device.load.")
    loaded = device if isinstance(device, Device) else Device.load(device, dephasing=dephasing)
    if not loaded.noisy:
        raise UsageError(f"device '{loaded.label}' is perfect: there is nothing to characterize; give one with native gates.")
    if shots < FEWEST_SHOTS:
        raise UsageError(f"shots: {shots} per circuit are too few for standard errors; give {FEWEST_SHOTS} or more.")
    for name in only or ():
        if name not in EXPERIMENTS:
            raise unknown("experiment", name, EXPERIMENTS)
    bench = Apparatus(loaded, catalog.load(catalog.parse("backends", backend))(), shots, threads)
    outcomes = []
    for index, (name, experiment) in enumerate(EXPERIMENTS.items()):
        if not only or name in only:
            progress(name)
            outcomes.append(experiment(bench, child(seed, index)))
    return Characterization(
        device=loaded.label,
        physics=loaded.title,
        dephasing=loaded.dephasing,
        simulator=bench.simulator,
        caveat=loaded.caveat,
        shots=shots,
        seed=seed,
        rows=tuple(row for outcome in outcomes for row in outcome.rows),
        curves=tuple(curve for outcome in outcomes for curve in outcome.curves),
        notes=tuple(note for outcome in outcomes for note in outcome.notes),
    )
