"""Every choice that a user has about how values are measured, in one table. Standard library only."""

from hybrid.base.errors import UsageError

GRADIENTS = ("auto", "adjoint", "parameter-shift", "finite-difference", "spsa")
GROUPINGS = ("qwc", "general", "none")
ALLOCATIONS = ("uniform", "weighted", "adaptive")
MITIGATIONS = ("none", "readout")
DD = ("none", "echo", "xy4")
WORDS = {"gradient": GRADIENTS, "grouping": GROUPINGS, "mitigate": MITIGATIONS, "dd": DD, "allocation": ALLOCATIONS}
"""Option -> its allowed values."""


def gradient_method(asked: str, shots: int) -> str:
    """The gradient method, `auto` resolved; UsageError for the adjoint method with shots, which is impossible."""
    if asked == "adjoint" and shots:
        raise UsageError("gradient adjoint is that of infinitely many shots; with --shots take parameter-shift, or spsa.")
    return ("parameter-shift" if shots else "adjoint") if asked == "auto" else asked
