"""The command lines that a rehearsal names."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from hybrid.runs.spec import Spec
from hybrid.runs.way_out import command

MAX_TIME_S = 600.0
"""Of a rehearsal, where nobody says: predicted processor time."""


def rehearse_command(spec: Spec, devices: Sequence[str], hours: float | None, max_time_s: float = MAX_TIME_S) -> str:
    """The command line of a rehearsal of the experiment, in one line to paste."""
    words = shlex.split(command(replace(spec, device="ideal", dephasing=None)))[2:]
    for device in devices:
        words += ["--device", device]
    words += [] if hours is None else ["--hours", f"{hours:g}"]
    words += [] if max_time_s == MAX_TIME_S else ["--max-time", f"{max_time_s:g}s"]
    return shlex.join(["hybrid", "rehearse", *words])
