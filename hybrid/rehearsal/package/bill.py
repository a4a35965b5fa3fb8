"""The bill of an experiment with its formula spelled out in numbers, worked again from the rule of the device's site."""

from collections.abc import Sequence
from math import inf, isclose
from typing import NamedTuple

from hybrid.device.billing import Billing
from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal

ENDS = ("low", "value", "high")
SECONDS_PER_HOUR = 3600
SAME = 1e-6
"""Relative: a bill worked from the mean size of a job is the sum over jobs to rounding, where all jobs have one size."""


class WorkedBill(NamedTuple):
    """One end of a bill, times in seconds: `jobs` of `shots_per_job` on average, each max(shots x shot time, floor) at least.

    `seconds` are those that were billed, `worked_s` is jobs x job_s; they differ where jobs have different sizes. `weight` is
    qubit-seconds per second, 1 where seconds are billed.
    """

    jobs: int
    shots_per_job: float
    shot_s: float
    floor_s: float
    job_s: float
    seconds: float
    weight: float

    @property
    def worked_s(self) -> float:
        """Jobs times the cost of an average one."""
        return self.jobs * self.job_s

    @property
    def agrees(self) -> bool:
        """Whether the average job gives the bill."""
        return isclose(self.worked_s, self.seconds, rel_tol=SAME)

    @property
    def hours(self) -> float:
        """Hours of machine time."""
        return self.seconds / SECONDS_PER_HOUR

    @property
    def qubit_seconds(self) -> float:
        """What is billed where a site weighs machine time by qubits and their speed."""
        return self.seconds * self.weight


def worked(verdict: DeviceVerdict, billing: Billing | None) -> tuple[WorkedBill, ...]:
    """Low end, value and high end of the bill by equations (1) and (2) of `hybrid.device.billing`; empty without a rule."""
    if verdict.billed is None or billing is None or not verdict.shots:
        return ()
    duration_s = (verdict.circuit and verdict.circuit.duration_s) or 0.0
    times_s = list(billing.shot_time_s)
    if billing.shot_overhead_s is not None:
        other_s = [end + duration_s for end in billing.shot_overhead_s]
        times_s = [min(times_s[0], other_s[0]), times_s[1], max(times_s[2], other_s[2])]
    weights = billing.weight or (1.0, 1.0, 1.0)
    ends = zip(verdict.billed["jobs"], times_s, billing.job_floor_s, verdict.billed["seconds"], weights, strict=True)
    bills = []
    for jobs, shot_s, floor_s, seconds, weight in ends:
        mean = verdict.shots / jobs
        bills.append(WorkedBill(jobs, mean, shot_s, floor_s, max(mean * shot_s, floor_s), seconds, weight))
    return tuple(bills)


def markdown(rehearsal: Rehearsal, billings: Sequence[Billing | None]) -> str:
    """The bill on every device; `billings` are their rules, in order."""
    lines = ["# The bill", "", "Of one execution of the experiment as asked for. Queue and network latency are not in it.", ""]
    if rehearsal.hours_asked is not None:
        lines += [f"Asked for: {words.hours(rehearsal.hours_asked)}.", ""]
    for verdict, billing in zip(rehearsal.devices, billings, strict=True):
        lines += [f"## {verdict.device}", "", *_device(verdict, billing), ""]
    return "\n".join(lines)


def _device(verdict: DeviceVerdict, billing: Billing | None) -> list[str]:
    if billing is None or verdict.billed is None:
        return ["No bill: the profile of this device holds no rule, or the experiment does not fit it."]
    bills = worked(verdict, billing)
    if not bills:
        return [f"Rule: {verdict.billed['rule']}.", "", "No shots are billed."]
    rows = {
        "jobs": [f"{bill.jobs:,}" for bill in bills],
        "shots in a job (all shots / jobs)": [f"{bill.shots_per_job:,.1f}" for bill in bills],
        "time of a shot": [_time(bill.shot_s) for bill in bills],
        "least time of a job": [_time(bill.floor_s) for bill in bills],
        "time of a job = max(shots x time of a shot, least time)": [_time(bill.job_s) for bill in bills],
        "machine time": [_time(bill.seconds) for bill in bills],
    }
    if billing.weight is not None:
        rows["qubit-seconds for a second of machine time"] = [f"{bill.weight:.4g}" for bill in bills]
        rows["billed qubit-seconds"] = [f"{bill.qubit_seconds:,.0f}" for bill in bills]
    rows["**QPU hours** = machine time / 3600 s"] = [f"**{bill.hours:.4g}**" for bill in bills]
    table = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    middle = bills[1]
    lines = [f"Rule: {verdict.billed['rule']}.", ""]
    if verdict.assumed:
        lines += ["**Assumed**: the site has published no rule for this machine.", ""]
    limits = [_limit("shots", billing.shots_per_job.value), _limit("circuits", billing.circuits_per_job.value)]
    lines += [
        f"{words.whole(verdict.evaluations)} evaluations, {words.whole(verdict.shots)} shots in all; a job takes "
        f"{' and '.join(limits)}.",
        "",
        f"| | {' | '.join(ENDS)} |",
        "|---|---|---|---|",
        *table,
        "",
        f"In numbers: {_formula(middle, billing.weight is not None)}",
    ]
    if not all(bill.agrees for bill in bills):
        lines += [
            "",
            "Jobs have different sizes: the machine time is the sum over them, not the number of jobs times the mean.",
        ]
    return lines


def _formula(bill: WorkedBill, weighted: bool) -> str:
    job = f"{bill.shots_per_job:,.1f} x {_time(bill.shot_s)}"
    job = f"max({job}, {_time(bill.floor_s)})" if bill.floor_s else job
    seconds = f"{bill.jobs:,} x {job} = {_time(bill.worked_s)}"
    if not bill.agrees:
        seconds += f"; summed over the jobs {_time(bill.seconds)}"
    billed = (
        f" Billed: {_time(bill.seconds)} x {bill.weight:.4g} = {bill.qubit_seconds:,.0f} qubit-seconds." if weighted else ""
    )
    return f"{seconds}; {_time(bill.seconds)} / 3600 s = {bill.hours:.4g} h.{billed}"


def _time(seconds: float) -> str:
    for size, factor, unit in ((1e-3, 1e6, "us"), (0.1, 1e3, "ms")):
        if 0 < seconds < size:
            return f"{seconds * factor:.4g} {unit}"
    return f"{seconds:,.4g} s" if seconds < 1000 else f"{seconds:,.0f} s"


def _limit(what: str, most: float) -> str:
    return f"any number of {what}" if most == inf else f"at most {most:,.0f} {what if most > 1 else what.rstrip('s')}"
