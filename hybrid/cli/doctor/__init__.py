"""Checks of this machine and installation: versions, cores, memory, simulators, other packages of this name, results folder.

Standard library only. The checks are independent: a missing or broken part becomes a finding and never ends the program.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hybrid.cli.doctor import installation, machine, results_folder, simulators, software
from hybrid.cli.doctor.finding import Finding

__all__ = ["Finding", "examine"]


def examine(results: Path = Path("results")) -> Iterator[Finding]:
    """Every finding, in the order of the report; nothing is raised, no file is left."""
    looks: list[tuple[str, str, Callable[[], Iterator[Finding]]]] = [
        ("software", "hybrid", software.look),
        ("machine", "machine", machine.look),
        ("simulators", "trial", simulators.look),
        ("optional parts", "extras", software.extras),
        ("installation", "installation", installation.look),
        ("results", "folder", partial(results_folder.look, results)),
    ]
    for topic, name, look in looks:
        try:
            yield from look()
        except Exception as error:  # a check that fails is reported; the others go on
            yield Finding(topic, name, "note", f"could not be checked: {type(error).__name__}: {error}")
