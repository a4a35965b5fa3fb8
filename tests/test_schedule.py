"""`hybrid schedule`: when pulses start, what waits, which pulses decoupling inserts, and the picture of it."""

import json
from functools import partial

import pytest
from matplotlib.image import imread
from qiskit import QuantumCircuit

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.figures import schedule as picture
from hybrid.measure.execution import Conditions
from hybrid.measure.pulse_times import pulse_times
from hybrid.measure.sampling import named_circuit, sample
from hybrid.measure.set_up import described, set_up

QASM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
h q[1];
cz q[0], q[1];
h q[0];
h q[1];
"""


@pytest.fixture
def schedule(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return partial(command, "schedule")


def times(name, device="meluxina-q", dd="none"):
    return pulse_times(name, Device.load(device), dd)


# ---- the numbers


def test_two_qubits_by_hand(tmp_path):
    """The profile: sx takes 65 ns and cz 150 ns, one after the other: sx sx cz sx sx. Each qubit waits for one sx."""
    (tmp_path / "two.qasm").write_text(QASM + "measure q -> c;\n")
    found = times(tmp_path / "two.qasm")
    assert [pulse.gate for pulse in found.pulses] == ["sx", "sx", "cz", "sx", "sx"]
    assert found.duration_s == found.line_s == pytest.approx(4 * 65e-9 + 150e-9)
    first, second = (found.pulses[i].qubits[0] for i in (0, 1))
    waits = {qubit.qubit: qubit for qubit in found.qubits}
    assert waits[first].waits[0] == pytest.approx((65e-9, 130e-9))
    assert not any(pulse.echo for pulse in found.pulses) and second != first
    assert sum(qubit.wait_s for qubit in found.qubits) == pytest.approx(2 * 65e-9)
    assert found.coherence == "T2*"
    for qubit in found.qubits:
        assert qubit.coherence_s == Device.load("meluxina-q").circuit_t2_star_s[qubit.qubit]
        assert qubit.of_coherence == qubit.wait_s / qubit.coherence_s


def test_one_qubit_has_the_longer_coherence_time_and_diagonal_gates_no_wait():
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(100, 0, "ns")
    circuit.sx(0)
    circuit.delay(100, 0, "ns")
    found = times(circuit)
    (qubit,) = found.qubits
    assert qubit.wait_s == pytest.approx(100e-9)
    assert qubit.coherence_s == Device.load("meluxina-q").t2_star_s[qubit.qubit]
    (alone,) = pulse_times(circuit, Device.load("meluxina-q", dephasing="markov")).qubits
    assert alone.coherence_s == Device.load("meluxina-q").t2_echo_s[qubit.qubit]


def test_a_circuit_without_pulses_takes_no_time(tmp_path):
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    found = times(circuit)
    assert (found.duration_s, found.pulses, found.worst.waits) == (0.0, (), ())
    picture.schedule(found, tmp_path / "none.png")


@pytest.mark.parametrize("name", ["ghz:n=5", "qft:n=3", "w_state:n=3"])
def test_the_schedule_is_that_of_a_sample(name):
    found, sampled = times(name, dd="echo"), sample(name, device="meluxina-q", dd="echo", shots=10, realizations=2)
    assert found.duration_s == sampled.duration_s
    counted = {gate: sum(pulse.gate == gate for pulse in found.pulses) for gate in ("sx", "cz")}
    assert counted == {gate: sampled.native_gates[gate] for gate in ("sx", "cz")}
    held = {qubit.circuit_qubit: qubit.qubit for qubit in found.qubits}
    assert [held[q] for q in range(len(sampled.layout))] == sampled.layout


@pytest.mark.parametrize("dd", ["echo", "xy4"])
def test_the_pulses_of_decoupling_are_told_from_the_circuit_s_own(dd):
    plain, full = times("quantum_volume:n=4"), times("quantum_volume:n=4", dd=dd)
    own = [pulse for pulse in full.pulses if not pulse.echo]
    assert len(own) == len(plain.pulses) < len(full.pulses)
    for before, after in zip(plain.qubits, full.qubits, strict=True):
        assert after.pulses - after.echoes == before.pulses
        assert after.echoes % {"echo": 4, "xy4": 8}[dd] == 0  # each sequence in full, two pulses for each pi
        mine = [[pulse.gate for pulse in some if before.qubit in pulse.qubits] for some in (plain.pulses, own)]
        assert mine[0] == mine[1]


def test_no_pulse_overlaps_another_of_its_qubit_or_of_the_line():
    found = times("qft:n=4", dd="xy4")
    for mine in (
        *([p for p in found.pulses if q.qubit in p.qubits] for q in found.qubits),
        [p for p in found.pulses if p.line],
    ):
        ends = [pulse.start_s + pulse.duration_s for pulse in mine]
        assert all(end <= pulse.start_s + 1e-15 for end, pulse in zip(ends, mine[1:], strict=False))
    assert 0 < found.line_s <= found.duration_s + 1e-15


def test_a_device_too_large_to_simulate_is_scheduled():
    """54 qubits; one whose gates run side by side, where the line carries two-qubit gates at most."""
    found = times("ghz:n=40", "iqm-lattice-54")
    assert found.coherence == "T2" and len(found.qubits) >= 40
    assert found.line_s < found.duration_s


def test_the_execution_s_recipe_has_the_circuits_as_they_are_scheduled():
    """What the command relies on."""
    from hybrid.compilation.transpile import to_isa

    device = Device.load("meluxina-q")
    isa = to_isa(named_circuit("ghz:n=3").remove_final_measurements(inplace=False), device)
    execution = set_up(isa, [isa.circuit], device, catalog.load(catalog.parse("backends", "exact"))(), Conditions())
    _, (again,) = described(*execution.recipe, None)
    assert again.duration_s == execution.resources.duration_s


def test_json_has_every_pulse(schedule):
    found = json.loads(schedule("ghz:n=3", "--dd", "echo", "--json").out)
    expected = times("ghz:n=3", dd="echo")
    assert found["duration_s"] == expected.duration_s and found["line_s"] == expected.line_s
    assert [pulse["start_s"] for pulse in found["pulses"]] == [pulse.start_s for pulse in expected.pulses]
    assert {*found["pulses"][0]} == {"gate", "qubits", "start_s", "duration_s", "echo", "line"}
    assert {*found["qubits"][0]} >= {"qubit", "circuit_qubit", "waits", "wait_s", "coherence_s", "of_coherence"}
    assert (found["circuit"], found["device"], found["dd"]) == ("ghz:n=3", "meluxina-q", "echo")


# ---- the text


@pytest.mark.parametrize(
    "words",
    [
        ("ghz:n=10",),
        ("qft:n=10", "--dd", "xy4"),
        ("w_state:n=3", "--device", "spin-simos-10q"),
        ("ghz:n=24", "--device", "iqm-star-24"),
        ("graph_state:n=4", "--device", "aqt-20"),
    ],
)
def test_every_report_fits_80_columns(schedule, words):
    code, out, err = schedule(*words)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "until the readout begins" in out and "Not a prediction" in " ".join(out.split())


def test_the_report_says_what_waits(schedule):
    out = schedule("w_state:n=3").out
    worst = times("w_state:n=3").worst
    assert f"qubit {worst.qubit}: {worst.wait_s * 1e6:.2f} us in superposition" in out
    assert "one pulse at a time; busy for 100 % of the duration" in out
    assert "decoupling" not in out
    rows = [line.split() for line in out.splitlines() if line[:1].isdigit()]
    assert [int(row[0]) for row in rows] == [qubit.qubit for qubit in times("w_state:n=3").qubits]


def test_the_report_says_that_nothing_waits(schedule, tmp_path):
    (tmp_path / "one.qasm").write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nx q[0];\n')
    assert "worst wait       none: no qubit waits in superposition" in schedule("one.qasm").out


def test_the_report_says_what_decoupling_does(schedule):
    out = " ".join(schedule("quantum_volume:n=3", "--dd", "echo").out.split())
    inserted = sum(pulse.echo for pulse in times("quantum_volume:n=3", dd="echo").pulses)
    assert inserted
    assert f"decoupling echo; {inserted} of the pulses" in out and "refocus what is constant" in out
    assert "decoupling echo; no wait is long enough" in " ".join(schedule("bell", "--dd", "echo").out.split())


def test_a_free_parameter_gets_its_value(schedule, tmp_path):
    (tmp_path / "free.qasm3").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float phi;\nqubit[1] q;\nbit[1] c;\nrx(phi) q[0];\nc = measure q;\n'
    )
    assert schedule("free.qasm3", "--bind", "phi=0.3").code == 0
    code, _, err = schedule("free.qasm3")
    assert code == 2 and "phi" in err


WRONG = [
    (("ghz:n=3", "--device", "ideal"), "on device 'ideal' nothing takes time"),
    (("ghz:n=3", "--device", "meluxina"), "unknown device 'meluxina'. Did you mean 'meluxina-q'?"),
    (("gzh",), "unknown circuit 'gzh'. Did you mean 'ghz'?"),
    (("ghz:m=3",), "unknown option of circuit 'ghz': 'm'"),
    (("ghz:n=11",), "the circuit has 11 qubits, device 'meluxina-q' has 10"),
    (("ghz", "--dd", "ecko"), "unknown dd 'ecko'. Did you mean 'echo'?"),
    (("ghz", "--bind", "phi"), "--bind takes name=number, not 'phi'"),
    (("ghz", "--bind", "phi=1"), "phi"),
    (("no.qasm",), "no.qasm"),
    (("ghz", "--plot", "x.eps"), "a plot is written as .png, .svg or .pdf"),
    (("ghz", "--shots", "3"), "unknown option '--shots'"),
    (("teleportation:feed_forward=true",), "mid-circuit"),
    ((), "missing argument"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_what_is_wrong_is_said(schedule, words, message):
    code, out, err = schedule(*words)
    assert (code, out) == (2, "") and message in err, err


def test_an_unknown_sequence_is_refused_from_python_too():
    with pytest.raises(UsageError, match="ecko"):
        times("bell", dd="ecko")


# ---- the picture


def test_the_picture_from_the_command_line(schedule, tmp_path):
    code, out, err = schedule("ghz:n=4", "--plot")
    assert (code, err) == (0, "drawn: ghz_schedule.png\n") and out.startswith("ghz:n=4 on meluxina-q\n")
    assert imread(tmp_path / "ghz_schedule.png").shape[1] == 1280
    assert schedule("ghz:n=4", "--plot", "mine.svg", "--quiet", "--json").err == ""
    assert b"<svg" in (tmp_path / "mine.svg").read_bytes()
    code, _, err = schedule("ghz:n=4", "--plot", "nowhere/x.png")
    assert code == 2 and "cannot be written" in err


def test_without_matplotlib_it_says_how_to_get_it(schedule, monkeypatch):
    monkeypatch.setattr("hybrid.cli.pictures.find_spec", lambda name: None)
    code, out, err = schedule("ghz:n=4", "--plot")
    assert code == 69 and out == "" and "pip install 'hybrid-sandbox[plot]'" in err
    assert schedule("ghz:n=4").code == 0


def test_the_same_schedule_draws_the_same_bytes(tmp_path):
    for suffix in (".png", ".svg"):
        for target in (first := tmp_path / f"a{suffix}", second := tmp_path / f"b{suffix}"):
            picture.schedule(times("qft:n=3", dd="echo"), target)
        assert first.read_bytes() == second.read_bytes()


def test_the_picture_shows_qubits_pulses_and_the_line():
    found = times("quantum_volume:n=4", dd="echo")
    figure = picture.draw(found)
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == 5 and names[-1] == "control line"
    assert [f"holds {qubit.circuit_qubit})" in name for name, qubit in zip(names, found.qubits, strict=False)] == [
        qubit.circuit_qubit != qubit.qubit for qubit in found.qubits
    ]
    (legend,) = figure.legends
    entries = [text.get_text() for text in legend.get_texts()]
    assert entries == ["sx", "cz", "sx of decoupling", "waits in superposition", "waits without effect"]
    assert axes.get_xlim() == pytest.approx((0, found.duration_s * 1e6))
    colours = [bars.get_facecolor()[0] for bars in axes.collections if len(bars.get_facecolor())]
    assert len(colours) > 2 * len(found.pulses)
    written = " ".join(text.get_text() for text in figure.texts)
    assert "quantum_volume:n=4 on meluxina-q" in written and "decoupling echo" in written and "Not a prediction" in written


def test_where_nothing_shares_a_line_none_is_drawn():
    found = times("ghz:n=4")
    found = found._replace(pulses=tuple(pulse._replace(line=False) for pulse in found.pulses))
    names = [label.get_text() for label in picture.draw(found).axes[0].get_yticklabels()]
    assert len(names) == 4 and all(name.startswith("qubit ") for name in names)
    assert [text.get_text() for text in picture.draw(found).legends[0].get_texts()] == [
        "sx",
        "cz",
        "waits without effect",
    ]


@pytest.mark.parametrize(("name", "device"), [("ghz:n=24", "iqm-star-24"), ("w_state:n=10", "meluxina-q")])
def test_words_do_not_overlap(name, device):
    """Labels of rows and of the time axis, at the size at which they are printed."""
    figure = picture.draw(times(name, device))
    figure.draw_without_rendering()
    for labels in (figure.axes[0].get_yticklabels(), figure.axes[0].get_xticklabels()):
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
