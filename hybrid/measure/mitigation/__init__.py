"""Methods of error mitigation, one file per method.

Imports `compilation` and `base`. A member returns the parts of a measurement that it changes (`hybrid.base.types.Mitigation`).
"""
