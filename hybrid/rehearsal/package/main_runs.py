"""Which of the many runs of a rehearsal a package shows: on each device the one as asked for, and the best mitigated one."""

import json
from collections.abc import Mapping
from typing import Any

from hybrid.rehearsal.rehearsal import RAW, DeviceVerdict, Played, Rehearsal


def raw(verdict: DeviceVerdict) -> Played | None:
    """The experiment as asked for on this device: the first run there; None where nothing was played."""
    return next((run for run in verdict.runs if run.device == verdict.device and run.step.startswith(RAW)), None)


def mitigated(verdict: DeviceVerdict) -> Played | None:
    """The run with the recommended error mitigation at the same angles and shots; None where none is recommended."""
    if not verdict.recommended:
        return None
    named = (run for run in verdict.runs if run.device == verdict.device and run.mitigate == verdict.recommended)
    return next(named, None)


def resolved(rehearsal: Rehearsal, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Every input of the best device's run with its defaults filled in, from its record among a package's files.

    Where nothing was played, or the records are left out, what the rehearsal itself says.
    """
    run = raw(rehearsal.best) or rehearsal.noiseless
    text = files.get(f"records/{run.id}.jsonl") if run is not None else None
    return rehearsal.spec if text is None else json.loads(text.partition(b"\n")[0])["body"]["resolved"]
