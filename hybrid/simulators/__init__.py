"""Simulator backends, one file each, and the exact engine in `engine/`.

Imports `device` (channels, readout) and `base`; each simulator's package is imported in its own file alone. Offers the
members of the family backends; `catalog` loads them by name.
"""
