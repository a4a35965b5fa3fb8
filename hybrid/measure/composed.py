"""Methods of error mitigation in a row as one: what all of them change about a measurement."""

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import NO_MITIGATION, Mitigation


def composed(text: str) -> Mitigation:
    """The parts that the methods of `readout+twirl+zne:factors=1/3` change; UsageError as `hybrid.catalog.chain`, and where two
    change the same part."""
    whole = NO_MITIGATION
    for member, method in zip(catalog.chain(text), catalog.load_chain(text), strict=True):
        if not isinstance(method, Mitigation):
            raise UsageError(f"mitigation '{member.signature.name}' returns {type(method).__name__}, not a Mitigation.")
        twirls = [each.twirl for each in (whole, method) if each.twirl is not None]
        taken = {name: value for name, value in method._asdict().items() if value and name != "twirl"}
        if clash := next((name for name in taken if getattr(whole, name)), ""):
            raise UsageError(f"mitigate: {member.signature.name} and a method before it both change the {clash}; take one.")
        whole = whole._replace(**taken)
        if twirls:
            whole = whole._replace(twirl=twirls[0] if len(twirls) == 1 else twirls[0].with_another(twirls[1]))
    return whole
