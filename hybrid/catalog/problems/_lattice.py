"""Bonds of chains and of rectangular patches, open or periodic."""

from rustworkx import PyGraph, two_color

from hybrid.base.errors import UsageError
from hybrid.catalog.problems._inputs import MAX_QUBITS, check_size

Bonds = list[tuple[int, int]]


def lattice(owner: str, n: int, rows: int, periodic: bool, least: int = 2) -> tuple[int, Bonds]:
    """Sites and nearest-neighbour bonds of `rows` rows of n sites, site x + n y; every bond once.

    Bonds along the rows come first, then those across, then those that wrap around. UsageError: n outside `least`..1000, fewer
    than one row, more than 1000 sites, a periodic direction of two sites (its two bonds would coincide).
    """
    check_size(owner, n, least)
    if rows < 1 or n * rows > MAX_QUBITS:
        raise UsageError(f"problem '{owner}': rows must lie between 1 and {MAX_QUBITS // n} for n={n}, not {rows}.")
    if periodic and (n == 2 or rows == 2):
        raise UsageError(f"problem '{owner}': periodic directions need at least 3 sites; with 2 both bonds would coincide.")
    along = [(x + n * y, x + 1 + n * y) for y in range(rows) for x in range(n - 1)]
    across = [(x + n * y, x + n * (y + 1)) for y in range(rows - 1) for x in range(n)]
    wrapping: Bonds = []
    if periodic:
        wrapping += [(n * y, n - 1 + n * y) for y in range(rows)]
        wrapping += [(x, x + n * (rows - 1)) for x in range(n)] if rows > 2 else []
    return n * rows, along + across + wrapping


def two_colouring(sites: int, bonds: Bonds) -> int | None:
    """Bit i is the colour of site i, neighbours differ and site 0 has colour 1; None where that cannot be (an odd ring)."""
    graph = PyGraph()
    graph.add_nodes_from(range(sites))
    graph.extend_from_edge_list(bonds)
    colours = two_color(graph)
    return None if colours is None else sum(1 << site for site, colour in colours.items() if colour == colours[0])
