"""What every room may use: types, errors, files, randomness, printed numbers.

Imports nothing of the package. Offers the public types, the errors, one table of seed streams, and small helpers on files and
this machine.
"""
