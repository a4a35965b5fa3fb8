"""Members with other options, as they are written."""

from hybrid.catalog.families import names
from hybrid.catalog.lookup import parse


def with_options(text: str, family: str = "problems", **options: object) -> str:
    """The member with options changed; those that it leaves out stay out."""
    member = parse(family, text)
    own = {key: value for key, value in member.options.items() if key in member.given} | options
    return f"{member.name}:{','.join(f'{key}={value}' for key, value in own.items())}"


def takes(problem: str, option: str) -> bool:
    """Whether it is a problem of the catalogue with this option."""
    member = parse("problems", problem)
    return option in member.options and member.name in names("problems")


def by_parity(problem: str) -> str:
    """The problem mapped by parity: two qubits fewer, and every circuit keeps the parities of both numbers of electrons (Bravyi
    and others, arXiv:1701.08213). As it is where it takes no mapping."""
    mapped = takes(problem, "mapping") and parse("problems", problem).options["mapping"] != "parity"
    return with_options(problem, mapping="parity") if mapped else problem
