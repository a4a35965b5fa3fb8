"""The reports of a run, of repeated runs and of a dry run, as text."""

from math import floor, log10
from pathlib import Path
from statistics import median
from typing import Any

from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.base.uncertainty import amount, duration, percent, time_text, with_uncertainty
from hybrid.cli.layout import table, wrapped
from hybrid.cli.machine_time import machine_time
from hybrid.cli.next_command import next_command
from hybrid.runs.result import Result
from hybrid.runs.verdict_text import of_repetitions, planned

WIDTH = 16


def result_text(result: Result, spec: Any) -> str:
    """The report of a finished run, its verdict first, in 80 columns where names allow; `spec` has a Spec's fields."""
    title = f"{result.algorithm} of {result.problem}"
    if result.ansatz:
        title += f"; ansatz {result.ansatz}"
    if result.optimizer:
        title += f"; optimizer {result.optimizer.partition(':')[0]}"
    lines = [wrapped(result.verdict.sentence), ""]
    lines += [physics(result.device, result.physics, result.simulator), wrapped(spaced(title), indent=2)]
    if result.replayed:
        lines.append(wrapped(f"read from {result.record}; for new randomness: --seed {spec.seed + 1}", indent=2))
    rows = [
        *_value(result),
        (result.baseline_name, _baseline(result)),
        *((entry["name"], quantity(entry)) for entry in result.quantities if entry["name"] != result.quantity),
        *_outcomes(result),
        ("ended", _ended(result)),
        ("mitigation", f"{spec.mitigate}: {result.mitigated}" if result.mitigated else ""),
        ("evaluations", _evaluations(result)),
        *machine_time(result.qpu_seconds, result.billed),
        *_defaults(result, spec),
        ("took", f"{result.seconds:.1f} s with {spec.threads} thread{'s' if spec.threads > 1 else ''}"),
        ("", _continued(result)),
        ("record", f"{result.record}  digest {result.digest[:12]}"),
        ("next", next_command(result, spec)),
    ]
    return "\n".join(lines) + "\n\n" + table(rows, WIDTH) + f"\n\n{wrapped(result.caveat)}".rstrip()


def repetitions_text(repetitions: Any) -> str:
    """The report of `--repeat`: median and quartiles of the final values."""
    first, count = repetitions.runs[0], len(repetitions.runs)
    low, high = repetitions.quartiles
    places = max(0, 1 - floor(log10(high - low))) if high > low else 9
    seeds = [result.spec["seed"] for result in repetitions.runs]
    noise = median(result.stderr for result in repetitions.runs)
    shots = sum(result.shots for result in repetitions.runs)
    title = f"{first.algorithm} of {first.problem}; ansatz {first.ansatz}; optimizer {first.optimizer.partition(':')[0]}"
    rows = [
        (first.quantity, f"median {repetitions.median:.{places}f} {first.unit}".rstrip() + f" of {count} runs"),
        ("", f"quartiles {low:.{places}f} and {high:.{places}f}, interquartile range {high - low:.2g}"),
        ("", f"the measurement of each final value contributes ± {noise:.2g}" if noise > 0 else ""),
        (
            "exact",
            "not known"
            if repetitions.gap is None
            else f"{first.exact:.9f} {first.unit}".rstrip() + f"  gap {repetitions.gap:.3g}",
        ),
        (first.baseline_name, f"{first.baseline:.9f} {first.unit}".rstrip() if first.baseline is not None else ""),
        ("ended", f"{sum(result.converged for result in repetitions.runs)} of {count} converged"),
        ("evaluations", f"median {median(result.nfev for result in repetitions.runs):g} a run, {shots:,} shots in all"),
        ("seeds", f"{seeds[0]} to {seeds[-1]}, each its own record in {Path(first.record).parent}"),
    ]
    lines = [wrapped(of_repetitions(repetitions.runs)), ""]
    lines += [physics(first.device, first.physics, first.simulator), wrapped(spaced(title), indent=2)]
    return "\n".join(lines) + "\n\n" + table(rows, WIDTH) + f"\n\n{wrapped(first.caveat)}".rstrip()


def plan_text(plan: Any) -> str:
    """The report of `--dry-run`."""
    rows = [("run", plan.id)]
    for resources, sampling in zip(plan.resources, plan.sampling, strict=True):
        rows += _resource_rows(resources, plan.n_parameters) + _sampling_rows(sampling, plan.resolved["allocation"])
    total = plan.total
    shots = f"{total.shots:,} shots" if total.shots else f"no shots ({_without_shots(plan.resolved['device'])})"
    rows += [
        ("mitigation", plan.mitigated),
        ("gradient", _gradient(plan)),
        ("in all, at most", f"{total.nfev:,} evaluations and the final one, {shots}"),
        *machine_time(total.qpu_seconds, plan.billed),
        *_look_rows(plan),
    ]
    resolved = [
        (f"  {key}", spaced(str(value)) + (f" ({plan.reasons[key]})" if key in plan.reasons else ""))
        for key, value in plan.resolved.items()
        if value is not None
    ]
    head = physics(plan.resolved["device"], plan.physics, plan.resources[0].simulator)
    body = f"{head}\n\n{table(rows, WIDTH)}\n\nresolved:\n{table(resolved, WIDTH)}"
    return f"{body}\n\n{wrapped(plan.caveat)}".rstrip()


def _gradient(plan: Any) -> str:
    """How gradients are made, and how many the budget allows; none where the optimiser asks for values alone."""
    if not plan.total.njev:
        return "none is asked for"
    each = f"{plan.evaluations_per_gradient} evaluation{'' if plan.evaluations_per_gradient == 1 else 's'}"
    return f"{plan.resolved['gradient']}, {each} each; at most {plan.total.njev:,}"


def _look_rows(plan: Any) -> list[tuple[str, str]]:
    """What the run would take and could show, and what would work where it could show nothing."""
    look = plan.look
    if look is None:
        return []
    seconds = "" if look.seconds is None else f"about {duration(look.seconds)} for {look.evaluations:,} evaluations (estimate)"
    noisy = look.duration_s is not None
    rows = [
        ("time", seconds),
        ("coherence", look.timing if noisy else ""),
        ("signal", f"{100 * look.signal:.2g} % is left by noise (estimate)" if noisy else ""),
        ("error", look.statistics),
        ("HOPELESS", "; ".join(look.hopeless)),
        *(("" if i else "worth trying", way.words) for i, way in enumerate(plan.ways)),
    ]
    return [(name, text) for name, text in rows if text]


def _resource_rows(resources: Any, n_parameters: int) -> list[tuple[str, str]]:
    from hybrid.base.types import DENSE_QUBITS
    from hybrid.compilation.resources import human_bytes

    gates = ", ".join(f"{count} {name}" for name, count in sorted(resources.gates.items()))
    return [
        ("circuits", f"{resources.circuits} per evaluation, {n_parameters} parameters"),
        ("gates", f"{gates}; depth {resources.depth}, two-qubit depth {resources.two_qubit_depth}"),
        ("qubits", f"{resources.n_qubits}, {_layout(resources)}"),
        ("duration", f"{resources.duration_s * 1e6:.2f} us per circuit" if resources.duration_s else ""),
        ("memory", f"{human_bytes(resources.memory_bytes)} per point" if resources.memory_bytes else ""),
        ("simulator", resources.simulator if resources.n_qubits > DENSE_QUBITS else ""),
    ]


def _sampling_rows(sampling: Any, allocation: str) -> list[tuple[str, str]]:
    if sampling is None:
        return []
    groups = " + ".join(f"{n:,}" for n in sampling.shots[:6]) + (" + ..." if len(sampling.shots) > 6 else "")
    pilot = f", after {sum(sampling.pilot):,} of a pilot" if sampling.pilot else ""
    errors = ", ".join(f"{name} {stderr:.3g}" for name, stderr in sampling.stderr.items())
    return [
        ("shots", f"{allocation}: {groups}{pilot}"),
        ("standard error", f"{errors}; {sampling.where}"),
    ]


def physics(device: str, title: str, simulator: str) -> str:
    """The first line of every report: the device that is simulated, and the simulator."""
    whose = title if title.startswith(OWN_PHYSICS) else f"{device} ({title})"
    return wrapped(f"physics: {whose}; computed by: {simulator}", indent=2)


def spaced(text: str) -> str:
    """Options with a blank after each comma, where a line can break."""
    return text.replace(",", ", ")


def _layout(resources: Any) -> str:
    places = [resources.physical[i] for i in resources.layout]
    if places == list(range(len(places))):
        return "each on the device qubit of the same number"
    return "circuit qubit -> device qubit: " + " ".join(f"{v}->{place}" for v, place in enumerate(places))


def _exact(result: Result) -> str:
    if result.exact is None or result.gap is None:
        return "not known"
    sigmas = f", {abs(result.gap) / result.stderr:.1f} sigma" if result.stderr > 0 else ""
    ratio = f", ratio {result.ratio:.6f}" if result.ratio is not None else ""
    return f"{result.exact:.9f} {result.unit}".rstrip() + f"  gap {result.gap:.3g}{sigmas}{ratio}"


def _parts(result: Result) -> str:
    """The distance from the exact value taken apart."""
    parts = result.parts
    if parts is None or "left_out" in parts or parts["optimizer"] is None:
        return ""
    chance = "shots" if result.shots else "detunings"
    names = {"ansatz": "ansatz", "optimizer": "optimiser", "noise": "noise", "shots": chance}
    listed = [f"{names[key]} {_signed(parts[key], result.unit)}" for key in names if parts[key]]
    return f"of the gap: {', '.join(listed)}" if len(listed) > 1 else ""


def _signed(value: float, unit: str) -> str:
    size = amount(abs(value), unit)
    return size if size.startswith("less") else f"{'-' if value < 0 else '+'}{size}"


def _value(result: Result) -> list[tuple[str, str]]:
    """The value with its uncertainties and the exact one; or, for a share of points, with its interval."""
    text = next((quantity(entry) for entry in result.quantities if entry["name"] == result.quantity), "")
    if text:
        return [(result.quantity, text), ("", "± and intervals are for other samples of points, not for noise of the training")]
    return [
        (result.quantity, f"{with_uncertainty(result.value, result.stderr)} {result.unit}".rstrip()),
        ("", _what_the_error_is(result)),
        ("device", _other_devices(result)),
        ("exact", _exact(result)),
        ("", _parts(result)),
    ]


def _what_the_error_is(result: Result) -> str:
    if result.certificate is not None and result.certificate["detunings"] == "nodes":
        return "± is by how much fewer nodes of the detunings change it, not how far x is from the optimum"
    return "± is the measurement at this x, not how far x is from the optimum" if result.stderr > 0 else ""


def quantity(entry: dict[str, Any]) -> str:
    """A further number of a result: value, interval, and what it is compared with."""
    text = f"{with_uncertainty(entry['value'], entry['stderr'])} {entry['unit']}".rstrip()
    if entry["interval"] is not None:
        text += f"  95 %: {entry['interval'][0]:.3g} to {entry['interval'][1]:.3g}"
    if entry["reference"] is None:
        return text
    gap = entry["value"] - entry["reference"]
    sigmas = f", {abs(gap) / entry['stderr']:.1f} sigma" if entry["stderr"] > 0 else ""
    return f"{text}  {entry['reference_name']} {entry['reference']:.9g}, gap {gap:.3g}{sigmas}"


def _baseline(result: Result) -> str:
    if result.baseline is None:
        return ""
    return f"{result.baseline:.9f} {result.unit}".rstrip()


def _outcomes(result: Result) -> list[tuple[str, str]]:
    """How good single shots are compared with guesses, and the best classical solution; nothing for other problems."""
    outcomes = result.outcomes
    if outcomes is None:
        return []
    rows = [("likeliest shot", f"{outcomes['likeliest']} ({_share(outcomes['likeliest_share'])} of shots)")]
    if outcomes["optimal"] is not None:
        guess = outcomes["optimal_guessing"]
        times = f"; {outcomes['optimal'][0] / guess:.2g} times as often" if guess else ""
        rows.append(("an optimum in", f"{_share(*outcomes['optimal'])} of shots, {_share(guess)} of guesses{times}"))
    if outcomes["penalty"]:
        text = f"{_share(*outcomes['infeasible'])} of shots, {_share(outcomes['infeasible_guessing'])} of guesses"
        rows += [("infeasible", text), ("penalty", outcomes["penalty"])]
    means = outcomes["feasible_mean"], outcomes["feasible_mean_guessing"]
    if None not in means:
        kind = "feasible shot" if outcomes["penalty"] else "shot"
        rows.append(("mean", f"{means[0]:.6g} over {kind}s, {means[1]:.6g} over such guesses"))
    seconds = result.classical_seconds
    took = "" if seconds is None else f" in {time_text(seconds)}"
    rows.append(("best known", f"{outcomes['best'] or 'none'} ({outcomes['method']}{took})"))
    return rows


def _share(share: float, stderr: float = 0.0) -> str:
    """A share in per cent, its standard error in the last places."""
    return f"{with_uncertainty(100 * share, 100 * stderr)} %" if stderr > 0 else percent(share)


def _ended(result: Result) -> str:
    why = "converged" if result.converged else planned(result) or f"not converged: {result.reason}"
    return f"{why}; {result.iterations} iteration{'' if result.iterations == 1 else 's'} done"


def _evaluations(result: Result) -> str:
    gradients = f" ({result.njev} gradients)" if result.njev else ""
    shots = f"{result.shots:,} shots" if result.shots else f"no shots ({_without_shots(result.device)})"
    return f"{result.nfev:,}{gradients} and the final one, {shots}"


def _other_devices(result: Result) -> str:
    """The interval of results on devices within the profile's ranges, and where this device lies among them."""
    found = result.device_interval
    if found is None:
        return ""
    if "left_out" in found:
        return f"other devices within the profile's ranges are left out: {found['left_out']}"
    low, high = found["low"], found["high"]
    if found["most"] is None:
        return "the result is the same on all devices within the profile's ranges"
    places = max(0, 1 - floor(log10(high - low)))
    better = found["better"]
    place = "near the pessimistic end" if better > 0.8 else "near the optimistic end" if better < 0.2 else "in the middle"
    return (
        f"{found['nominal']:.{places}f} for infinitely many shots; other devices within the profile's ranges: "
        f"{low:.{places}f} to {high:.{places}f} ({100 * found['share']:g} % of {found['devices']}), mostly by {found['most']}; "
        f"this one is {place}: {f'{100 * better:.0f} % give' if better else 'none gives'} a better result"
    )


def _without_shots(device: str) -> str:
    return "exact values" if device == "ideal" else "infinitely many on average"


def _continued(result: Result) -> str:
    """Where the run went on, if that was on another processor than it began on."""
    where = "; ".join(f"{one['processor']}, kernel {one['kernel']}" for one in result.continued_on)
    return f"continued on another processor ({where}): last digits may differ" if where else ""


def _defaults(result: Result, spec: Any) -> list[tuple[str, str]]:
    chosen = ("ansatz", "optimizer", "max_iterations")
    taken = [
        f"{key} {spaced(str(result.spec[key]))}" + (f" ({result.reasons[key]})" if key in result.reasons else "")
        for key in chosen
        if getattr(spec, key) is None and result.spec[key]
    ]
    return [("" if i else "defaults taken", text) for i, text in enumerate(taken)]
