"""A device: a profile file as checked numbers in SI units, for the transpiler, the noise model and the tables.

Neither Qiskit nor NumPy is imported, so that showing a profile starts in a blink.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import final

from hybrid import catalog
from hybrid.errors import UsageError, shortened, unknown
from hybrid.files import looks_like_path
from hybrid.profile import Number, Pairs, Profile, Quantity

GATES = {"rz": 1, "sx": 1, "cz": 2}
"""The native gates that the noise model describes, with their qubits; `rz` is a change of frame: no time, no error."""
MAX_QUBITS = 256

_COHERENCE = Quantity("time", above=True, listed=True, endless=True)
_PROBABILITY = Quantity("plain number", high=1.0, listed=True)
_QUANTITIES = {
    "t1": _COHERENCE,
    "t2_star": _COHERENCE,
    "t2_echo": _COHERENCE,
    "context_t2star_factor": Quantity("plain number", high=1.0, above=True),
    "residual_exchange": Quantity("frequency"),
    "readout_p01": _PROBABILITY,
    "readout_p10": _PROBABILITY,
    "init_error": _PROBABILITY,
    "readout_duration": Quantity("time"),
    "shot_cycle": Quantity("time", above=True),
}


@final
@dataclass(frozen=True, slots=True)
class NativeGate:
    """A gate of the device; seconds and published average infidelity by qubits: (q,), or (i, j) with i < j."""

    name: str
    n_qubits: int
    duration_s: dict[tuple[int, ...], float]
    error: dict[tuple[int, ...], float]
    virtual: bool
    parallel: bool


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """A checked profile in SI units, tuples with one entry per qubit; an ideal device has no gates and None for them.

    `edges` holds ascending pairs, None where every pair is coupled. p01 is the probability to read 1 when the qubit is
    0, p10 the other way round. `numbers` has every entry as the file states it, by dotted key. Two devices are compared
    by identity; `sha256` tells files apart.
    """

    name: str
    title: str
    caveat: str
    sha256: str
    numbers: dict[str, Number]
    gates: dict[str, NativeGate]
    n_qubits: int | None = None
    edges: Pairs | None = None
    t1_s: tuple[float, ...] | None = None
    t2_star_s: tuple[float, ...] | None = None
    t2_echo_s: tuple[float, ...] | None = None
    readout_p01: tuple[float, ...] | None = None
    readout_p10: tuple[float, ...] | None = None
    init_error: tuple[float, ...] | None = None
    readout_s: float | None = None
    shot_cycle_s: float | None = None
    context_t2star_factor: float = 1.0
    residual_exchange_hz: float = 0.0

    @property
    def noisy(self) -> bool:
        """Whether the profile has native gates and errors; otherwise any gate runs perfectly on all qubits."""
        return bool(self.gates)

    @staticmethod
    def load(text: str) -> "Device":
        """The built-in device of this name, or the profile in this .toml file; UsageError with file, line and key."""
        if not looks_like_path(text):
            if text not in catalog.names("devices"):
                raise unknown("device", text, catalog.names("devices"))
            return _read(Profile(catalog.PACKAGE / "devices" / f"{text}.toml"))
        if not text.endswith(".toml"):
            raise UsageError(f"device '{shortened(text)}': a device profile is a .toml file.")
        return _read(Profile(Path(text)))


def _read(profile: Profile) -> Device:
    """The whole profile; checks between numbers are here, those of one number in `Profile`."""
    needed = ("title", "caveat", "n_qubits", "coupling", "gates", *_QUANTITIES)
    ideal = "any_gate" in profile.table
    table = profile.keys((), ("title", "caveat", "any_gate") if ideal else needed)
    title, caveat = (profile.words((key,), table[key]) for key in ("title", "caveat"))
    sha256 = hashlib.sha256(profile.text.encode()).hexdigest()
    start = partial(Device, name=profile.path.stem, title=title, caveat=caveat, sha256=sha256)
    if ideal:
        if table["any_gate"] is not True:
            raise profile.error(("any_gate",), "only true is allowed; a device with native gates has no such key.")
        return start(numbers={}, gates={})
    (count,) = profile.number(("n_qubits",), Quantity("plain number", low=1, high=MAX_QUBITS))
    if not count.is_integer():
        raise profile.error(("n_qubits", "value"), f"{count:g} is not a whole number.")
    n = int(count)
    edges = profile.coupling(("coupling",), n)
    places = {1: [(q,) for q in range(n)], 2: list(combinations(range(n), 2)) if edges is None else edges}
    profile.keys(("gates",), GATES)
    gates = {name: _gate(profile, name, places[arity]) for name, arity in GATES.items()}
    si = {key: profile.number((key,), quantity, n) for key, quantity in _QUANTITIES.items()}
    for key, other, factor in (("t2_echo", "t1", 2), ("t2_star", "t2_echo", 1)):
        for q, (time_s, other_s) in enumerate(zip(si[key], si[other], strict=True)):
            if time_s > factor * other_s:
                limit = f"{other} = {other_s:g} s" if factor == 1 else f"{factor} x {other} = {factor * other_s:g} s"
                raise profile.error((key, "value"), f"{time_s:g} s on qubit {q} is not allowed; at most {limit}.")
    if si["shot_cycle"] < si["readout_duration"]:
        raise profile.error(("shot_cycle", "value"), "a shot cannot be shorter than its readout_duration.")
    return start(
        numbers=profile.numbers,
        gates=gates,
        n_qubits=n,
        edges=edges,
        t1_s=si["t1"],
        t2_star_s=si["t2_star"],
        t2_echo_s=si["t2_echo"],
        readout_p01=si["readout_p01"],
        readout_p10=si["readout_p10"],
        init_error=si["init_error"],
        readout_s=si["readout_duration"][0],
        shot_cycle_s=si["shot_cycle"][0],
        context_t2star_factor=si["context_t2star_factor"][0],
        residual_exchange_hz=si["residual_exchange"][0],
    )


def _gate(profile: Profile, name: str, places: Sequence[tuple[int, ...]]) -> NativeGate:
    """One native gate on all its places; only `rz` is virtual, and it must be: the noise model knows no other."""
    at = ("gates", name)
    if name == "rz":
        profile.keys(at, ("virtual",))
        if not profile.switch((*at, "virtual")):
            raise profile.error((*at, "virtual", "value"), "only true is allowed: rz is modelled as a change of frame.")
        return NativeGate(name, 1, dict.fromkeys(places, 0.0), dict.fromkeys(places, 0.0), virtual=True, parallel=True)
    profile.keys(at, ("duration", "error", "parallel"))
    worst = 1 - 0.5 ** GATES[name]  # the average infidelity of replacing the qubits by a random state
    duration_s = profile.number((*at, "duration"), Quantity("time", above=True, listed=True), len(places))
    error = profile.number((*at, "error"), Quantity("plain number", high=worst, listed=True), len(places))
    parallel = profile.switch((*at, "parallel"))
    by_place = (dict(zip(places, numbers, strict=True)) for numbers in (duration_s, error))
    return NativeGate(name, GATES[name], *by_place, virtual=False, parallel=parallel)
