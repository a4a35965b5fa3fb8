"""Methods of error mitigation in a row as one: what all of them change about a measurement."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qiskit import QuantumCircuit

from hybrid import catalog
from hybrid.base.errors import HybridError, UsageError
from hybrid.base.types import NO_MITIGATION, Extrapolation, Mitigation


def composed(text: str) -> Mitigation:
    """The parts that the methods of `readout+twirl+zne:factors=1/3` change; UsageError as `hybrid.catalog.chain`, and where two
    change the same part."""
    whole = NO_MITIGATION
    for member in catalog.chain(text):
        with _blaming(member):
            method = catalog.load(member)()
        if not isinstance(method, Mitigation):
            raise UsageError(f"mitigation '{member.signature.name}' returns {type(method).__name__}, not a Mitigation.")
        twirls = [each.twirl for each in (whole, method) if each.twirl is not None]
        taken = {name: value for name, value in method._asdict().items() if value and name != "twirl"}
        if clash := next((name for name in taken if getattr(whole, name)), ""):
            raise UsageError(f"mitigate: {member.signature.name} and a method before it both change the {clash}; take one.")
        whole = whole._replace(**taken)
        if twirls:
            whole = whole._replace(twirl=twirls[0] if len(twirls) == 1 else twirls[0].with_another(twirls[1]))
        if method.extrapolation is not None and not member.signature.file.is_relative_to(catalog.PACKAGE):
            whole = whole._replace(extrapolation=_blamed(member, method.extrapolation))
    return whole


def _blamed(member: catalog.Member, extrapolation: Extrapolation) -> Extrapolation:
    """The same, its functions' errors with the name of the method from outside."""

    def variants(circuit: Any) -> Any:
        with _blaming(member):
            found = list(extrapolation.variants(circuit))
            if len(found) != len(extrapolation.shares) or not all(isinstance(one, QuantumCircuit) for one in found):
                names = ", ".join(type(one).__name__ for one in found)
                raise TypeError(f"variants gave ({names}) for {len(extrapolation.shares)} circuits, one for each of its shares")
            return found

    def combine(values: Any) -> float:
        with _blaming(member):
            return float(extrapolation.combine(values))

    return extrapolation._replace(variants=variants, combine=combine)


@contextmanager
def _blaming(member: catalog.Member) -> Iterator[None]:
    """UsageError names the method in which something else than an error of ours is raised."""
    try:
        yield
    except HybridError:
        raise
    except Exception as error:
        raise UsageError(f"mitigation '{member.signature.name}': {type(error).__name__}: {error}") from error
