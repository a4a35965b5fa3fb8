"""What a rehearsal says in each field of the access form: text that can be pasted, and whether it fills the field."""

from collections.abc import Mapping, Sequence
from typing import Any

from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.package.main_runs import mitigated, raw
from hybrid.rehearsal.package.software import DISTRIBUTION, Software
from hybrid.rehearsal.rehearsal import NO_GO, DeviceVerdict, Rehearsal

READ = "2026-11"
"""When the field map was read."""
FILLED, YOURS = "filled", "yours to write"
SYSTEMS = {"iqm-star-24": "VLQ", "iqm-lattice-54": "Euro-Q-Exa", "aqt-20": "Piast-Q"}
"""Device -> the system that the call lets one select. MeluXina-Q could not be selected when the field map was read."""
GIGABYTE = 1e9


def proof(verdict: DeviceVerdict) -> tuple[str, str]:
    """Whether the rehearsal is a feasibility proof."""
    if verdict.word == NO_GO:
        text = (
            "This rehearsal ended in NO-GO: it does not prove feasibility. Apply for time on an emulator, or change the plan."
        )
        if verdict.remedy is not None and verdict.remedy.command:
            text += f" With {verdict.remedy.words} it ends in {verdict.remedy.verdict}; the proof is then the package of: "
            text += verdict.remedy.command
        return YOURS, text
    return FILLED, "Yes: benchmark on an emulator with the noise of the machine's published figures."


def comment(rehearsal: Rehearsal, verdict: DeviceVerdict, reproduce: str) -> str:
    """The verdict with its figures, seed and digests."""
    lines = [verdict.sentence]
    lines += [f"{one.name}: {words.criterion(one)}" for one in verdict.criteria]
    shown = {"without noise": rehearsal.noiseless, "on the device": raw(verdict), "mitigated": mitigated(verdict)}
    records = ", ".join(f"{name} {run.digest[:16]}" for name, run in shown.items() if run is not None and run.digest)
    lines += [f"Seed {rehearsal.spec.get('seed', 0)}. {rehearsal.caveat}"]
    lines += [f"Digests of records: {records}; all others are in rehearsal.json."] if records else []
    return "\n".join([*lines, f"Executed again by: {reproduce}"])


def system(verdict: DeviceVerdict) -> tuple[str, str]:
    """The machine that the device stands for."""
    name = verdict.device.partition(":")[0]
    if name in SYSTEMS:
        return FILLED, f"{SYSTEMS[name]} (rehearsed on the profile {verdict.device}: {verdict.title})"
    if name == "meluxina-q":
        return YOURS, (
            f"MeluXina-Q could not be selected in the call in {READ}. This package is for its stand-in ({verdict.title}). "
            f"Machines that can be selected: --device {' or '.join(SYSTEMS.values())}."
        )
    return YOURS, f"{verdict.device} ({verdict.title}) is no system that the call lists: {', '.join(SYSTEMS.values())}."


def relevance(rehearsal: Rehearsal, verdict: DeviceVerdict) -> str:
    """Facts for the applicant's reason."""
    facts = [f"The experiment has {rehearsal.n_qubits} qubits; a laptop simulates it without noise exactly."]
    if verdict.circuit is not None and verdict.circuit.signal is not None:
        facts.append(f"On the profile, noise is expected to leave {100 * verdict.circuit.signal:.3g} % of the signal.")
    facts.append(
        "An emulator knows only the published figures of a device: it cannot tell crosstalk, drift and errors that nobody has "
        "published. The rehearsal gives the values that a machine with the published figures alone would return."
    )
    return " ".join(["Facts; the reason is yours.", *facts])


def codes(rehearsal: Rehearsal, software: Sequence[Software]) -> str:
    """Those that values depend on."""
    lines = []
    for one in (one for one in software if one.name in rehearsal.versions):
        repository = one.repository or "the repository that you installed it from"
        lines.append(f"{one.name} {one.version}; licence {one.licence or 'not stated'}; {repository}")
    return "\n".join(lines)


def hours(verdict: DeviceVerdict) -> tuple[str, str]:
    """The upper end of the bill, with its margin."""
    if verdict.hours is None:
        return YOURS, "No bill could be made: the profile holds no billing rule, or the experiment does not fit it."
    low, middle, high = verdict.hours
    margin = f"{words.hours(high - middle)} above the expected {words.hours(middle)}" if high > middle else "none"
    assumed = " The rule is assumed: none is published for this machine." if verdict.assumed else ""
    rule = verdict.billed["rule"] if verdict.billed else "the site's rule"
    if verdict.billed and "qubit_seconds" in verdict.billed:
        rule += f", which is {words.spread(verdict.billed['qubit_seconds'], words.whole)} qubit-seconds"
    return FILLED, (
        f"{words.hours(high)}: one execution of the experiment, the upper end of {words.hours(low)} to {words.hours(high)}; "
        f"margin: {margin}. By the site's rule: "
        f"{rule}. The formula in numbers is in bill.md.{assumed} Repetitions are not in it: multiply by their number."
    )


def circuits(verdict: DeviceVerdict) -> str:
    """The largest circuit beside the coherence times."""
    circuit = verdict.circuit
    if circuit is None:
        return "The experiment does not fit this device."
    gates = ", ".join(f"{number} {name}" for name, number in circuit.native_gates.items())
    text = (
        f"Qubits: {circuit.qubits}. Two-qubit gates of the largest circuit: {circuit.two_qubit_gates}; depth {circuit.depth}, "
        f"two-qubit depth {circuit.two_qubit_depth}; compiled to native gates ({gates}). Distinct circuits of one evaluation: "
        f"{circuit.circuits}."
    )
    if circuit.duration_s is not None:
        times = {"T2*": circuit.t2_star_s, "T2 (echo)": circuit.t2_echo_s}
        known = " and ".join(f"{name} {words.microseconds(time_s)}" for name, time_s in times.items() if time_s is not None)
        text += f" It takes {words.microseconds(circuit.duration_s)}" + (f", beside {known}." if known else ".")
    return text


def workflow(spec: Mapping[str, Any], verdict: DeviceVerdict) -> str:
    """The loop of optimiser and machine."""
    return (
        f"Yes. A classical optimiser ({spec.get('optimizer') or 'the default'}) proposes parameters, the machine measures "
        f"them: {words.whole(verdict.evaluations)} evaluations one after the other, {words.whole(spec.get('shots'))} shots "
        f"each. The classical part takes seconds. Latency adds to the bill's machine time once for each of "
        f"{words.whole(verdict.jobs)} jobs."
    )


def jobs(verdict: DeviceVerdict) -> str:
    """Jobs by the site's limits."""
    if verdict.billed is None:
        return f"{words.whole(verdict.jobs)} jobs."
    jobs = words.spread(verdict.billed["jobs"], words.whole)
    return f"{jobs} jobs with {words.whole(verdict.shots)} shots in all, by the site's limits on shots and circuits in a job."


def hardware(verdict: DeviceVerdict) -> str:
    """What the verdict needs of the machine."""
    circuit, lines = verdict.circuit, []
    if circuit is not None:
        physical = f" (of the profile: {', '.join(map(str, circuit.physical))})" if circuit.physical else ""
        lines.append(f"Coupled qubits: {circuit.qubits}{physical}; native gates {', '.join(circuit.native_gates)}.")
    lines += [f"{flip.words} (nominal {flip.nominal:.4g} {flip.unit})".rstrip() + "." for flip in verdict.flips]
    if not verdict.flips:
        lines.append("No single number of the profile was found at which the verdict flips.")
    return " ".join(lines)


def storage(stored_bytes: int) -> tuple[str, str]:
    """The size of the records, doubled and rounded up; not known where they are left out."""
    if not stored_bytes:
        return YOURS, "The records are left out of this package: their size is that of the folder of results."
    return FILLED, (
        f"Less than {max(0.01, round(2 * stored_bytes / GIGABYTE + 0.005, 2)):g} GB: all records of this rehearsal take "
        f"{stored_bytes / 1e6:.1f} MB, and a run on the machine writes the same kind of record."
    )


def development(spec: Mapping[str, Any]) -> str:
    """How the code is made, from which members."""
    members = [f"{name} {spec[name]}" for name in ("algorithm", "ansatz", "optimizer", "gradient") if spec.get(name)]
    return (
        f"{DISTRIBUTION} is written in Python: circuits and their compilation with Qiskit, simulation by an engine of its own "
        f"that Qiskit Aer checks, optimisers in NumPy. Used here: {', '.join(members)}; hybrid show NAME prints the paper of "
        "each. Reusable: records and circuits can be executed again on any machine with a Qiskit backend."
    )


def bottlenecks(verdict: DeviceVerdict) -> str:
    """What binds, what mitigates it, and what was tried."""
    lines = []
    if verdict.binding:
        lines.append(f"The binding constraint is '{verdict.binding}'.")
    lines += [words.ended(f"Not met: {one.name}: {one.words}") for one in verdict.criteria if one.met is False]
    recommended = verdict.recommended if verdict.recommended not in ("", "none") else ""
    lines.append(f"Error mitigation recommended: {recommended}." if recommended else "No error mitigation pays here.")
    if verdict.remedy is not None:
        lines.append(f"Tried: {words.ended(verdict.remedy.words)} This ends in {verdict.remedy.verdict}.")
    return " ".join(lines)
