"""Circuit and device to an ISA circuit: layout, routing, schedule, decoupling, and the noise of the schedule.

Imports `device`, `base` and Qiskit. Offers `to_isa`, `schedule`, `decouple`, the noise description, and the resources of
compiled circuits.
"""

FIRST_COMPILER, COMPILER = 1, 2
"""Versions of layout, routing and order of pulses, recorded with a run. The first kept the order in which gates are listed."""
