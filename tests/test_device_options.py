"""What stands behind a device's name: dephasing, correlation, drift, and the variants that a profile declares."""

from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from test_device import GOOD, line_with, write

import hybrid
from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.device import naming
from hybrid.device.device import Device


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("", ""),
        ("two_qubit=default,dephasing=quasistatic,drift=none,correlation=0", ""),
        ("two_qubit=today", "two_qubit=today"),
        ("two_qubit=today, dephasing=markov", "dephasing=markov,two_qubit=today"),
        ("drift=ou,drift_time=10s", "drift=ou,drift_time=10s"),
        ("drift_time=5ms,correlation=0.10,drift=pink", "correlation=0.1,drift=pink,drift_time=0.005s"),
        ("drift=pink,drift_time=2min", "drift=pink,drift_time=120s"),
        ("drift=ou,drift_time=0.5 us", "drift=ou,drift_time=5e-07s"),
        ("correlation=-0.999", "correlation=-0.999"),
        ("n=10", ""),
        ("n=12", "n=12"),
    ],
)
def test_canonical_text(tmp_path, given, canonical):
    device = Device.load(f"meluxina-q:{given}")
    label = f"meluxina-q:{canonical}" if canonical else "meluxina-q"
    assert (device.options, device.label) == (canonical, label)
    assert naming.device_text(f"meluxina-q:{given}") == label
    again = Device.load(label)
    for key in ("options", "dephasing", "correlation", "drift", "drift_time_s", "gates"):
        assert getattr(again, key) == getattr(device, key)
    path = write(tmp_path, GOOD)
    assert naming.device_text(f"{path}:{given}") == label.replace("meluxina-q", catalog.fingerprint(Path(path)))


def test_options_are_fields():
    plain = Device.load("meluxina-q")
    assert (plain.dephasing, plain.correlation, plain.drift, plain.drift_time_s) == ("quasistatic", 0.0, "none", 0.0)
    device = Device.load("meluxina-q:correlation=0.1,drift=ou,drift_time=5ms")
    assert (device.correlation, device.drift, device.drift_time_s) == (0.1, "ou", 0.005)
    markov = Device.load("meluxina-q:dephasing=markov")
    assert markov.dephasing == "markov" and markov.t2_star_s == plain.t2_star_s
    assert Device.load("ideal").dephasing == "" and Device.load("aqt-20").dephasing == "markov"


def test_dephasing_beside_the_text():
    assert Device.load("meluxina-q", dephasing="markov").label == "meluxina-q:dephasing=markov"
    assert Device.load("meluxina-q:dephasing=markov", dephasing="markov").dephasing == "markov"
    assert Device.load("meluxina-q", dephasing="quasistatic").label == "meluxina-q"
    assert Device.load("aqt-20", dephasing="markov").label == "aqt-20"


@pytest.mark.parametrize(
    ("text", "argument", "says"),
    [
        ("meluxina-q:two_qbit=today", None, "unknown option of device 'meluxina-q': 'two_qbit'. Did you mean 'two_qubit'?"),
        ("meluxina-q:two_qubit=tody", None, "option 'two_qubit': 'tody'. Did you mean 'today'? Allowed: default, optimistic"),
        ("meluxina-q:dephasing=markow", None, "'markow'. Did you mean 'markov'? Allowed: markov, quasistatic"),
        ("meluxina-q", "static", "'static'. Did you mean 'quasistatic'?"),
        ("meluxina-q:drift=pnk,drift_time=1s", None, "'pnk'. Did you mean 'pink'? Allowed: none, ou, pink"),
        ("meluxina-q:two_qubit", None, "write options as key=value, not 'two_qubit'"),
        ("meluxina-q:drift=none,drift=none", None, "option 'drift' is given twice"),
        ("meluxina-q:correlation=1", None, "a number above -1 and below 1, not '1'"),
        ("meluxina-q:correlation=nan", None, "a number above -1 and below 1, not 'nan'"),
        ("meluxina-q:correlation=much", None, "a number above -1 and below 1, not 'much'"),
        ("meluxina-q:drift=ou", None, "drift=ou needs drift_time, a time such as 10s"),
        ("meluxina-q:drift_time=10s", None, "'drift_time' is for drift=ou or drift=pink"),
        ("meluxina-q:drift=ou,drift_time=0s", None, "a time such as 10s, 5ms or 2min, not '0s'"),
        ("meluxina-q:drift=ou,drift_time=9", None, "not '9'. Units: ns, us, ms, s, min, h"),
        ("meluxina-q:drift=ou,drift_time=-9s", None, "not '-9s'"),
        ("meluxina-q:drift=ou,drift_time=9d", None, "not '9d'"),
        ("meluxina-q:correlation=0.1,dephasing=markov", None, "correlation is about slow detunings and needs dephasing"),
        ("meluxina-q:drift=ou,drift_time=1s", "markov", "drift is about slow detunings and needs dephasing=quasistatic"),
        ("meluxina-q:dephasing=markov", "quasistatic", "dephasing=markov is its option, but dephasing quasistatic is asked"),
        ("aqt-20:dephasing=quasistatic", None, "device 'aqt-20' states no T2*; only dephasing=markov is possible."),
        ("aqt-20", "quasistatic", "device 'aqt-20' states no T2*; only dephasing=markov is possible."),
        ("aqt-20:two_qubit=today", None, "unknown option of device 'aqt-20': 'two_qubit'"),
        ("ideal:correlation=0", None, "device 'ideal' has no noise and takes no options; 'correlation' was given"),
        ("ideal", "markov", "device 'ideal' has no noise and takes no options; 'dephasing' was given"),
        ("meluxina:two_qubit=today", None, "unknown device 'meluxina'. Did you mean 'meluxina-q'?"),
        ("./mine.json:two_qubit=today", None, "a device profile is a .toml file"),
        ("nowhere/mine.toml:two_qubit=today", None, "nowhere/mine.toml: no such file"),
    ],
)
def test_refused(text, argument, says):
    with pytest.raises(UsageError) as caught:
        Device.load(text, dephasing=argument)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["plain", "with:colon"])
def test_paths_take_options_too(tmp_path, monkeypatch, folder):
    (tmp_path / folder).mkdir()
    path = write(tmp_path / folder, GOOD)
    device = Device.load(f"{path}:two_qubit=today")
    assert (device.name, device.label) == ("mine", "mine:two_qubit=today")
    assert set(device.gates["cz"].error.values()) == {0.05}
    assert naming.device_file(f"{path}:two_qubit=today") == naming.device_file(path) == Path(path)
    monkeypatch.chdir(tmp_path / folder)
    assert Device.load("mine.toml:two_qubit=optimistic").gates["cz"].error[(0, 1)] == 0.005
    assert naming.device_text("./mine.toml") == catalog.fingerprint(Path("mine.toml"))


# ---- variants


def test_the_variants_of_meluxina_q():
    devices = {choice: Device.load(f"meluxina-q:two_qubit={choice}") for choice in ("optimistic", "default", "today")}
    assert {choice: device.gates["cz"].error[(0, 1)] for choice, device in devices.items()} == {
        "optimistic": 0.005,
        "default": 0.01,
        "today": 0.05,
    }
    today, default = devices["today"], devices["default"]
    assert str(today.numbers["gates.cz.error"]) == "5 %"
    assert list(today.numbers) == list(default.numbers)
    changed = [key for key in today.numbers if today.numbers[key] != default.numbers[key]]
    assert changed == ["gates.cz.error"]
    assert today.caveat == default.caveat and today.sha256 == default.sha256
    assert default.variants == {
        "two_qubit": ("default", "optimistic", "today"),
        "heating": ("default", "strong", "none"),
        "drive": ("default", "serial", "parallel"),
    }


def test_heating_and_drive_of_meluxina_q():
    """The ends of the factor on T2* are those of its range; the drive changes whether single-qubit pulses share a line."""
    default, strong, cold = (Device.load(f"meluxina-q:heating={choice}") for choice in ("default", "strong", "none"))
    ends = strong.context_t2star_factor, cold.context_t2star_factor
    assert ends == default.numbers["context_t2star_factor"].range == (0.4, 1.0)
    assert default.context_t2star_factor == pytest.approx(np.sqrt(0.4), abs=0.005)  # their geometric mean
    serial, parallel = (Device.load(f"meluxina-q:drive={choice}") for choice in ("serial", "parallel"))
    assert [device.gates["sx"].parallel for device in (default, serial, parallel)] == [False, False, True]
    assert parallel.numbers["gates.sx.parallel"].source == "takeda2022" and not parallel.gates["cz"].parallel


def test_more_heating_costs_more_and_parallel_pulses_less():
    """Fidelity of a GHZ state on four qubits, from its populations and its parity."""
    circuit = QuantumCircuit(4)
    circuit.h(0)
    for q in range(3):
        circuit.cx(q, q + 1)
    strings = ["ZZII", "IZZI", "IIZZ", "ZZZZ", "ZIZI", "IZIZ", "ZIIZ", "IIII"]
    projector = SparsePauliOp([*strings, "XXXX"], [*[1 / 16] * 8, 1 / 2])

    def fidelity(options: str) -> float:
        program = hybrid.compile(circuit, projector, device=f"meluxina-q:{options}", backend="exact")
        return float(program.values(np.zeros((1, 0)), seed=1).values[0])

    strong, default, cold = (fidelity(f"heating={choice}") for choice in ("strong", "default", "none"))
    assert strong + 0.01 < default < cold - 0.005
    assert fidelity("drive=parallel") > default + 0.001  # in a good order of pulses little is left to gain
    assert fidelity("drive=serial") == default


ENTRY = 'value = {}\nunit = "{}"\nmark = "A"\nsource = "assumed"\nreason = "for a test"\nknown_for_target = false\n'


@pytest.mark.parametrize(
    ("head", "body", "at", "says"),
    [
        ("a.b.gates.cz.error", ENTRY.format(101, "%"), "value", "gates.cz.error.value: 101 % is not allowed"),
        ("a.b.gates.cz.error", ENTRY.format(1, "us"), "unit", "gates.cz.error.unit: unknown unit 'us'"),
        ("a.b.gates.cz.error", ENTRY.format(1, "%").replace('mark = "A"\n', ""), "", "gates.cz.error: missing key 'mark'"),
        ("a.b.gates.cz.error", 'value = 1\nunit = "%"\n', "", "missing key 'mark', 'source', 'known_for_target'"),
        ("a.b.gates.cx.error", ENTRY.format(1, "%"), "", "gates.cx: unknown key 'gates.cx'"),
        ("a.b.t2_sta", ENTRY.format(1, "us"), "", "t2_sta: unknown key 't2_sta'. Did you mean 't2_star'?"),
        ("a.b.gates.cz.error.deeper", ENTRY.format(1, "us"), "", "gates.cz.error: missing key 'value'|unknown key 'deeper'"),
        ("a.b.t2_echo", ENTRY.format(1, "us"), "", "variants.a.b: does not go with t2_star.value: 3e-06 s on qubit 0"),
        ("a.b.t1", ENTRY.format(1, "us"), "", "variants.a.b: does not go with t2_echo.value: 1.4e-05 s on qubit 0"),
        ("a.b.t2_star", ENTRY.format(1, "ms"), "value", "variants.a.b.t2_star.value: 0.001 s on qubit 0"),
        ("dephasing.b.t1", ENTRY.format(1, "s"), "", "variants.dephasing: is an option of every device"),
        ("a.default.t1", ENTRY.format(1, "s"), "", "variants.a.default: 'default' is the profile without the variant"),
        ("A.b.t1", ENTRY.format(1, "s"), "", "variants.A: a name has small letters"),
        ("a.B2.t1", ENTRY.format(1, "s"), "", "variants.a.B2: a name has small letters"),
        ("a", "b = 3\n", "b = 3", "variants.a.b: a table is needed"),
        ("a.b", "t1 = 3\n", "t1 = 3", "variants.a.b.t1: a table is needed"),
    ],
)
def test_a_bad_variant_is_refused_whenever_the_file_is_loaded(tmp_path, head, body, at, says):
    text = f"{GOOD}\n[variants.{head}]\n{body}"
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Device.load(path)
    message = str(caught.value)
    line = line_with(text, at or "[", f"variants.{head}")
    assert message.startswith(f"{path}:{line}: variants."), message
    assert any(words in message for words in says.split("|")), message


def test_variants_must_be_a_table(tmp_path):
    text = GOOD[: GOOD.index("[variants")].replace("[n_qubits]", "variants = 3\n\n[n_qubits]", 1)
    with pytest.raises(UsageError, match="variants: a table is needed"):
        Device.load(write(tmp_path, text))


def test_two_variants_at_once(tmp_path):
    entry = ENTRY.format(300, "ns")
    path = write(tmp_path, f"{GOOD}\n[variants.speed.slow.gates.cz.duration]\n{entry}")
    device = Device.load(f"{path}:speed=slow,two_qubit=today")
    cz = device.gates["cz"]
    assert (cz.duration_s[(0, 1)], cz.error[(0, 1)]) == (300e-9, 0.05)
    assert device.options == "speed=slow,two_qubit=today"


def test_a_longer_chain_repeats_its_last_entries_and_says_so():
    plain, longer = Device.load("meluxina-q"), Device.load("meluxina-q:n=50,two_qubit=optimistic")
    assert (longer.n_qubits, len(longer.edges), len(longer.gates["cz"].error)) == (50, 49, 49)
    assert longer.t2_star_s[:10] == plain.t2_star_s and longer.t2_star_s[10:18] == plain.t2_star_s[6:] * 2
    assert longer.numbers["n_qubits"].mark == "A" and longer.numbers["t2_star"].mark == "HHHHHHAAAA" + 40 * "A"
    assert "assumption" in longer.title and "assumption" in longer.caveat
    assert longer.compiled_for.n_qubits == 50
    assert Device.load("meluxina-q").n_qubits == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("meluxina-q:n=9", "option 'n' takes a whole number from 10 to 63, not '9'"),
        ("meluxina-q:n=64", "from 10 to 63, not '64'"),
        ("meluxina-q:n=ten", "not 'ten'"),
        ("iqm-star-24:n=30", "unknown option of device 'iqm-star-24': 'n'"),
    ],
)
def test_only_a_chain_can_be_longer(text, message):
    with pytest.raises(UsageError, match=message):
        Device.load(text)
