"""Kinds of experiments, one file each: `circuits(experiment, device)` gives the scored circuits of one."""

from collections.abc import Callable

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.kinds import (
    bernstein_vazirani,
    ghz_hellinger,
    kernel_mirror,
    linear_ramp_qaoa,
    qft,
    state,
    wormhole_teleportation,
)
from hybrid.rehearsal.track_record.scored import ScoredCircuit

KINDS: dict[str, Callable[[PublishedExperiment, Device], list[ScoredCircuit]]] = {
    module.__name__.rpartition(".")[2]: module.circuits
    for module in (bernstein_vazirani, ghz_hellinger, kernel_mirror, linear_ramp_qaoa, qft, state, wormhole_teleportation)
}
