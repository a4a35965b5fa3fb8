"""The fields of a EuroHPC Quantum Access application that follow from a rehearsal, filled, and those that do not, marked.

Field map read in November 2026 in two public texts; portals change, so everything says "check against the live form".
Nobody's name, organisation, title, abstract, scientific case or declaration is written.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.package.software import DISTRIBUTION, Software
from hybrid.rehearsal.rehearsal import NO_GO, DeviceVerdict, Rehearsal

READ = "2026-11"
SOURCES = (
    "an application guide of a vendor whose authors walked the portal in September 2026 "
    "(github.com/pasqal-io/agent-marketplace, skills/apply-genci-tgcc-cea)",
    "a lesson of the Swedish competence centre "
    "(github.com/ENCCS/eurohpc-quantum-devices-access-hpcqc, content/access.md, qpu-hours.md, hpc-qc.md)",
)
CHECK = "Portals change: check every field against the live form."
FILLED, YOURS = "filled", "yours to write"
SYSTEMS = {"iqm-star-24": "VLQ", "iqm-lattice-54": "Euro-Q-Exa", "aqt-20": "Piast-Q"}
"""Device -> the system that the call lets one select. MeluXina-Q could not be selected when the field map was read."""
GIGABYTE = 1e9
NEVER = (
    ("title", "Title"),
    ("abstract", "Abstract"),
    ("scientific_case", "Scientific case: motivation, state of the art, what is new"),
    ("people", "Applicant and team: names, organisation, contact"),
    ("track_and_duration", "Track, and whether for 3 or 6 months"),
    ("declarations", "Declarations: civilian purpose, eligibility, data protection, conditions of use"),
)
"""What the form asks besides, and a program must not write."""


class FormField(NamedTuple):
    """One field: text that can be pasted, or facts for what is the applicant's to write."""

    key: str
    question: str
    required: bool
    status: str
    text: str


def form_fields(
    rehearsal: Rehearsal, software: Sequence[Software], stored_bytes: int, *, reproduce: str
) -> tuple[FormField, ...]:
    """The fields in the form's order, for the device with the best verdict; `stored_bytes` is the size of the records."""
    verdict = rehearsal.best
    filled = [
        ("feasibility_proof", "Feasibility proof available?", True, *_proof(verdict)),
        ("feasibility_comment", "Comment on feasibility", False, FILLED, _comment(rehearsal, verdict, reproduce)),
        ("quantum_system", "Quantum system", True, *_system(verdict)),
        ("relevance", "Why quantum hardware, beyond an emulator", True, YOURS, _relevance(rehearsal, verdict)),
        ("codes", "Codes used: name and version, repository, licence", True, FILLED, _codes(software)),
        ("code_connection", "Your connection to the code", True, YOURS, "User, developer or owner of the code: yours to say."),
        ("qpu_hours", "Requested QPU hours", True, *_hours(verdict)),
        ("circuits", "Circuit characteristics", True, FILLED, _circuits(verdict)),
        ("hybrid_workflow", "Is a hybrid workflow foreseen?", True, FILLED, _workflow(rehearsal, verdict)),
        ("jobs", "Estimated number of runs or jobs", True, FILLED, _jobs(verdict)),
        ("hardware", "Specific hardware characteristics", True, FILLED, _hardware(verdict)),
        ("storage", "Storage in GB", True, FILLED, _storage(stored_bytes)),
        ("code_development", "Development of the code, main algorithms, reusable?", True, FILLED, _development(rehearsal)),
        ("bottlenecks", "Bottlenecks, solutions considered, optimisation needed", True, FILLED, _bottlenecks(verdict)),
    ]
    yours = [(key, question, True, YOURS, "") for key, question in NEVER]
    return tuple(FormField(*field) for field in (*filled, *yours))


def to_json(fields: Sequence[FormField], device: str) -> dict[str, Any]:
    """The form as one JSON object."""
    return {
        "form": "EuroHPC Quantum Access, sections 4 and 5",
        "device": device,
        "read": READ,
        "sources": list(SOURCES),
        "check": CHECK,
        "fields": [field._asdict() for field in fields],
    }


def markdown(fields: Sequence[FormField], device: str) -> str:
    """The form with one section a field; what can be pasted stands in a block of its own."""
    filled = sum(field.status == FILLED for field in fields)
    lines = [
        f"# EuroHPC Quantum Access: the form, for {device}",
        "",
        f"{filled} of {len(fields)} fields are filled; the others are yours to write. {CHECK}",
        "",
        f"Field map of {READ}, read in {SOURCES[0]}, and {SOURCES[1]}.",
        "",
    ]
    for field in fields:
        need = "required" if field.required else "optional"
        lines += [f"## {field.question}", "", f"*{field.status}; {need}*", ""]
        lines += [f"> {line}" for line in field.text.splitlines()]
        lines += [""] if field.text else []
    return "\n".join(lines)


def _proof(verdict: DeviceVerdict) -> tuple[str, str]:
    if verdict.word == NO_GO:
        return (
            YOURS,
            "This rehearsal ended in NO-GO: it does not prove feasibility. Apply for emulator time, or change the plan.",
        )
    return FILLED, "Yes: benchmark on an emulator with the noise of the machine's published figures."


def _comment(rehearsal: Rehearsal, verdict: DeviceVerdict, reproduce: str) -> str:
    lines = [verdict.sentence]
    lines += [f"{one.name}: {words.criterion(one)}" for one in verdict.criteria]
    records = ", ".join(f"{run.step} {run.digest[:12]}" for run in verdict.runs if run.digest)
    lines += [f"Seed {rehearsal.spec.get('seed', 0)}. {rehearsal.caveat}"]
    lines += [f"Digests of the records: {records}."] if records else []
    return "\n".join([*lines, f"Executed again by: {reproduce}"])


def _system(verdict: DeviceVerdict) -> tuple[str, str]:
    name = verdict.device.partition(":")[0]
    if name in SYSTEMS:
        return FILLED, f"{SYSTEMS[name]} (rehearsed on the profile {verdict.device}: {verdict.title})"
    if name == "meluxina-q":
        return YOURS, (
            f"MeluXina-Q could not be selected in the call in {READ}. This package is for its stand-in ({verdict.title}). "
            f"Machines that can be selected: --device {' or '.join(SYSTEMS.values())}."
        )
    return YOURS, f"{verdict.device} ({verdict.title}) is no system that the call lists: {', '.join(SYSTEMS.values())}."


def _relevance(rehearsal: Rehearsal, verdict: DeviceVerdict) -> str:
    facts = [f"The experiment has {rehearsal.n_qubits} qubits; a laptop simulates it without noise exactly."]
    if verdict.circuit is not None and verdict.circuit.signal is not None:
        facts.append(f"On the profile, noise is expected to leave {100 * verdict.circuit.signal:.3g} % of the signal.")
    facts.append(
        "An emulator knows only the published figures of a device: it cannot tell crosstalk, drift and errors that nobody has "
        "published. The rehearsal gives the values that a machine with the published figures alone would return."
    )
    return " ".join(["Facts; the reason is yours.", *facts])


def _codes(software: Sequence[Software]) -> str:
    lines = []
    for one in software:
        repository = one.repository or "the repository that you installed it from"
        lines.append(f"{one.name} {one.version}; licence {one.licence or 'not stated'}; {repository}")
    return "\n".join(lines)


def _hours(verdict: DeviceVerdict) -> tuple[str, str]:
    if verdict.hours is None:
        return YOURS, "No bill could be made: the profile holds no billing rule, or the experiment does not fit it."
    low, middle, high = verdict.hours
    assumed = " The rule is assumed: none is published for this machine." if verdict.assumed else ""
    rule = verdict.billed["rule"] if verdict.billed else "the site's rule"
    return FILLED, (
        f"{words.hours(high)}: one execution of the experiment, {words.hours(low)} to {words.hours(high)}, expected "
        f"{words.hours(middle)}; the margin over the expected hours is {words.hours(high - middle)}. By the site's rule: "
        f"{rule}. The formula in numbers is in bill.md.{assumed} Repetitions are not in it: multiply by their number."
    )


def _circuits(verdict: DeviceVerdict) -> str:
    circuit = verdict.circuit
    if circuit is None:
        return "The experiment does not fit this device."
    gates = ", ".join(f"{number} {name}" for name, number in circuit.native_gates.items())
    text = (
        f"The largest circuit uses {circuit.qubits} qubits and has {circuit.two_qubit_gates} two-qubit gates, depth "
        f"{circuit.depth}, two-qubit depth {circuit.two_qubit_depth}, compiled to native gates ({gates}). "
        f"{circuit.circuits} distinct circuits make one evaluation."
    )
    if circuit.duration_s is not None:
        times = {"T2*": circuit.t2_star_s, "T2 (echo)": circuit.t2_echo_s}
        known = " and ".join(f"{name} {words.microseconds(time_s)}" for name, time_s in times.items() if time_s is not None)
        text += f" It takes {words.microseconds(circuit.duration_s)}" + (f", beside {known}." if known else ".")
    return text


def _workflow(rehearsal: Rehearsal, verdict: DeviceVerdict) -> str:
    spec = rehearsal.spec
    return (
        f"Yes. A classical optimiser ({spec.get('optimizer') or 'the default'}) proposes parameters, the machine measures "
        f"them: {words.whole(verdict.evaluations)} evaluations one after the other, {words.whole(spec.get('shots'))} shots "
        f"each. The classical part takes seconds. Latency adds to the bill's machine time once for each of "
        f"{words.whole(verdict.jobs)} jobs."
    )


def _jobs(verdict: DeviceVerdict) -> str:
    if verdict.billed is None:
        return f"{words.whole(verdict.jobs)} jobs."
    jobs = words.spread(verdict.billed["jobs"], words.whole)
    return f"{jobs} jobs with {words.whole(verdict.shots)} shots in all, by the site's limits on shots and circuits in a job."


def _hardware(verdict: DeviceVerdict) -> str:
    circuit, lines = verdict.circuit, []
    if circuit is not None:
        physical = ", ".join(map(str, circuit.physical))
        lines.append(
            f"{circuit.qubits} coupled qubits (of the profile: {physical}); native gates {', '.join(circuit.native_gates)}."
        )
    lines += [f"{flip.words} (nominal {flip.nominal:.4g} {flip.unit})".rstrip() + "." for flip in verdict.flips]
    if not verdict.flips:
        lines.append("No single number of the profile was found at which the verdict flips.")
    return " ".join(lines)


def _storage(stored_bytes: int) -> str:
    return (
        f"Less than {max(0.01, round(2 * stored_bytes / GIGABYTE + 0.005, 2)):g} GB: all records of this rehearsal take "
        f"{stored_bytes / 1e6:.1f} MB, and a run on the machine writes the same kind of record."
    )


def _development(rehearsal: Rehearsal) -> str:
    spec = rehearsal.spec
    members = [f"{name} {spec[name]}" for name in ("algorithm", "ansatz", "optimizer", "gradient") if spec.get(name)]
    return (
        f"{DISTRIBUTION} is written in Python: circuits and their compilation with Qiskit, simulation by an engine of its own "
        f"that Qiskit Aer checks, optimisers in NumPy. Used here: {', '.join(members)}; hybrid show NAME prints the paper of "
        "each. Reusable: the records and circuits of this package can be executed again on any machine with a Qiskit backend."
    )


def _bottlenecks(verdict: DeviceVerdict) -> str:
    lines = []
    if verdict.binding:
        lines.append(f"The binding constraint is '{verdict.binding}'.")
    lines += [words.ended(f"{one.name}: {one.words}") for one in verdict.criteria if one.met is False]
    recommended = verdict.recommended if verdict.recommended not in ("", "none") else ""
    lines.append(f"Error mitigation recommended: {recommended}." if recommended else "No error mitigation pays here.")
    if verdict.remedy is not None:
        lines.append(f"Tried: {words.ended(verdict.remedy.words)} This ends in {verdict.remedy.verdict}.")
    return " ".join(lines)
