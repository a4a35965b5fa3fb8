"""A rehearsal as data: what was played, and the verdict for each device. Standard library only."""

from dataclasses import dataclass, fields, is_dataclass
from math import inf
from typing import Any, NamedTuple, final

from hybrid.base.display import html_of, plot_of

GO, MARGINAL, NO_GO = "GO", "MARGINAL", "NO-GO"
FITS, LIVES, RESOLVES, BEATS, AFFORDABLE, STABLE = "fits", "lives", "resolves", "beats guessing", "affordable", "stable"
CRITERIA = (FITS, LIVES, RESOLVES, BEATS, AFFORDABLE, STABLE)
NOISELESS, RAW, MITIGATED = "noiseless", "raw", "mitigated"


class Criterion(NamedTuple):
    """One question of the verdict. `met` is None where it was not judged; `words` is one sentence that says why either way;
    `numbers` are the figures that it rests on, with the unit in the key."""

    name: str
    met: bool | None
    words: str
    numbers: dict[str, Any]


class Played(NamedTuple):
    """One run of a rehearsal: which `step` it is (`NOISELESS`, `RAW`, `MITIGATED`, or what was tried), the command that gives
    the same run, its record's id and digest, and its reported value in the problem's `unit`."""

    step: str
    device: str
    command: str
    id: str
    digest: str
    value: float
    stderr: float
    mitigate: str


class Skipped(NamedTuple):
    """A step that was planned and left out, and why: it does not fit, or its predicted seconds do not."""

    step: str
    device: str
    seconds: float | None
    why: str


class Flip(NamedTuple):
    """The number of a device at which the verdict flips: `key` as the profile names it, `unit`, its nominal value, and between
    `go` and `no_go` (both were run) the verdict changes. `words`: "GO if two-qubit error < 0.8 %"."""

    key: str
    unit: str
    nominal: float
    go: float
    no_go: float
    words: str


class SmallestChange(NamedTuple):
    """The smallest change that was found, by trying it, to make a verdict GO: in words, the command that rehearses it, what it
    ends in, its bill in QPU hours (low, value, high), and the id of the run that showed it, at the angles of the raw run."""

    words: str
    command: str
    verdict: str
    hours: tuple[float, float, float] | None
    id: str


class CircuitFacts(NamedTuple):
    """The largest circuit of one evaluation as compiled for the device; times in seconds, None without noise."""

    qubits: int
    physical: tuple[int, ...]
    native_gates: dict[str, int]
    two_qubit_gates: int
    depth: int
    two_qubit_depth: int
    circuits: int
    duration_s: float | None
    t2_star_s: float | None
    t2_echo_s: float | None
    signal: float | None


@final
@dataclass(frozen=True, kw_only=True)
class DeviceVerdict:
    """The verdict on one device; `machine` is the one that its profile stands for, empty for others.

    `binding` is the first criterion that is not met, empty for GO; `sentence` names the verdict and the binding constraint in
    words, and `command` rehearses this device alone. `circuit` is None where the experiment does not fit. `value` is that of
    the asked shots, `limit` of infinitely many on the device and `ideal` without noise, at the same x; `interval` is that of
    `limit` within the profile's ranges, as in `hybrid.Result.device_interval`. `recommended` is the error mitigation that pays
    most, empty for none. `variants` says what each variant of the profile ends in. `tried` are changes that were tried before
    `remedy` and are not enough. `billed` has the fields of `hybrid.Result.billed` for the whole experiment as asked for (None
    without a rule), and `hours` is its [low, value, high] in QPU hours; `assumed` says whether its rule is assumed.
    """

    device: str
    machine: str
    title: str
    word: str
    binding: str
    sentence: str
    command: str
    criteria: tuple[Criterion, ...]
    circuit: CircuitFacts | None
    runs: tuple[Played, ...]
    recommended: str
    value: float | None
    stderr: float | None
    limit: float | None
    ideal: float | None
    interval: dict[str, Any] | None
    variants: dict[str, str]
    flips: tuple[Flip, ...]
    remedy: SmallestChange | None
    tried: tuple[str, ...]
    billed: dict[str, Any] | None
    hours: tuple[float, float, float] | None
    assumed: bool
    jobs: int | None
    shots: int | None
    evaluations: int | None

    _repr_html_ = html_of


@final
@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """One experiment on several devices. `title` names the experiment and `command` repeats the rehearsal.

    `noiseless` is its run without noise; `exact`, `baseline` and `guessing` are known values in `unit`, None where not known.
    `scale` is the distance that matters, `scale_words` says which. `ranking` has the devices by value, best first; those that
    stand together are not told apart, for their bands overlap. `caveat` holds for all numbers. `skipped` was planned and left
    out. `seconds_planned` is the predicted processor time, at most `max_time_s`; no clock decides anything.
    """

    title: str
    command: str
    spec: dict[str, Any]
    n_qubits: int
    quantity: str
    unit: str
    maximize: bool
    noiseless: Played | None
    exact: float | None
    baseline: float | None
    baseline_name: str
    guessing: float | None
    scale: float | None
    scale_words: str
    hours_asked: float | None
    devices: tuple[DeviceVerdict, ...]
    ranking: tuple[tuple[str, ...], ...]
    skipped: tuple[Skipped, ...]
    seconds_planned: float
    max_time_s: float
    caveat: str
    versions: dict[str, str]
    input_files: dict[str, str]

    _repr_html_ = html_of
    plot = plot_of

    @property
    def best(self) -> DeviceVerdict:
        """The device with the best verdict, as asked for and then as changed; of equals the one with the fewest hours."""

        def rank(one: DeviceVerdict) -> tuple[int, int, float]:
            words = (GO, MARGINAL, NO_GO)
            changed, hours = (NO_GO, one.hours) if one.remedy is None else (one.remedy.verdict, one.remedy.hours)
            return words.index(one.word), words.index(changed), inf if hours is None else hours[1]

        return min(self.devices, key=rank)

    @property
    def sentence(self) -> str:
        """The verdict on the best device, first line of every report."""
        return self.best.sentence

    def to_json(self) -> dict[str, Any]:
        """The rehearsal as one JSON object."""
        return {"sentence": self.sentence} | _plain(self)


def _plain(value: Any) -> Any:
    """A value in which dataclasses and named tuples are objects by field, and tuples lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and (names := getattr(value, "_fields", ())):
        return {name: _plain(one) for name, one in zip(names, value, strict=True)}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
