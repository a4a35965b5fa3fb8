"""Rehearsals made by hand from small real runs, for the tests of packages: no verdict is computed here."""

from dataclasses import replace
from pathlib import Path

from hybrid.base.machine import versions
from hybrid.rehearsal.rehearsal import (
    AFFORDABLE,
    BEATS,
    FITS,
    GO,
    LIVES,
    NO_GO,
    NOISELESS,
    RAW,
    RESOLVES,
    STABLE,
    CircuitFacts,
    Criterion,
    DeviceVerdict,
    Flip,
    Played,
    Rehearsal,
    SmallestChange,
)
from hybrid.runs.dry_run import plan
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.way_out import command

DEVICES = ("iqm-star-24", "meluxina-q")


def rehearsed(spec: Spec, results: Path, devices=DEVICES) -> Rehearsal:
    """The spec run without noise and on each device; GO on the first one, NO-GO on the others."""
    noiseless = run(spec, results, device_interval=False, force=True)
    verdicts = [_verdict(replace(spec, device=name), results, first=name == devices[0]) for name in devices]
    return Rehearsal(
        title=f"{spec.algorithm} of {spec.problem}",
        command=f"hybrid rehearse {spec.problem} --shots {spec.shots}",
        spec=spec.given() | {"algorithm": spec.algorithm, "optimizer": "spsa", "seed": spec.seed, "shots": spec.shots},
        n_qubits=noiseless.n_qubits,
        quantity=noiseless.quantity,
        unit=noiseless.unit,
        maximize=noiseless.maximize,
        noiseless=_played(NOISELESS, spec, noiseless),
        exact=noiseless.exact,
        baseline=noiseless.baseline,
        baseline_name=noiseless.baseline_name,
        guessing=0.0 if noiseless.exact else None,
        scale=0.02,
        scale_words="the distance from the classical answer to the exact one",
        hours_asked=2.0,
        devices=tuple(verdicts),
        ranking=(devices,),
        skipped=(),
        seconds_planned=12.0,
        max_time_s=600.0,
        caveat="Profiles are published figures, the rest assumed. Not a prediction.",
        versions=versions(),
        input_files={},
    )


def _played(step, spec, result) -> Played:
    return Played(step, spec.device, command(spec), result.id, result.digest, result.value, result.stderr, spec.mitigate)


def _verdict(spec: Spec, results: Path, *, first: bool) -> DeviceVerdict:
    dry_run, result = plan(spec), run(spec, results, device_interval=False, force=True)
    resources = dry_run.resources[0]
    billed = dry_run.billed
    assert billed is not None
    hours = tuple(second / 3600 for second in billed["seconds"])
    word = GO if first else NO_GO
    numbers = {"qubits": result.n_qubits, "device_qubits": 24 if first else 10}
    return DeviceVerdict(
        device=spec.device,
        machine="",
        title=result.physics,
        word=word,
        binding="" if first else LIVES,
        sentence=f"{word} on {spec.device}: all six are met." if first else f"{word} on {spec.device}: too little is left.",
        command=f"hybrid rehearse {spec.problem} --device {spec.device}",
        criteria=(
            Criterion(FITS, True, f"{result.n_qubits} qubits fit", numbers),
            Criterion(LIVES, first, "61 % of the signal is left, at least 37 % is needed", {"simulated_signal": 0.61}),
            Criterion(RESOLVES, True, "with twice the error bar 18 mHa, less than 20 mHa", {"stderr": 0.004}),
            Criterion(BEATS, True, "1.1 better than guessing", {}),
            Criterion(AFFORDABLE, None, "not judged without --hours", {"hours": list(hours)}),
            Criterion(STABLE, first, "the same under every variant", {}),
        ),
        circuit=CircuitFacts(
            result.n_qubits, (0, 1), dict(resources.gates), dry_run.look.two_qubit_gates, 12, 2, 2, 1e-6, 5e-6, 9e-6, 0.61
        ),
        runs=(_played(RAW, spec, result),),
        recommended="readout",
        value=result.value,
        stderr=result.stderr,
        limit=result.value - 0.001,
        ideal=result.value - 0.01,
        interval={"low": result.value - 0.02, "high": result.value + 0.01, "share": 0.9},
        variants={"nominal": word},
        flips=(Flip("gates.cz.error", "%", 0.5, 0.7, 0.8, "GO if the two-qubit error < 0.75 %"),),
        remedy=None if first else SmallestChange("one layer less", f"hybrid run {spec.problem}", GO, None, ""),
        tried=(),
        billed=billed,
        hours=hours,
        assumed=not first,
        jobs=billed["jobs"][1],
        shots=dry_run.total.shots,
        evaluations=dry_run.total.nfev,
    )
