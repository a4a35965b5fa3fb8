"""The fields of a EuroHPC Quantum Access application that follow from a rehearsal, filled, and those that do not, marked.

Field map read in November 2026 in two public texts; portals change, so everything says "check against the live form".
Nobody's name, organisation, title, abstract, scientific case or declaration is written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hybrid.rehearsal.package import form_answers as answers
from hybrid.rehearsal.package.form_answers import FILLED, READ, YOURS
from hybrid.rehearsal.package.software import Software
from hybrid.rehearsal.rehearsal import Rehearsal

SOURCES = (
    "an application guide of a vendor whose authors walked the portal in September 2026 "
    "(github.com/pasqal-io/agent-marketplace, skills/apply-genci-tgcc-cea)",
    "a lesson of the Swedish competence centre "
    "(github.com/ENCCS/eurohpc-quantum-devices-access-hpcqc, content/access.md, qpu-hours.md, hpc-qc.md)",
)
CHECK = "Portals change: check every field against the live form."
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
    rehearsal: Rehearsal, inputs: Mapping[str, Any], software: Sequence[Software], stored_bytes: int, *, reproduce: str
) -> tuple[FormField, ...]:
    """The fields in the form's order, for the device with the best verdict.

    `inputs` are the Spec's fields with their defaults filled in, `stored_bytes` the size of the records.
    """
    verdict = rehearsal.best
    filled = [
        ("feasibility_proof", "Feasibility proof available?", True, *answers.proof(verdict)),
        ("feasibility_comment", "Comment on feasibility", False, FILLED, answers.comment(rehearsal, verdict, reproduce)),
        ("quantum_system", "Quantum system", True, *answers.system(verdict)),
        ("relevance", "Why quantum hardware, beyond an emulator", True, YOURS, answers.relevance(rehearsal, verdict)),
        ("codes", "Codes used: name and version, repository, licence", True, FILLED, answers.codes(rehearsal, software)),
        ("code_connection", "Your connection to the code", True, YOURS, "User, developer or owner of the code: yours to say."),
        ("qpu_hours", "Requested QPU hours", True, *answers.hours(verdict)),
        ("circuits", "Circuit characteristics", True, FILLED, answers.circuits(verdict)),
        ("hybrid_workflow", "Is a hybrid workflow foreseen?", True, FILLED, answers.workflow(inputs, verdict)),
        ("jobs", "Estimated number of runs or jobs", True, FILLED, answers.jobs(verdict)),
        ("hardware", "Specific hardware characteristics", True, FILLED, answers.hardware(verdict)),
        ("storage", "Storage in GB", True, *answers.storage(stored_bytes)),
        ("code_development", "Development of the code, main algorithms, reusable?", True, FILLED, answers.development(inputs)),
        ("bottlenecks", "Bottlenecks, solutions considered, optimisation needed", True, FILLED, answers.bottlenecks(verdict)),
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
        lines += ["\n>\n".join(f"> {line}" for line in field.text.splitlines())]
        lines += [""] if field.text else []
    return "\n".join(lines)
