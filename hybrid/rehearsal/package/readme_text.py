"""The package's README.md: the verdict first, then the figures, how they were made, and how to execute them again."""

from collections.abc import Iterable, Mapping, Sequence

from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal
from hybrid.rehearsal.track_record import TrackRecord, stored_track_record

VERIFY = "hybrid rehearse --verify ."
PICTURES = {
    "figures/verdict.png": "The verdict: devices by criteria, each met, not met or not judged",
    "figures/values.png": "The value on each device beside the exact, the classical and the guessed one",
}
CONTENTS = (
    ("report.html", "the verdict on two pages, for a browser or a printer"),
    ("form.md, form.json", "the fields of the access form: filled, or marked as yours to write"),
    ("bill.md", "the bill with its formula in numbers"),
    ("circuits/", "the circuits in OpenQASM 3; acceptance.json says what they should give on a machine"),
    ("records/", "every answer of every run, with its checksums; times are set to 0, they are in times.json"),
    ("inputs/", "the input files, as they were read"),
    ("rehearsal.json", "all numbers of the rehearsal"),
    ("track_record.md", "how good such predictions have been before"),
    ("software.md", "versions and licences"),
    ("ro-crate-metadata.json", "what is in here, for repositories (RO-Crate 1.1); add authors and a licence of your own"),
    ("checksums.txt", "sha256 of every file but times.json, for sha256sum --check"),
)
METHODS = (
    "The experiment is run without noise, then on each device's profile: raw, and with the error mitigation that a comparison "
    "of methods recommends. A profile holds published figures of the device; what is not published is derived or assumed, "
    "with a range, and marked so in the profile (`hybrid show NAME`).",
    "Values are simulated exactly under the profile's noise and then sampled with the shots that were asked for; ± is one "
    "standard error, written as `-1.137(12)`. The reported value is measured anew at the last point, since the least of many "
    "noisy values is biased. Qiskit Aer computes reported values a second time; disagreement stops a run.",
    "The interval over devices is where 90 % of sampled devices within the profile's ranges lie.",
    "GO needs all six criteria; MARGINAL is GO but for stability; else NO-GO. The binding constraint is the first criterion "
    "that is not met. A comparison with the classical answer is stated and does not bind.",
    "Every random number descends from the seed; the same command on the same machine gives this package byte for byte.",
)


RECORD = "The table of these experiments is in track_record.md; `hybrid check --experiments` computes it again."


def track_record(record: TrackRecord) -> str:
    """The track record as a file of the package."""
    head = "# How good such predictions were before"
    about = f"Published experiments, read until {record.revised}, each predicted from published numbers of its machine alone."
    return "\n\n".join([head, about, record.markdown(), "Computed again by `hybrid check --experiments`."]) + "\n"


def markdown(rehearsal: Rehearsal, *, files: Sequence[str], left_out: Mapping[str, str], reveals: str) -> str:
    """The text; `files` are those of the package, `left_out` devices without circuits; `reveals`: of a redacted package."""
    parts = [
        f"# Rehearsal of {rehearsal.title}",
        f"**{rehearsal.sentence}**",
        *([reveals] if reveals else []),
        rehearsal.caveat,
    ]
    parts += ["## The verdict", _table(rehearsal), words.asks(), *_picture(files, "figures/verdict.png")]
    for verdict in rehearsal.devices:
        parts += [f"### {verdict.device}: {verdict.word}", *_device(verdict)]
    parts += [
        "## The value",
        _known(rehearsal),
        *filter(None, [words.ranked(rehearsal)]),
        *_picture(files, "figures/values.png"),
    ]
    parts += ["## How good such predictions were before", stored_track_record().summary, RECORD]
    parts += ["## Methods", *METHODS]
    if rehearsal.skipped:
        parts += ["Planned and left out:", _bullets(f"{one.step} on {one.device}: {one.why}" for one in rehearsal.skipped)]
    parts += ["## Execute it again", *(_redacted_check() if reveals else _again(rehearsal))]
    shown = [f"- `{name}`: {about}" for name, about in CONTENTS if _is_here(name, files)]
    parts += ["## What is here", "\n".join(shown)]
    if left_out:
        parts += ["No circuits:", _bullets(f"{device}: {why}" for device, why in left_out.items())]
    return "\n\n".join(parts) + "\n"


def _again(rehearsal: Rehearsal) -> list[str]:
    return [
        "In this folder, which carries all inputs, with the versions in software.md:",
        f"```sh\n{VERIFY}\n```",
        "It measures every record again, says of every number whether it holds, and names a file that was changed since. "
        "To rehearse from nothing, in this folder too:",
        f"```sh\n{rehearsal.command}\n```",
    ]


def _redacted_check() -> list[str]:
    return [
        "The records are left out, so only their owner can execute them again. Here this can be checked: that no file was "
        "changed since, and that the texts, the bill and the form follow from rehearsal.json:",
        f"```sh\n{VERIFY}\n```",
    ]


def _is_here(name: str, files: Sequence[str]) -> bool:
    first = name.partition(",")[0]
    written_later = first in ("checksums.txt", "ro-crate-metadata.json")
    return written_later or any(file == first or (first.endswith("/") and file.startswith(first)) for file in files)


def _table(rehearsal: Rehearsal) -> str:
    lines = ["| device | verdict | binding constraint | value | QPU hours | jobs |", "|---|---|---|---|---|---|"]
    for one in rehearsal.devices:
        cells = (one.device, f"**{one.word}**", one.binding or "none", words.device_value(rehearsal, one))
        lines.append(f"| {' | '.join((*cells, words.hours_of(one), words.whole(one.jobs)))} |")
    return "\n".join(lines)


def _device(verdict: DeviceVerdict) -> list[str]:
    lines = [f"{verdict.title}. {verdict.sentence}"]
    lines.append(_bullets(f"**{one.name}**: {words.criterion(one)}" for one in verdict.criteria))
    lines += words.changes(verdict)
    if verdict.remedy is not None and verdict.remedy.command:
        lines.append(f"```sh\n{verdict.remedy.command}\n```")
    return lines


def _known(rehearsal: Rehearsal) -> str:
    rows = [*words.known_values(rehearsal), *words.measured_values(rehearsal)]
    better = "larger" if rehearsal.maximize else "smaller"
    lines = [f"| {rehearsal.quantity} ({better} is better) | value |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
    return "\n".join(lines)


def _picture(files: Sequence[str], name: str) -> list[str]:
    return [f"![{PICTURES[name]}]({name})"] if name in files else []


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
