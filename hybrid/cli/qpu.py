"""`hybrid qpu`: the leases of exclusive machines, shown and released."""

import json
import time
from typing import Annotated, Any

import typer

from hybrid.base.errors import unknown
from hybrid.cli import flags
from hybrid.cli.layout import emit
from hybrid.cli.progress import clock

HELP = """Show and release the leases of exclusive machines.

A backend that says it is exclusive (qiskit:object=...,exclusive=true) gets one job at a time from all runs of this user, in the
order in which they ask; between two jobs of one run others have their turn. The lease of a process that has ended is taken over
at once. Where that cannot be known, for the process runs on another host, it is released by hand.
"""
RELEASE_HELP = """Take a machine from the process that holds it. If that still runs, it submits nothing with its old lease.

Whoever has the machine next waits until the job in progress has ended, where the machine can be asked for it.
"""
app, verb = flags.command_of_verbs(HELP)
Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="As `hybrid qpu list` shows it.")]


@verb(name="list", help="List the machines, who holds each, who waits, and how long each idled while work waited.")
def list_machines(as_json: flags.Json = False) -> None:
    """Print a line per machine."""
    states = {name: lease.state() for name, lease in _leases().items()}
    if as_json:
        emit(json.dumps({"machines": states}))
        return
    emit("\n".join(_line(name, state) for name, state in states.items()) or "no exclusive machine has been used.")


@verb(name="release", help=RELEASE_HELP, short_help="Release the lease of a machine by hand.")
def release(machine: Machine, as_json: flags.Json = False) -> None:
    """Release, and print from whom."""
    leases = _leases()
    if machine not in leases:
        raise unknown("machine", machine, leases)
    holder = leases[machine].release()
    emit(json.dumps(holder) if as_json else f"released: {machine} from {_who(holder)}{_job(holder)}")


def _leases() -> dict[str, Any]:
    from hybrid.base.lease import Lease, folder

    return {path.stem: Lease(path.stem) for path in sorted(folder().glob("*.json"))}


def _who(owner: dict[str, Any]) -> str:
    job = f" of Slurm job {owner['slurm_job']}" if owner.get("slurm_job") else ""
    return f"process {owner['pid']}{job} on {owner['host']}"


def _job(holder: dict[str, Any]) -> str:
    return f", whose job is {holder['job']}" if holder.get("job") else ""


def _line(name: str, state: dict[str, Any]) -> str:
    from hybrid.base.lease import is_gone

    holder = state["holder"]
    now = "free"
    if holder:
        gone = ", which has ended" if is_gone(holder) else ""
        now = f"held by {_who(holder)}{gone} for {clock(time.time() - holder['since'])}{_job(holder)}"
    used = f"{state['leases']} leases, held {clock(state['held_s'])}, idle {state['idle_s']:.1f} s while work waited"
    return f"{name}: {now}; {len(state['queue'])} waiting; {used}"
