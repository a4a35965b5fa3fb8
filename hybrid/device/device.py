"""A device: a profile file as checked numbers in SI units, for the transpiler, the noise model and the tables.

Neither Qiskit nor NumPy is imported, so that showing a profile starts fast.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from importlib import import_module
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any, final

from hybrid.base.display import html_of, plot_of
from hybrid.base.errors import unknown
from hybrid.device import naming
from hybrid.device import options as device_options
from hybrid.device.billing import Billing, billing_of
from hybrid.device.extension import extended
from hybrid.device.options import DEFAULT, DEPHASING, Offer
from hybrid.device.profile import Number, Pairs, Profile, QuantityRule, physics_of
from hybrid.device.published import read_published

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

IDEAL_KEYS = ("title", "caveat", "any_gate")
"""All that the profile of an ideal device has."""
GATES = {"rz": 1, "sx": 1, "rx": 1, "cz": 2, "rzz": 2, "rxx": 2}
"""The native gates that the noise model describes, with their qubits. `rz` may be virtual: a change of frame, no error."""
PULSES, TWO_QUBIT = ("sx", "rx"), ("cz", "rzz", "rxx")
"""A device has one of each besides rz."""
MAX_QUBITS = 256

N_QUBITS = QuantityRule("plain number", low=1, high=MAX_QUBITS, whole=True, about="Number of qubits.")
_COHERENCE = QuantityRule("time", above=True, listed=True, endless=True)
_PROBABILITY = QuantityRule("plain number", high=1.0, listed=True)
QUANTITIES = {
    "t1": _COHERENCE._replace(about="Relaxation time T1, of all qubits or one by one."),
    "t2_star": _COHERENCE._replace(about="T2* of isolated qubits: quasi-static detunings."),
    "t2_echo": _COHERENCE._replace(about="T2 with an echo, at most 2 T1: what no echo removes."),
    "context_t2star_factor": QuantityRule(
        "plain number",
        high=1.0,
        above=True,
        about="T2* in circuits with a two-qubit gate, as a share of that of isolated qubits.",
    ),
    "residual_exchange": QuantityRule("frequency", about="Exchange between coupled qubits while no gate runs."),
    "readout_p01": _PROBABILITY._replace(about="Probability to read 1 where the qubit is 0."),
    "readout_p10": _PROBABILITY._replace(about="Probability to read 0 where the qubit is 1."),
    "init_error": _PROBABILITY._replace(about="Probability that a qubit begins in 1."),
    "readout_duration": QuantityRule("time", about="How long the qubits are read."),
    "shot_cycle": QuantityRule("time", above=True, about="From the beginning of one shot to that of the next one."),
}
"""Key of a profile -> what its number may be."""
FIELDS = {
    "t1": "t1_s",
    "t2_star": "t2_star_s",
    "t2_echo": "t2_echo_s",
    "residual_exchange": "residual_exchange_hz",
    "readout_duration": "readout_s",
    "shot_cycle": "shot_cycle_s",
}
"""A profile's key -> the field of a device, where it has another name."""
QUASISTATIC_ONLY = ("t2_star", "context_t2star_factor", "residual_exchange")


@final
@dataclass(frozen=True, slots=True)
class NativeGate:
    """A gate of the device; seconds and published average infidelity by qubits: (q,), or (i, j) with i < j.

    An `echoed` gate refocuses the detunings of its own qubits.
    """

    name: str
    n_qubits: int
    duration_s: dict[tuple[int, ...], float]
    error: dict[tuple[int, ...], float]
    virtual: bool
    parallel: bool
    echoed: bool = False


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """A checked profile in SI units, tuples with one entry per qubit; an ideal device has no gates and None for them.

    `edges` holds ascending pairs, None where every pair is coupled. p01 is the probability to read 1 when the qubit is
    0, p10 the other way round. `t2_star_s` is None where the profile knows Markovian dephasing alone; T2 is then
    `t2_echo_s`. `numbers` has every entry as the file states it, by dotted key. `correlation` is that of the detunings of
    coupled qubits, `drift_time_s` the correlation time of an `ou` and the longest time of a `pink` drift. `variants` are
    the choices that the profile offers, `chain` the qubits of a chain profile, `options` what was chosen; `nominal` is the
    device before a variant was. Two
    devices are compared by identity; `sha256` tells files apart by all but their tables of billing and of published
    results, on which no answer depends.
    """

    name: str
    title: str
    caveat: str
    sha256: str
    numbers: dict[str, Number]
    gates: dict[str, NativeGate]
    dephasing: str = ""
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
    billing: Billing | None = None
    context_t2star_factor: float = 1.0
    residual_exchange_hz: float = 0.0
    correlation: float = 0.0
    drift: str = "none"
    drift_time_s: float = 0.0
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chain: int = 0
    options: str = ""
    nominal: "Device | None" = None

    _repr_html_ = html_of
    plot = plot_of

    @property
    def compiled_for(self) -> "Device":
        """The device for which circuits are laid out and ordered: the nominal one, so that variants run the same pulses."""
        return self.nominal or self

    @property
    def noisy(self) -> bool:
        """Whether the profile has native gates and errors; otherwise any gate runs perfectly on all qubits."""
        return bool(self.gates)

    @property
    def label(self) -> str:
        """`name` or `name:options`, as it is written on the command line."""
        return f"{self.name}:{self.options}" if self.options else self.name

    @property
    def circuit_t2_star_s(self) -> tuple[float, ...] | None:
        """T2* in circuits with a two-qubit gate, shorter than that of isolated qubits; None without quasi-static numbers."""
        return None if self.t2_star_s is None else tuple(t * self.context_t2star_factor for t in self.t2_star_s)

    @property
    def open_options(self) -> dict[str, str]:
        """Every option that the profile leaves open, and what it takes."""
        own = "" if not self.noisy else "markov" if self.t2_star_s is None else "quasistatic"
        return device_options.takes(Offer(own, self.variants, self.chain))

    def backend(self, *, max_circuits: int | None = None, **options: Any) -> "BackendV2":
        """The device as a Qiskit `BackendV2`; options as `hybrid.qiskit_api.DeviceBackend`."""
        front_door = import_module("hybrid")  # BackendV2 is known only to a room above this one
        return front_door.DeviceBackend(self, max_circuits=max_circuits, **options)

    @staticmethod
    def load(text: str, *, dephasing: str | None = None) -> "Device":
        """The device of `NAME_OR_PATH[:key=value,...]`, built in or a .toml file; every variant of the file is checked.

        `dephasing` (quasistatic or markov) is the option of this name given beside the text. UsageError names file, line
        and key, or the option.
        """
        built_in = naming.built_in(device_options.split(text)[0])
        return _built_in(text, dephasing) if built_in else _load(text, dephasing)


@lru_cache(maxsize=256)
def _built_in(text: str, dephasing: str | None) -> Device:
    """A profile of the package does not change while a process runs."""
    return _load(text, dephasing)


def _load(text: str, dephasing: str | None) -> Device:
    profile = Profile(naming.device_file(text))
    device = nominal = _read(profile)
    offered = device_options.declared_variants(profile)
    for option, choices in offered.items():
        for choice in choices:
            if choice != DEFAULT:
                _read(device_options.varied(profile, {option: choice}))
    settings = device_options.split(text)[1]
    chain = device_options.offer(profile.table).chain
    options = device_options.parse(device.name, settings, Offer(device.dephasing, offered, chain), dephasing)
    if options.n_qubits:
        profile = extended(profile, options.n_qubits)
        device = nominal = _read(profile)
    if options.variants:
        device = replace(_read(device_options.varied(profile, options.variants)), nominal=nominal)
    return replace(
        device,
        dephasing=options.dephasing,
        correlation=options.correlation,
        drift=options.drift,
        drift_time_s=options.drift_time_s,
        variants=offered,
        chain=chain,
        options=options.text,
    )


def _read(profile: Profile) -> Device:
    """The whole profile; checks between numbers are here, those of one number in `Profile`."""
    ideal = "any_gate" in profile.table
    dephasing = "" if ideal else _dephasing(profile)
    table = profile.keys((), IDEAL_KEYS) if ideal else profile.keys((), *profile_keys(dephasing))
    title, caveat = (profile.words((key,), table[key]) for key in ("title", "caveat"))
    sha256 = hashlib.sha256(physics_of(profile.text).encode()).hexdigest()
    start = partial(Device, name=profile.path.stem, title=title, caveat=caveat, sha256=sha256, dephasing=dephasing)
    if ideal:
        if table["any_gate"] is not True:
            raise profile.error(("any_gate",), "only true is allowed; a device with native gates has no such key.")
        return start(numbers={}, gates={})
    (count,) = profile.number(("n_qubits",), N_QUBITS)
    n = int(count)
    edges = profile.coupling(("coupling",), n)
    gates = _gates(profile, n, edges, dephasing)
    si = {key: profile.number((key,), quantity, n) for key, quantity in QUANTITIES.items() if key in table}
    _check_order(profile, si)
    fields: dict[str, Any] = {FIELDS.get(key, key): value if QUANTITIES[key].listed else value[0] for key, value in si.items()}
    if "published" in table:
        read_published(profile, edges)
    if "billing" in table:
        pulse = gates["sx" if "sx" in gates else "rx"]
        fields["billing"] = billing_of(profile, n, fmean(pulse.duration_s.values()))
    return start(numbers=profile.numbers, gates=gates, n_qubits=n, edges=edges, **fields)


def profile_keys(dephasing: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The top level of a profile with noise: the keys that its kind of dephasing needs, and those that it may have."""
    left_out = QUASISTATIC_ONLY if dephasing == "markov" else ()
    needed = ("title", "caveat", "dephasing", "n_qubits", "coupling", "gates")
    return (*needed, *(key for key in QUANTITIES if key not in left_out)), ("billing", "published", "variants")


def gate_rules(name: str) -> dict[str, QuantityRule]:
    """What the numbers of a physical gate may be, by key."""
    worst = 1 - 0.5 ** GATES[name]  # the average infidelity of replacing the qubits by a random state
    return {
        "duration": QuantityRule("time", above=True, listed=True, about="Duration, of all places or one by one."),
        "error": QuantityRule("plain number", high=worst, listed=True, about="Average gate infidelity."),
    }


def gate_keys(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that a physical gate needs, and those that it may have."""
    return (*gate_rules(name), "parallel"), (("echoed",) if GATES[name] == 2 else ())


def _dephasing(profile: Profile) -> str:
    kind = profile.table.get("dephasing", "quasistatic")
    if kind not in DEPHASING:
        raise profile.error(("dephasing",), str(unknown("kind of dephasing", str(kind), DEPHASING)))
    for key in QUASISTATIC_ONLY:
        if kind == "markov" and key in profile.table:
            raise profile.error((key,), "is a number of quasi-static dephasing; this profile says dephasing = 'markov'.")
    return kind


def _check_order(profile: Profile, si: dict[str, tuple[float, ...]]) -> None:
    """T2 echo is at most 2 T1, T2* at most T2 echo, a shot no shorter than its readout."""
    for key, other, factor in (("t2_echo", "t1", 2), ("t2_star", "t2_echo", 1)):
        for q, (time_s, other_s) in enumerate(zip(si.get(key, ()), si[other], strict=key in si)):
            if time_s > factor * other_s:
                limit = f"{other} = {other_s:g} s" if factor == 1 else f"{factor} x {other} = {factor * other_s:g} s"
                raise profile.error((key, "value"), f"{time_s:g} s on qubit {q} is not allowed; at most {limit}.")
    if si["shot_cycle"] < si["readout_duration"]:
        raise profile.error(("shot_cycle", "value"), "a shot cannot be shorter than its readout_duration.")


def _gates(profile: Profile, n: int, edges: Pairs | None, dephasing: str) -> dict[str, NativeGate]:
    """A universal set: rz, a pulse about X, a two-qubit gate."""
    given = profile.keys(("gates",), ("rz",), GATES)
    if any(len({*kind} & set(given)) != 1 for kind in (PULSES, TWO_QUBIT)):
        raise profile.error(
            ("gates",), f"{', '.join(given)} are given; rz, one of sx and rx, and one of cz, rzz and rxx are needed."
        )
    if "rx" in given and dephasing == "quasistatic":
        raise profile.error(
            ("gates", "rx"), "needs dephasing = 'markov': a detuned pulse of variable angle is not modelled; sx is."
        )
    places = {1: [(q,) for q in range(n)], 2: list(combinations(range(n), 2)) if edges is None else edges}
    return {name: _gate(profile, name, places[arity]) for name, arity in GATES.items() if name in given}


def _gate(profile: Profile, name: str, places: Sequence[tuple[int, ...]]) -> NativeGate:
    """One native gate on all its places; `rz` alone may be virtual."""
    at = ("gates", name)
    if name == "rz" and "virtual" in profile.table_at(at):
        profile.keys(at, ("virtual",))
        if not profile.switch((*at, "virtual")):
            raise profile.error(
                (*at, "virtual", "value"), "only true is allowed; a physical rz has duration, error and parallel instead."
            )
        return NativeGate(name, 1, dict.fromkeys(places, 0.0), dict.fromkeys(places, 0.0), virtual=True, parallel=True)
    profile.keys(at, *gate_keys(name))
    duration_s, error = (profile.number((*at, key), rule, len(places)) for key, rule in gate_rules(name).items())
    parallel = profile.switch((*at, "parallel"))
    echoed = "echoed" in profile.table_at(at) and profile.switch((*at, "echoed"))
    by_place = (dict(zip(places, numbers, strict=True)) for numbers in (duration_s, error))
    return NativeGate(name, GATES[name], *by_place, virtual=False, parallel=parallel, echoed=echoed)
