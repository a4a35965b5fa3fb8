"""What a result says of other devices: drawn within the profile's ranges, fewer of them or none where that takes long."""

from typing import Any

import numpy as np

from hybrid.base.errors import HybridError
from hybrid.base.randomness import DevicesStream, child
from hybrid.base.types import NO_MITIGATION, Point
from hybrid.device.device import Device
from hybrid.device.ranges import drawn, ranged, shares
from hybrid.measure.device_interval import DEVICES, LEAST_DEVICES, device_interval
from hybrid.runs.loss import Measurement

INTERVAL_QUBITS = 10
"""Up to so many qubits a result says what other devices would give; wider, that takes minutes."""
FEW_QUBITS = 6
MOST_SECONDS = {True: 8.0, False: 18.0}
"""CPU time, by the upper estimate, up to `FEW_QUBITS` qubits and beyond: less than a third of a run of a minute. It is a matter
of the circuits alone, so that the same run reports the same bytes."""


NO_RANGES = "the profile states no ranges"
"""Why there is no interval, where there is nothing to sample."""


def sampled(measurement: Measurement, x: Point, device: Device, seed: np.random.SeedSequence, sign: int) -> dict[str, Any]:
    """The device interval of the loss at x, in the reported sign, as it is recorded; or why it was left out."""
    used = [program.resources for program in measurement.programs]
    n_qubits = max(resources.n_qubits for resources in used)
    if measurement.mitigation._replace(readout="") != NO_MITIGATION:
        return left_out("not with error mitigation beyond the readout's")
    if n_qubits > INTERVAL_QUBITS:
        return left_out(f"more than {INTERVAL_QUBITS} qubits")
    numbers = ranged(device, {q for resources in used for q in resources.physical})
    if not numbers:
        return left_out(NO_RANGES)
    count, each_s = DEVICES, measurement.seconds_per_device()
    while count * each_s > MOST_SECONDS[n_qubits <= FEW_QUBITS]:
        count //= 2
        if count < LEAST_DEVICES:
            return left_out("it would take too long for this loss")
    at = shares(count, len(numbers), child(seed, DevicesStream.NUMBERS))
    devices = [device, *(drawn(device, numbers, row) for row in at)]
    try:
        values = sign * measurement.on_devices(x, devices, child(seed, DevicesStream.DETUNINGS))
    except HybridError as error:  # a device whose readout cannot be corrected, say; the run's own result stands
        return left_out(str(error))
    return device_interval(float(values[0]), values[1:], [number.key for number in numbers], at, maximize=sign < 0)._asdict()


def left_out(reason: str) -> dict[str, Any]:
    """What is recorded where there is no interval, and why."""
    return {"left_out": reason}
