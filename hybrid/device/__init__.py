"""Devices: profile files and their options, quasi-static detunings, error channels, readout.

Imports `catalog` for names of profiles, and `base`; reading a profile needs the standard library alone. Offers `Device`, the
canonical name of a device, detuning draws, channels as matrices, readout.
"""
