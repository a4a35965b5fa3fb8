"""The package as a research object: RO-Crate 1.1 metadata in JSON-LD (w3id.org/ro/crate/1.1), written by ourselves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from hybrid.rehearsal.package.form_answers import READ
from hybrid.rehearsal.package.software import DISTRIBUTION, Software

NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
FORMATS = {
    ".md": "text/markdown",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".qasm": "text/x-openqasm",
    ".html": "text/html",
    ".png": "image/png",
    ".csv": "text/csv",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".py": "text/x-python",
}
ABOUT = {
    "README.md": "The verdict, the figures, the methods and how to execute everything again",
    "report.html": "The verdict on two pages",
    "rehearsal.json": "All numbers of the rehearsal",
    "form.md": "Fields of the EuroHPC Quantum Access application",
    "form.json": "Fields of the EuroHPC Quantum Access application",
    "bill.md": "The bill with its formula in numbers",
    "software.md": "Versions and licences of the software that was used",
    "track_record.md": "How good such predictions have been before",
}


def metadata(files: Mapping[str, bytes], title: str, description: str, software: Sequence[Software]) -> bytes:
    """The metadata file of these files. `datePublished`, which the profile demands, is the month of the field map.

    No author and no licence of the data is named: both are the applicant's to add.
    """
    parts = [_file(name, content) for name, content in sorted(files.items())]
    tools = [_tool(one) for one in software]
    inputs = [{"@id": name} for name in sorted(files) if name.startswith("inputs/")]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": description,
        "datePublished": READ,
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": [{"@id": "#rehearsal"}],
    }
    action: dict[str, Any] = {
        "@id": "#rehearsal",
        "@type": "CreateAction",
        "name": "Rehearsal on simulators",
        "instrument": [{"@id": tool["@id"]} for tool in tools],
        "result": [{"@id": "./"}],
    }
    action |= {"object": inputs} if inputs else {}
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": PROFILE},
    }
    graph = {"@context": f"{PROFILE}/context", "@graph": [descriptor, root, action, *parts, *tools]}
    return (json.dumps(graph, indent=1, ensure_ascii=False) + "\n").encode()


def _file(name: str, content: bytes) -> dict[str, Any]:
    about = ABOUT.get(name)
    entity: dict[str, Any] = {"@id": name, "@type": "File", "name": name, "contentSize": str(len(content))}
    entity |= {"description": about} if about else {}
    kind = FORMATS.get(PurePosixPath(name).suffix)
    return entity | ({"encodingFormat": kind} if kind else {})


def _tool(one: Software) -> dict[str, Any]:
    entity: dict[str, Any] = {"@id": f"#{one.name}", "@type": "SoftwareApplication", "name": one.name}
    entity |= {"softwareVersion": one.version}
    entity |= {"license": one.licence} if one.licence else {}
    entity |= {"url": one.repository} if one.repository else {}
    return entity | ({"applicationCategory": "simulation of quantum computers"} if one.name == DISTRIBUTION else {})
