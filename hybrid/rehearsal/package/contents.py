"""Every file of a package as bytes, from the rehearsal and the records in its folder of results."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.base.errors import RecordError
from hybrid.device.device import Device
from hybrid.rehearsal.package import bill, crate, form, readme_text, redaction, software
from hybrid.rehearsal.package import kept_records as records
from hybrid.rehearsal.package.circuits import DeviceCircuits, circuits
from hybrid.rehearsal.package.inputs import Inputs
from hybrid.rehearsal.package.main_runs import resolved
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal
from hybrid.rehearsal.track_record import stored_track_record

REHEARSAL = "rehearsal.json"
Draw = Callable[[Rehearsal], Mapping[str, bytes]]
"""Makes the pictures and the HTML page of a rehearsal, by their place in the package."""


class Contents(NamedTuple):
    """Files by their place in the package, and the times, which stand outside its checksums."""

    files: dict[str, bytes]
    times: bytes


def contents(rehearsal: Rehearsal, results: Path, draw: Draw, *, redact: bool = False) -> Contents:
    """The whole package. `results` holds the records; with `redact` neither they nor the circuits are in it.

    RecordError for a missing or damaged record, UsageError for an input file that cannot be read.
    """
    billings = [_billing(one.device) for one in rehearsal.devices]
    inputs, kept = Inputs(), {}
    for id_ in ids(rehearsal):
        path = results / f"{id_}.jsonl"
        if not path.is_file():
            raise RecordError(f"{path}: this record of the rehearsal is missing; the same command makes it again.")
        kept[id_] = records.kept(path, inputs)
    files = {f"{records.FOLDER}/{id_}.jsonl": record.text for id_, record in kept.items()}
    if redact:
        hidden = redaction.redacted(rehearsal, resolved(rehearsal, files))
        return _written(hidden, billings, {}, DeviceCircuits({}, {}), {}, draw)
    exported = circuits(rehearsal, results)
    packed = with_paths_of(rehearsal, inputs)
    times = {id_: record.times for id_, record in kept.items()}
    return _written(packed, billings, files | inputs.files, exported, times, draw)


def rendered(rehearsal: Rehearsal, files: Mapping[str, bytes], left_out: Mapping[str, str], draw: Draw) -> dict[str, bytes]:
    """Every file of a package that follows from its rehearsal and its other `files`, run in the package's folder."""
    billings = [_billing(one.device) for one in rehearsal.devices]
    return _texts(rehearsal, billings, files, left_out, draw)


def _written(
    rehearsal: Rehearsal,
    billings: list[Any],
    files: Mapping[str, bytes],
    exported: DeviceCircuits,
    times: Mapping[str, Any],
    draw: Draw,
) -> Contents:
    whole = {**files, **exported.files}
    whole |= _texts(rehearsal, billings, whole, exported.left_out, draw)
    about = {"note": "When and how long this was computed; nothing in the package depends on it.", "records": dict(times)}
    return Contents(whole, _json(about))


def _texts(
    rehearsal: Rehearsal, billings: list[Any], files: Mapping[str, bytes], left_out: Mapping[str, str], draw: Draw
) -> dict[str, bytes]:
    tools, hidden = software.used(), rehearsal.title == redaction.TITLE
    stored = sum(len(content) for name, content in files.items() if name.startswith(f"{records.FOLDER}/"))
    fields = form.form_fields(rehearsal, resolved(rehearsal, files), tools, stored, reproduce=readme_text.VERIFY)
    made: dict[str, bytes] = {
        REHEARSAL: _json(rehearsal.to_json()),
        "form.md": form.markdown(fields, rehearsal.best.device).encode(),
        "form.json": _json(form.to_json(fields, rehearsal.best.device)),
        "bill.md": bill.markdown(rehearsal, billings).encode(),
        "software.md": software.markdown(tools).encode(),
        "track_record.md": readme_text.track_record(stored_track_record()).encode(),
        **draw(rehearsal),
    }
    readme = readme_text.markdown(
        rehearsal, files=[*files, *made], left_out=left_out, reveals=redaction.REVEALS if hidden else ""
    )
    made["README.md"] = readme.encode()
    made[crate.NAME] = crate.metadata({**files, **made}, f"Rehearsal of {rehearsal.title}", rehearsal.sentence, tools)
    return made


def ids(rehearsal: Rehearsal) -> list[str]:
    """Ids of all records that a rehearsal names, sorted, each once."""
    runs = [run for verdict in rehearsal.devices for run in verdict.runs]
    runs += [rehearsal.noiseless] if rehearsal.noiseless is not None else []
    tried = [verdict.remedy.id for verdict in rehearsal.devices if verdict.remedy is not None]
    return sorted({*(run.id for run in runs), *tried} - {""})


def with_paths_of(rehearsal: Rehearsal, inputs: Inputs) -> Rehearsal:
    """The rehearsal with the paths of its input files as they are in the package."""
    here = Path.cwd()

    def placed(value: Any) -> Any:
        if isinstance(value, str):
            return inputs.placed(value, here)
        if isinstance(value, dict):
            return {key: placed(one) for key, one in value.items()}
        return value

    def of_device(verdict: DeviceVerdict) -> DeviceVerdict:
        runs = tuple(run._replace(device=placed(run.device), command=placed(run.command)) for run in verdict.runs)
        remedy = verdict.remedy and verdict.remedy._replace(command=placed(verdict.remedy.command))
        changed = {"device": placed(verdict.device), "command": placed(verdict.command)}
        return replace(verdict, **changed, runs=runs, remedy=remedy)

    noiseless = rehearsal.noiseless and rehearsal.noiseless._replace(command=placed(rehearsal.noiseless.command))
    return replace(
        rehearsal,
        command=placed(rehearsal.command),
        spec=placed(rehearsal.spec),
        noiseless=noiseless,
        devices=tuple(map(of_device, rehearsal.devices)),
        ranking=tuple(tuple(map(placed, together)) for together in rehearsal.ranking),
        input_files={placed(name): digest for name, digest in rehearsal.input_files.items()},
    )


def _billing(device: str) -> Any:
    return None if device == redaction.OWN_PROFILE else Device.load(device).billing


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
