"""The page and the pictures of a rehearsal: whole, alone, deaf to what texts say; in a real browser where there is one."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from rehearsals import rehearsed
from test_bench_report import BROWSER, HOSTILE, Page, browser

from hybrid.figures.rehearsal import verdict_grid
from hybrid.figures.rehearsal_package import drawn, write_package
from hybrid.figures.rehearsal_page import page
from hybrid.figures.rehearsal_values import values
from hybrid.figures.style import encoded
from hybrid.rehearsal.package.verification import verify
from hybrid.rehearsal.rehearsal import CRITERIA, GO, NO_GO
from hybrid.runs.spec import Spec

KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "ul", "li", "b", "code"),
    *("div", "table", "thead", "tbody", "tr", "th", "td", "span", "small", "figure"),
    *("svg", "g", "defs", "path", "use", "rect", "clippath"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("page") / "results"
    return rehearsed(Spec(problem="h2", shots=200, max_evals=2), results), results


@pytest.fixture(scope="module")
def rehearsal(made):
    return made[0]


@pytest.fixture(scope="module")
def text(rehearsal):
    return drawn(rehearsal)["report.html"].decode()


def test_structure(text, rehearsal):
    found = Page(text)
    assert set(found.tags) <= KNOWN and found.tags.count("h1") == found.tags.count("svg") == 1
    said = "".join(found.said)
    assert said.index(rehearsal.sentence) < said.index("At a glance")
    assert all(said.count(name) >= 2 for name in CRITERIA)
    assert all(one.words in said for verdict in rehearsal.devices for one in verdict.criteria)


def test_the_page_is_alone(text):
    """Nothing that could load anything: no address, no source, no script; and a policy that forbids it."""
    found = Page(text)
    rest = text.split("</style>")[1]
    assert not re.search(r"https?:|//[a-z]|\bsrc\b|@import|url\((?!#)|javascript:|data:|<script", rest, re.IGNORECASE)
    assert "url(" not in text.split("</style>")[0] and "@import" not in text
    assert not [key for _, key, _ in found.attributes if key.startswith("on") or key in ("src", "srcset", "action")]
    (policy,) = [value for _, key, value in found.attributes if key == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'") and "script-src" not in policy


def test_nothing_that_a_rehearsal_says_becomes_markup(rehearsal):
    first, second = rehearsal.devices
    criteria = tuple(one._replace(words=hostile) for one, hostile in zip(first.criteria, HOSTILE, strict=False))
    first = replace(
        first, title=HOSTILE[0], sentence=HOSTILE[1], criteria=criteria, device=HOSTILE[2], variants={HOSTILE[3]: "x"}
    )
    hostile = replace(
        rehearsal, title=HOSTILE[5], caveat=HOSTILE[4], scale_words=HOSTILE[0], quantity=HOSTILE[1], unit=HOSTILE[2]
    )
    text = page(replace(hostile, devices=(first, second)), None)
    found = Page(text)
    assert set(found.tags) <= KNOWN and found.tags.count("style") == found.tags.count("h1") == 1
    assert not [key for _, key, _ in found.attributes if key.startswith("on") or key == "src"]
    assert "\u202e" not in text and HOSTILE[1] in "".join(found.said)


def test_the_picture_says_the_verdict_in_words(rehearsal):
    """Colours are never alone: each field has its words, the binding constraint a frame."""
    figure = verdict_grid(rehearsal)
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert words[0] == GO and NO_GO in words and len(words) == 2 * (1 + len(CRITERIA))
    assert sum("not met" in word for word in words) == 2 and sum("not judged" in word for word in words) == 2
    assert any("2 of 24 qubits" in word for word in words)
    frames = [patch.get_linewidth() > 1 for axes in figure.axes for patch in axes.patches]
    assert sum(frames) == 3  # both verdicts, and what binds on the second device


def test_the_picture_of_values_draws_what_is_known(rehearsal):
    (axes,) = values(rehearsal).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [one.device for one in rehearsal.devices]
    levels = {round(line.get_xdata()[0], 9) for line in axes.lines if len(set(line.get_xdata())) == 1}
    assert {round(level, 9) for level in (rehearsal.exact, rehearsal.baseline)} <= levels
    assert 0.0 not in levels  # guessing lies ten times farther away than all others, and would squeeze them
    empty = replace(rehearsal.devices[0], value=None, stderr=None, interval=None, runs=())
    assert any("not played" in text.get_text() for text in values(replace(rehearsal, devices=(empty,))).axes[0].texts)


@pytest.mark.slow
def test_a_drawn_package_holds_and_pictures_have_the_same_bytes_every_time(made, tmp_path):
    rehearsal, results = made
    written = write_package(rehearsal, tmp_path / "evidence", results)
    assert not verify(written.folder, drawn, lambda one, records: one).failed
    for draw in (verdict_grid, values):
        assert encoded(draw(rehearsal), "png") == encoded(draw(rehearsal), "png")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no headless browser here")
@pytest.mark.parametrize("devices", [1, 2, 4])
def test_in_a_browser_it_fits_narrow_screens_and_asks_for_nothing(rehearsal, tmp_path, devices):
    whole = replace(rehearsal, devices=(rehearsal.devices * 2)[:devices])
    (tmp_path / "report.html").write_bytes(drawn(whole)["report.html"])
    with browser(tmp_path / "profile") as tab:
        tab.open(f"file://{tmp_path}/report.html")
        for width in (1280, 400):
            tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            assert tab.value("document.documentElement.scrollWidth <= window.innerWidth"), width
            size = "parseFloat(getComputedStyle(document.querySelector('.grid td')).fontSize)"
            assert tab.value(size) >= 12  # pixels, the least that is read without effort
        for scheme in ("light", "dark"):
            tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            low = "[...document.querySelectorAll('.verdict, .grid td, p, li, h1')].map(e => [getComputedStyle(e).color, "
            low += "getComputedStyle(e).backgroundColor, getComputedStyle(document.body).backgroundColor])"
            assert all(contrast(ink, paper if alpha(paper) else body) >= 4.5 for ink, paper, body in tab.value(low)), scheme
        assert tab.requests == [f"file://{tmp_path}/report.html"] and not tab.blocked


def numbers(colour):
    return [float(number) for number in re.findall(r"[\d.]+", colour)]


def alpha(colour):
    found = numbers(colour)
    return found[3] if len(found) > 3 else 1.0


def contrast(one, other):
    """WCAG 2.2, contrast ratio of two sRGB colours; 4.5 is what it asks of text."""

    def luminance(colour):
        linear = [c / 12.92 if (c := part / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for part in numbers(colour)[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None or shutil.which("pdfinfo") is None, reason="no headless browser or no pdfinfo here")
@pytest.mark.parametrize("devices", [1, 2, 4])
def test_it_prints_on_two_pages(rehearsal, tmp_path, devices):
    """With sentences as long as those of real rehearsals, on every device three of six criteria not met."""
    criteria = tuple(
        one._replace(words=f"{one.words}; {'as long as a sentence of a real rehearsal ' * 6}", met=bool(i % 2))
        for i, one in enumerate(rehearsal.devices[1].criteria)
    )
    long = [replace(one, criteria=criteria) for one in rehearsal.devices * 2]
    (tmp_path / "report.html").write_bytes(drawn(replace(rehearsal, devices=tuple(long[:devices])))["report.html"])
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path}/report.pdf"]
    subprocess.run([BROWSER, *flags, f"file://{tmp_path}/report.html"], check=True, capture_output=True)
    about = subprocess.run(["pdfinfo", tmp_path / "report.pdf"], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Pages:\s+2\n", about) and re.search(r"Page size:.*A4", about)
