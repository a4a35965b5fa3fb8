"""Post-selection: shots outside the symmetry sector of the state are left out."""

from typing import Literal

from hybrid.base.types import Mitigation

STAGE = "selection"


def symmetry(*, by: Literal["auto", "parity", "number"] = "auto") -> Mitigation:
    """Shots that violate a symmetry of observable and circuit are left out, where the measured basis shows it (Bonet-Monroig et
    al., PRA 98, 062339, 2018). `parity`: strings of one Pauli letter; `number`: how many qubits are in |1>; `auto`: all."""
    return Mitigation(selection=by)
