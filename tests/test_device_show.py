"""`hybrid show device`: variants, options, both T2*, and the map as a picture."""

import json
from functools import partial
from pathlib import Path

import pytest
from matplotlib.image import imread
from test_device import edited, write

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.figures.device_map import device_map, draw


@pytest.fixture
def show(command):
    return partial(command, "show")


def test_both_coherence_times_stand_together(show):
    _, out, _ = show("device", "spin-sige-6q")
    lines = out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("  t2_star "))
    assert lines[first].endswith("3, 2.5, 3.7, 3.7, 5.9, 5.1 us")
    second = next(line for line in lines[first + 1 :] if not line.startswith("   "))
    assert second.split(maxsplit=3)[3] == "1.2, 1, 1.48, 1.48, 2.36, 2.04 us" and second.startswith("  t2_star in circuits")
    assert "isolated T2* x 0.4" in " ".join(out.split())


def test_a_variant_shows_its_numbers(show):
    code, out, _ = show("device", "meluxina-q:two_qubit=today")
    assert code == 0 and out.startswith("device meluxina-q:two_qubit=today: ")
    assert "  gates.cz.error         5 %\n" in out
    assert "  gates.cz.error         1 %\n" in show("device", "meluxina-q")[1]


def test_options_are_listed(show):
    _, out, _ = show("devices", "meluxina-q")
    tail = out[out.index("options (write them as meluxina-q:key=value") :]
    assert [line.split()[0] for line in tail.splitlines()[1:]] == [
        "dephasing",
        "correlation",
        "drift",
        "drift_time",
        "n",
        "two_qubit",
        "heating",
        "drive",
    ]
    for choices in ("default | optimistic | today", "default | strong | none", "default | serial | parallel"):
        assert choices in tail
    assert "options" not in show("device", "aqt-20")[1] and "options" not in show("device", "ideal")[1]


@pytest.mark.parametrize("name", catalog.names("devices"))
def test_every_profile_prints(show, name):
    code, out, err = show("device", name)
    assert (code, err) == (0, "") and max(map(len, out.splitlines())) <= 80
    found = json.loads(show("device", name, "--json")[1], parse_constant=pytest.fail)
    assert (found["name"], found["label"], found["dephasing"]) == (name, name, Device.load(name).dephasing)
    assert list(found["numbers"]) == list(Device.load(name).numbers)


def test_the_map_from_the_command_line(show, tmp_path, monkeypatch):
    code, out, _ = show("device", "meluxina-q", "--plot", str(tmp_path / "map.png"))
    assert code == 0 and out.startswith("device meluxina-q: ")
    assert imread(tmp_path / "map.png").shape[1] == 1280
    monkeypatch.chdir(tmp_path)
    code, out, err = show("devices", "meluxina-q:two_qubit=today", "--plot")
    assert (code, err) == (0, "drawn: meluxina-q.png\n") and (tmp_path / "meluxina-q.png").exists()
    code, _, err = show("device", "meluxina-q", "--plot", str(tmp_path / "map.eps"))
    assert code == 2 and "a plot is written as .png, .svg or .pdf" in err
    code, _, err = show("device", "ideal", "--plot", str(tmp_path / "map.png"))
    assert code == 2 and "device 'ideal' has no map" in err
    code, _, err = show("optimizer", "spsa", "--plot", str(tmp_path / "map.png"))
    assert code == 2 and "--plot draws the map of a device; no optimizer has one" in err


def test_without_matplotlib_the_map_says_how_to_get_it(show, tmp_path, monkeypatch):
    monkeypatch.setattr("hybrid.cli.pictures.find_spec", lambda name: None)
    code, out, err = show("device", "meluxina-q", "--plot", str(tmp_path / "map.png"))
    assert code == 69 and out == "" and "pip install 'hybrid-sandbox[plot]'" in err


def words_of(device: Device) -> list[str]:
    figure = draw(device)
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def inside(device: Device) -> bool:
    """Whether every text lies within the picture."""
    figure = draw(device)
    renderer = figure.canvas.get_renderer()
    width, height = figure.get_size_inches() * figure.dpi
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    boxes = [text.get_window_extent(renderer) for text in texts]
    return all(min(box.x0, box.y0) >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)


def overlapping(device: Device) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes meet."""
    figure = draw(device)
    renderer = figure.canvas.get_renderer()
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    return [(a, b) for i, (a, box) in enumerate(boxes) for b, other in boxes[:i] if box.overlaps(other)]


@pytest.mark.parametrize("name", sorted(set(catalog.names("devices")) - {"ideal"}))
def test_maps_cut_nothing_off_and_overlap_nowhere(name):
    device = Device.load(name)
    assert inside(device)
    assert overlapping(device) == []


def test_a_chain_says_everything_at_its_qubits_and_edges():
    words = words_of(Device.load("meluxina-q:two_qubit=today"))
    assert words.count("5 %\n150 ns") == 9
    assert "T2* 3 \N{GREEK SMALL LETTER MU}s\nT2 echo 14 \N{GREEK SMALL LETTER MU}s\nT1 22 ms" in words
    assert {str(q) for q in range(10)} <= set(words)
    assert "meluxina-q:two_qubit=today" in words
    assert any("\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}0.63 in circuits with cz" in text for text in words)


def test_what_is_the_same_everywhere_is_said_once():
    words = words_of(Device.load("aqt-20"))
    note = next(text for text in words if "rxx" in text)
    assert note.splitlines()[1] == "rxx 1.3 %, 200 \N{GREEK SMALL LETTER MU}s; T2 100 ms; T1 1 s"


@pytest.mark.parametrize(
    "coupling", ['"all-to-all"', "[[0, 1]]", "[[0, 9], [1, 8], [2, 7]]", "[[0, 1], [0, 2], [1, 3], [2, 3]]"]
)
def test_any_coupling_is_drawn(tmp_path, coupling):
    device = Device.load(write(tmp_path, edited("coupling", '"chain"', coupling)))
    assert inside(device)


@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_any_size_is_drawn(tmp_path, n):
    text = edited("n_qubits", "value = 10", f"value = {n}")
    for key in ("t2_star", "t2_echo"):
        start = text.index("value", text.index(f"[{key}]"))
        end = text.index("\n", start)
        text = f"{text[:start]}value = {3.0 if key == 't2_star' else 14.0}{text[end:]}".replace('"HHHHHHAAAA"', '"A"')
    device = Device.load(write(tmp_path, text))
    assert inside(device) and overlapping(device) == []
    width, height = draw(device).get_size_inches()
    assert height < 3 * width


def test_the_same_bytes_every_time(tmp_path):
    for suffix in ("svg", "png"):
        first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
        for path in (first, second):
            device_map(Device.load("spin-sige-6q"), path)
        assert first.read_bytes() == second.read_bytes()


def test_a_map_that_cannot_be_written():
    with pytest.raises(UsageError, match="cannot be written"):
        device_map(Device.load("spin-sige-6q"), Path("/nowhere/map.png"))
