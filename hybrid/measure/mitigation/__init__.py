"""Error mitigation, one file per method.

Imports `measure` and the rooms below it. Offers readout correction and zero-noise extrapolation.
"""
