"""What stands between this machine and a run: versions, processor, memory, simulators, other packages' claims, results folder.

Standard library only, and each look is on its own: what is missing or broken becomes a finding, never a crash.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hybrid.cli.doctor import installation, machine, results_folder, simulators, software
from hybrid.cli.doctor.finding import Finding

__all__ = ["Finding", "examine"]


def examine(results: Path = Path("results")) -> Iterator[Finding]:
    """Every finding, in the order of a report; nothing is raised, nothing is left behind."""
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
        except Exception as error:  # a look that fails says so; the others go on
            yield Finding(topic, name, "note", f"could not be looked at: {type(error).__name__}: {error}")
