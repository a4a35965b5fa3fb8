"""Profiles: every number is cited, every mistake in a file is refused with file, line, key and what is allowed."""

import math
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.device.profile import NO_PAPER, UNITS

ROOT = Path(__file__).parents[1]
GOOD = (ROOT / "hybrid" / "device" / "profiles" / "meluxina-q.toml").read_text(encoding="utf-8")
SOURCES = tomllib.loads((ROOT / "seeds" / "sources.toml").read_text(encoding="utf-8"))
CAVEAT = (
    "meluxina-q stand-in profile v2. Published for the real machine: 10 qubits, silicon. "
    "Everything else is measured on other devices, derived or assumed. Not a prediction."
)


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def edited(section: str, old: str, new: str) -> str:
    """The shipped profile with one change inside one [section]; `old` must be there."""
    start = GOOD.index(f"[{section}]") if section else 0
    at = GOOD.index(old, start)
    return GOOD[:at] + new + GOOD[at + len(old) :]


def line_with(text: str, part: str, section: str = "") -> int:
    """The line (from 1) of the first `part` at or after the [section]."""
    start = text.index(f"[{section}]") if section else 0
    return text[: text.index(part, start)].count("\n") + 1


@pytest.mark.parametrize("name", catalog.names("devices"))
def test_every_device_loads_and_cites(name):
    device = Device.load(name)
    assert device.name == name and device.title and device.caveat and len(device.sha256) == 64
    for key, number in device.numbers.items():
        assert number.source in SOURCES or number.source in NO_PAPER, key
        if number.source in NO_PAPER or set(number.mark) & set("DA"):
            assert len(number.reason) > 20, key
        if set(number.mark) & set("DA") and number.unit:
            assert number.range is not None or "no range: " in number.reason, key
        assert str(number)
        assert not number.known_for_target or name == "meluxina-q", key


@pytest.mark.parametrize("name", sorted(set(catalog.names("devices")) - {"ideal", "meluxina-q"}))
def test_a_profile_says_what_it_is_of_and_what_it_is_not(name):
    caveat = Device.load(name).caveat
    assert caveat.startswith(f"{name} is a profile of ")
    assert caveat.endswith("It is not MeluXina-Q. Not a prediction.")


def test_meluxina_q_states_what_is_known_and_no_more():
    device = Device.load("meluxina-q")
    assert device.caveat == CAVEAT
    assert [key for key, number in device.numbers.items() if number.known_for_target] == ["n_qubits"]
    assert (device.n_qubits, device.noisy) == (10, True)
    assert device.edges == tuple((q, q + 1) for q in range(9))
    assert list(device.gates) == ["rz", "sx", "cz"]


def test_meluxina_q_in_si_units():
    device = Device.load("meluxina-q")
    rz, sx, cz = device.gates.values()
    assert (rz.virtual, sx.virtual, cz.virtual) == (True, False, False)
    assert (rz.parallel, sx.parallel, cz.parallel) == (True, False, False)
    assert set(rz.duration_s.values()) == set(rz.error.values()) == {0.0}
    assert sx.duration_s == {(q,): 65e-9 for q in range(10)} and sx.error == {(q,): 1e-3 for q in range(10)}
    assert cz.duration_s == dict.fromkeys(device.edges, 150e-9) and cz.error == dict.fromkeys(device.edges, 1e-2)
    assert device.t1_s == (22e-3,) * 10
    assert device.t2_star_s == (3.0e-6, 2.5e-6, 3.7e-6, 3.7e-6, 5.9e-6, 5.1e-6, 3.7e-6, 3.7e-6, 5.9e-6, 5.1e-6)
    assert device.t2_echo_s[:6] == (14e-6, 21.1e-6, 40.1e-6, 37.2e-6, 44.7e-6, 26.7e-6)
    assert device.t2_echo_s[6:] == device.t2_echo_s[2:6]
    assert device.readout_p01 == device.readout_p10 == (0.015,) * 10 and device.init_error == (0.01,) * 10
    assert (device.readout_s, device.shot_cycle_s) == (12e-6, 600e-6)
    assert (device.context_t2star_factor, device.residual_exchange_hz) == (0.63, 20e3)


@pytest.mark.parametrize(
    ("key", "text", "ranged"),
    [
        ("gates.sx.duration", "65 ns", "50 to 132 ns"),
        ("gates.cz.duration", "150 ns", "72 to 150 ns"),
        ("gates.cz.error", "1 %", "0.5 to 5 %"),
        ("context_t2star_factor", "0.63", "0.4 to 1"),
        ("residual_exchange", "20 kHz", "0 to 50 kHz"),
        ("readout_p01", "1.5 %", "0.5 to 3 %"),
        ("coupling", "chain", ""),
        ("gates.sx.parallel", "no", ""),
        ("t2_echo", "14, 21.1, 40.1, 37.2, 44.7, 26.7, 40.1, 37.2, 44.7, 26.7 us", "14 to 44.7 us"),
    ],
)
def test_numbers_print(key, text, ranged):
    number = Device.load("meluxina-q").numbers[key]
    assert (str(number), number.range_text) == (text, ranged)


def test_number_converts_itself():
    numbers = Device.load("meluxina-q").numbers
    assert numbers["t1"].si == 22e-3
    assert numbers["t2_star"].si == Device.load("meluxina-q").t2_star_s
    with pytest.raises(TypeError, match="chain"):
        _ = numbers["coupling"].si


def test_ideal_has_no_numbers():
    device = Device.load("ideal")
    assert not device.noisy and not device.gates and not device.numbers
    assert device.n_qubits is device.edges is device.t1_s is device.readout_p01 is device.shot_cycle_s is None


@pytest.mark.parametrize("unit", [unit for unit, (dimension, _) in UNITS.items() if dimension == "time"])
def test_the_same_time_in_any_unit(tmp_path, unit):
    value = {"s": "22e-3", "ms": "22", "us": "22000", "ns": "22e6"}[unit]
    text = edited("t1", 'value = 22\nunit = "ms"', f'value = {value}\nunit = "{unit}"')
    assert Device.load(write(tmp_path, text)).t1_s == (22e-3,) * 10


def test_lists_per_qubit_and_per_pair(tmp_path):
    text = edited("coupling", '"chain"', "[[1, 0], [9, 4], [2, 1]]")
    text = text.replace("value = 150\n", "value = [72, 100, 150]\n")
    text = text.replace("value = 65\n", "value = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]\n")
    device = Device.load(write(tmp_path, text))
    assert device.edges == ((0, 1), (4, 9), (1, 2))
    assert device.gates["cz"].duration_s == {(0, 1): 72e-9, (4, 9): 100e-9, (1, 2): 150e-9}
    assert device.gates["sx"].duration_s[(9,)] == 59e-9
    assert str(device.numbers["coupling"]) == "0-1, 4-9, 1-2"


def test_all_to_all_and_never_ending_coherence(tmp_path):
    text = edited("coupling", '"chain"', '"all-to-all"').replace("value = 22\n", "value = inf\n")
    device = Device.load(write(tmp_path, text))
    assert device.edges is None and len(device.gates["cz"].error) == 45
    assert device.t1_s == (math.inf,) * 10


def test_inline_tables_do_too(tmp_path):
    old = GOOD[GOOD.index("[t1]") : GOOD.index("[t2_star]")]
    line = 't1 = { value = 22, unit = "ms", mark = "H", source = "takeda2022", known_for_target = false }\n\n'
    text = GOOD.replace(old, "").replace("[n_qubits]", line + "[n_qubits]")
    assert Device.load(write(tmp_path, text)).t1_s == (22e-3,) * 10


REFUSED = [
    # section, old, new, where the complaint points (a part of that line), what it says
    ("", 'title = "', 'titel = "x"\ntitle = "', "titel", ["titel", "Did you mean 'title'"]),
    ("", "[t1]", "[t1x]", "[t1x]", ["unknown key 't1x'", "Did you mean 't1'"]),
    ("t1", "value", "valeu", "valeu", ["t1.valeu", "unknown key 'valeu'", "Did you mean 'value'"]),
    ("t1", "value = 22\n", "", "[t1]", ["t1: missing key 'value'"]),
    ("t1", 'unit = "ms"\n', "", "[t1]", ["t1: missing key 'unit'"]),
    ("t1", 'source = "takeda2022"\n', "", "[t1]", ["t1: missing key 'source'"]),
    ("t1", 'mark = "H"\n', "", "[t1]", ["t1: missing key 'mark'"]),
    ("t1", "known_for_target = false\n", "", "[t1]", ["t1: missing key 'known_for_target'"]),
    ("t1", "known_for_target = false", 'known_for_target = "no"', "known_for_target", ["write true or false"]),
    ("t1", 'source = "takeda2022"', 'source = ""', "source", ["t1.source", "one line of text"]),
    ("t1", 'unit = "ms"', 'unit = "min"', "unit", ["t1.unit", "unknown unit 'min'", "s, ms, us, ns"]),
    ("t1", 'unit = "ms"', 'unit = "kHz"', "unit", ["t1.unit", "unknown unit 'kHz'", "s, ms, us, ns"]),
    ("residual_exchange", 'unit = "kHz"', 'unit = "us"', "unit", ["residual_exchange.unit", "Hz, kHz, MHz"]),
    ("t1", 'mark = "H"', 'mark = "X"', "mark", ["t1.mark", "'X'", "H (read in the primary text)"]),
    ("t1", 'mark = "H"', 'mark = "HH"', "mark", ["t1.mark", "'HH'"]),
    ("t1", 'mark = "H"', 'mark = "A"', "[t1]", ["t1", "missing key 'reason'"]),
    ("t1", 'source = "takeda2022"', 'source = "assumed"', "[t1]", ["t1", "missing key 'reason'"]),
    ("t1", "value = 22\n", 'value = "22"\n', "value", ["t1.value", "'22' is not a number"]),
    ("t1", "value = 22\n", "value = true\n", "value", ["t1.value", "is not a number"]),
    ("t1", "value = 22\n", "value = nan\n", "value", ["t1.value", "is not a number"]),
    ("t1", "value = 22\n", f"value = {10**400}\n", "value", ["t1.value", "finite"]),
    ("t1", "value = 22\n", "value = -inf\n", "value", ["t1.value", "finite"]),
    ("t1", "value = 22\n", "value = 0\n", "value", ["t1.value", "0 ms is not allowed", "above 0"]),
    ("t1", "value = 22\n", "value = [22, 22]\n", "value", ["t1.value", "a list of 2", "a list of 10"]),
    ("t2_star", "value = [3.0", "value = [14.1", "range", ["t2_star.range", "does not hold the value"]),
    ("t2_echo", "value = [14.0", "value = [13.9", "range", ["t2_echo.range", "does not hold the value"]),
    ("shot_cycle", "value = 600", "value = inf", "value", ["shot_cycle.value", "finite"]),
    ("shot_cycle", "value = 600", "value = 11", "value", ["shot_cycle.value", "readout_duration"]),
    (
        "shot_cycle",
        "value = 600",
        "value = [600]",
        "value",
        ["shot_cycle.value", "a list of 1", "one number is needed"],
    ),
    ("gates.sx.duration", "range = [50, 132]", "range = 50", "range", ["gates.sx.duration.range", "[low, high]"]),
    ("gates.sx.duration", "value = 65", "value = 40", "range", ["gates.sx.duration.range", "50 to 132 ns"]),
    ("gates.sx.duration", "value = 65", "value = 0", "value", ["gates.sx.duration.value", "above 0"]),
    ("gates.sx.error", "value = 0.1", "value = 51", "value", ["gates.sx.error.value", "51 %", "at most 0.5"]),
    ("gates.cz.error", "value = 1.0", "value = [1.0, 1.0]", "value", ["gates.cz.error.value", "a list of 9"]),
    ("readout_p01", "value = 1.5", "value = 101", "value", ["readout_p01.value", "101 %", "at most 1"]),
    ("readout_p10", "value = 1.5", "value = -1", "value", ["readout_p10.value", "at least 0"]),
    ("init_error", "value = 1.0", "value = 100.5", "value", ["init_error.value", "at most 1"]),
    ("context_t2star_factor", "value = 0.63", "value = 1.5", "value", ["context_t2star_factor.value", "at most 1"]),
    ("n_qubits", "value = 10", "value = 2.5", "value", ["n_qubits.value", "2.5 is not a whole number"]),
    ("n_qubits", "value = 10", "value = 0", "value", ["n_qubits.value", "at least 1"]),
    ("n_qubits", "value = 10", "value = 1e9", "value", ["n_qubits.value", "at most 256"]),
    ("coupling", '"chain"', '"star"', "value", ["coupling.value", "'chain'", "'all-to-all'"]),
    ("coupling", '"chain"', "[[0, 1], [1, 10]]", "value", ["coupling.value", "[1, 10]", "qubits 0 to 9"]),
    ("coupling", '"chain"', "[[0, 1], [-1, 0]]", "value", ["coupling.value", "[-1, 0]", "qubits 0 to 9"]),
    ("coupling", '"chain"', "[[3, 3]]", "value", ["coupling.value", "[3, 3]"]),
    ("coupling", '"chain"', "[[0, 1], [1, 0]]", "value", ["coupling.value", "[0, 1]", "twice"]),
    ("coupling", '"chain"', "[]", "value", ["coupling.value", "pairs"]),
    ("coupling", '"chain"', "[[0, true]]", "value", ["coupling.value", "pairs"]),
    ("gates.rz.virtual", "value = true", "value = false", "value", ["gates.rz.virtual.value", "only true"]),
    ("gates.rz.virtual", "value = true", "value = 1", "value", ["gates.rz.virtual.value", "true or false"]),
    ("", "[gates.rz.virtual]", "[gates.rz.duration]", "[gates.rz.duration]", ["gates.rz: missing key 'error', 'parallel'"]),
    (
        "gates.rz.virtual",
        "[gates.sx.d",
        "[gates.rz.duration]\nvalue = 1\n[gates.sx.d",
        "[gates.rz.d",
        ["unknown key 'duration'"],
    ),
    ("", "[gates.cz.error]", "[gates.cz.eror]", "[gates.cz.eror]", ["unknown key 'eror'", "Did you mean 'error'"]),
    ("", 'dephasing = "quasistatic"', 'dephasing = "markow"', "dephasing", ["dephasing: unknown", "Did you mean 'markov'"]),
    ("", 'dephasing = "quasistatic"', "dephasing = 3", "dephasing", ["dephasing: unknown kind of dephasing '3'"]),
    ("", 'dephasing = "quasistatic"', 'dephasing = "markov"', "[t2_star]", ["t2_star: is a number of quasi-static dephasing"]),
    ("", "[gates.cz.duration]", "[gates.cz.length]", "[gates.cz.length]", ["gates.cz.length", "unknown key"]),
    (
        "",
        "[gates.cz.parallel]",
        "[gates.cx.parallel]",
        "[gates.cx",
        ["gates.cx", "unknown key 'cx'", "Allowed: cz, rx, rxx, rz, rzz, sx"],
    ),
    ("", "[n_qubits]", "any_gate = true\n[n_qubits]", "dephasing", ["dephasing", "any_gate, caveat, title"]),
    ("", 'caveat = "', 'caveat = "" # "', "caveat", ["caveat", "one line of text"]),
]


@pytest.mark.parametrize(("section", "old", "new", "part", "says"), REFUSED)
def test_refused_with_file_line_and_key(tmp_path, section, old, new, part, says):
    text = edited(section, old, new)
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Device.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line_with(text, part, section)}: "), message
    for words in says:
        assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("section", ["gates.sx.duration", "gates.cz.error", "gates.rz.virtual", "t1", "coupling"])
def test_a_missing_table_is_named(tmp_path, section):
    start = GOOD.index(f"[{section}]")
    text = GOOD[:start] + GOOD[GOOD.index("\n[", start) + 1 :]
    with pytest.raises(UsageError, match=f"missing key '{section.split('.')[1 if section == 'gates.rz.virtual' else -1]}'"):
        Device.load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("t2_echo", "t2_star", "says"),
    [("inf", "1", "t2_echo.value: inf s on qubit 0"), ("5", "6", "t2_star.value: 6e-06 s on qubit 0")],
)
def test_coherence_times_are_ordered(tmp_path, t2_echo, t2_star, says):
    """T2 echo is at most 2 T1, T2* at most T2 echo."""
    text = GOOD
    for key, value in (("t2_echo", t2_echo), ("t2_star", t2_star)):
        start = text.index("value", text.index(f"[{key}]"))
        rest = text[text.index("mark", start) :].replace("HHHHHHAAAA", "A", 1)
        text = f'{text[:start]}value = {value}\nunit = "us"\n{rest}'
    with pytest.raises(UsageError, match=says):
        Device.load(write(tmp_path, text))


def test_the_qubit_that_breaks_the_order_is_named(tmp_path):
    path = write(tmp_path, edited("t1", "value = 22\n", "value = 0.02\n"))
    line = line_with(GOOD, "value", "t2_echo")
    with pytest.raises(UsageError, match=rf":{line}: t2_echo.value: 4.01e-05 s on qubit 2 .* 2 x t1 = 4e-05 s"):
        Device.load(path)


@pytest.mark.parametrize(
    "text", ["n_qubits = 3\n", "gates = 3\n", "any_gate = false\n", "any_gate = 1\n", "[[t1]]\nvalue = 1\n"]
)
def test_other_shapes_are_refused(tmp_path, text):
    with pytest.raises(UsageError, match=r"mine\.toml:\d"):
        Device.load(write(tmp_path, f'title = "t"\ncaveat = "c"\n{text}'))


def test_a_number_must_be_a_table(tmp_path):
    start, end = GOOD.index("[t1]"), GOOD.index("[t2_star]")
    text = GOOD[:start] + GOOD[end:]
    text = text.replace("[n_qubits]", "t1 = 0.022\n\n[n_qubits]")
    with pytest.raises(UsageError, match=rf":{line_with(text, 't1 = ')}: t1: a table is needed, with the keys value, unit"):
        Device.load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("meluxina", "unknown device 'meluxina'. Did you mean 'meluxina-q'?"),
        ("", "unknown device ''"),
        ("nowhere/mine.toml", "nowhere/mine.toml: no such file"),
        ("./mine.json", "a device profile is a .toml file"),
    ],
)
def test_names_and_paths_that_lead_nowhere(text, says):
    with pytest.raises(UsageError) as caught:
        Device.load(text)
    assert says in str(caught.value)


def test_broken_toml_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"mine\.toml: not valid TOML: .*line 2"):
        Device.load(write(tmp_path, 'title = "x"\ncaveat = \n'))


def test_the_same_file_has_the_same_hash(tmp_path):
    assert Device.load(write(tmp_path, GOOD)).sha256 == Device.load("meluxina-q").sha256
    assert Device.load(write(tmp_path, "\n" + GOOD)).sha256 != Device.load("meluxina-q").sha256


def test_showing_a_device_imports_no_simulator():
    code = "import sys; from hybrid.device.device import Device; Device.load('meluxina-q'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert {"hybrid.device.device"} == set(done.stdout.split()) & {"hybrid.device.device", "numpy", "qiskit", "typer"}


# ---- gates and kinds of dephasing


def gate(name: str, duration: str = "1", error: str = "0.1") -> str:
    """The entries of one physical gate."""
    about = 'mark = "A"\nsource = "assumed"\nreason = "for a test"\nknown_for_target = false\n'
    return (
        f'\n[gates.{name}.duration]\nvalue = {duration}\nunit = "us"\n{about}'
        f'\n[gates.{name}.error]\nvalue = {error}\nunit = "%"\n{about}'
        f"\n[gates.{name}.parallel]\nvalue = true\n{about}"
    )


def without(text: str, *sections: str) -> str:
    """The profile without every [section...] that begins so."""
    parts = text.split("\n[")
    return "\n[".join(part for part in parts if not part.startswith(sections))


BARE = without(GOOD, "gates.", "variants.")
MARKOV = without(BARE, "t2_star]", "context_", "residual_").replace('"quasistatic"', '"markov"', 1)
VIRTUAL = "\n" + GOOD[GOOD.index("[gates.rz.virtual]") : GOOD.index("[gates.sx")]


@pytest.mark.parametrize("two", ["cz", "rzz", "rxx"])
@pytest.mark.parametrize("physical_z", [False, True])
def test_universal_sets(tmp_path, two, physical_z):
    text = BARE + (gate("rz", "0.1") if physical_z else VIRTUAL) + gate("sx") + gate(two, "3")
    gates = Device.load(write(tmp_path, text)).gates
    assert list(gates) == ["rz", "sx", two]
    assert gates["rz"].virtual != physical_z
    assert set(gates["rz"].duration_s.values()) == {1e-7 if physical_z else 0.0}
    assert set(gates["rz"].error.values()) == {1e-3 if physical_z else 0.0}
    assert (gates[two].n_qubits, gates[two].duration_s[(3, 4)], gates[two].virtual) == (2, 3e-6, False)


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["sx"], "rz, sx are given"),
        (["cz"], "rz, cz are given"),
        (["sx", "rx", "cz"], "rz, sx, rx, cz are given"),
        (["sx", "cz", "rzz"], "rz, sx, cz, rzz are given"),
    ],
)
def test_sets_that_are_not_universal(tmp_path, names, given):
    text = BARE + VIRTUAL + "".join(gate(name) for name in names)
    with pytest.raises(UsageError, match=rf"mine\.toml:\d+: gates: {given}; rz, one of sx and rx, and one of cz, rzz and rxx"):
        Device.load(write(tmp_path, text))


def test_a_pulse_of_variable_angle_needs_markov(tmp_path):
    gates = VIRTUAL + gate("rx") + gate("cz")
    with pytest.raises(UsageError, match=r"gates\.rx: needs dephasing = 'markov': a detuned pulse of variable angle"):
        Device.load(write(tmp_path, BARE + gates))
    device = Device.load(write(tmp_path, MARKOV + gates))
    assert (device.dephasing, device.t2_star_s, device.context_t2star_factor) == ("markov", None, 1.0)
    assert device.circuit_t2_star_s is None and device.residual_exchange_hz == 0.0


def test_markov_knows_no_context_and_no_exchange(tmp_path):
    text = without(GOOD, "t2_star]", "residual_", "variants.").replace('"quasistatic"', '"markov"', 1)
    with pytest.raises(UsageError, match="context_t2star_factor: is a number of quasi-static dephasing"):
        Device.load(write(tmp_path, text))
    text = without(GOOD, "t2_star]", "context_", "variants.").replace('"quasistatic"', '"markov"', 1)
    with pytest.raises(UsageError, match="residual_exchange: is a number of quasi-static dephasing"):
        Device.load(write(tmp_path, text))


def test_a_profile_must_say_its_dephasing(tmp_path):
    text = GOOD.replace('dephasing = "quasistatic"\n', "")
    with pytest.raises(UsageError, match=r"mine\.toml:1: missing key 'dephasing'"):
        Device.load(write(tmp_path, text))


# ---- what the shipped profiles state (PHYSICS: the published tables)


def test_spin_sige_is_the_published_table():
    device = Device.load("spin-sige-6q")
    rabi_hz = (4.6e6, 1.9e6, 4.2e6, 3.6e6, 2.4e6, 5.0e6)
    for q, rate in enumerate(rabi_hz):
        assert device.gates["sx"].duration_s[(q,)] == pytest.approx(1 / (4 * rate), abs=0.6e-9)
    assert device.t2_star_s == (3.0e-6, 2.5e-6, 3.7e-6, 3.7e-6, 5.9e-6, 5.1e-6)
    assert device.t2_echo_s == (14e-6, 21.1e-6, 40.1e-6, 37.2e-6, 44.7e-6, 26.7e-6)
    assert device.circuit_t2_star_s == pytest.approx([1.2e-6, 1.0e-6, 1.48e-6, 1.48e-6, 2.36e-6, 2.04e-6])
    assert (device.n_qubits, device.edges) == (6, ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5)))
    assert not device.gates["cz"].parallel


def test_spin_sige_readout_follows_from_the_visibility():
    """V = (1 - 2 r)(1 - 2 e); the one that comes out zero stands at 0.1 %. The fit of the profile's is compared with these."""
    derived = runpy.run_path(str(ROOT / "seeds" / "spin_readout.py"))["FROM_VISIBILITY"]
    for visibility, r in zip((0.955, 0.955, 0.98, 0.97, 0.935, 0.965), derived, strict=True):
        assert r == pytest.approx(max(1e-3, (1 - visibility / 0.98) / 2), abs=0.5e-3)


def test_the_lattice_is_one():
    device = Device.load("iqm-lattice-54")
    assert len(device.edges) == 6 * 8 + 5 * 9
    degrees = [sum(q in edge for edge in device.edges) for q in range(54)]
    assert sorted(set(degrees)) == [2, 3, 4] and degrees.count(2) == 4
    assert all(j - i == 9 or (j - i == 1 and j % 9) for i, j in device.edges)


def test_durations_that_are_sums():
    star, pioneer = Device.load("iqm-star-24"), Device.load("pioneer-p10")
    assert star.edges is None and not star.gates["cz"].parallel
    assert star.gates["cz"].duration_s[(0, 23)] == pytest.approx(120e-9 + 2 * 96e-9)
    pulse_s = pioneer.gates["sx"].duration_s[(0,)]
    assert pioneer.gates["rzz"].duration_s[(0, 1)] == pytest.approx(2 * 0.5e-6 + 2 * (2 * pulse_s))  # a pi pulse is two X90
    assert pioneer.t1_s == pioneer.t2_echo_s == (math.inf,) * 10
