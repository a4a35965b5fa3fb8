"""The page of a benchmark: whole, alone, and deaf to what rows say; in a real browser where there is one."""

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from html.parser import HTMLParser

import pytest
from bench_rows import cell, everything, row, write

from hybrid.bench.summary import figures
from hybrid.figures.bench import KINDS
from hybrid.figures.bench_page import report, tables, words
from hybrid.figures.bench_page.tables import COLUMNS
from hybrid.figures.markup import Markup, tag

VOID = {"meta"}
DRAWN = len(KINDS) - 1
"""No question was put to all of these backends: there is no profile, and the page says why."""
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "script", "section", "h1", "h2", "h3", "p", "ul", "li", "nav"),
    *("a", "div", "table", "thead", "tbody", "tr", "th", "td", "button", "span", "figure", "details", "summary"),
    *("svg", "g", "defs", "path", "use", "pattern", "rect", "clippath", "lineargradient", "stop"),
}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "</td></table><h1>won",
    "--><svg onload=alert(1)>",
    "a\u202egnp.exe",
    "</style><style>*{display:none}",
    "&lt;b&gt;",
]


class Page(HTMLParser):
    """Elements that open and close in turn, with their attributes and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.said = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


@pytest.fixture(scope="module")
def text():
    return report(everything())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_structure(page):
    assert set(page.tags) <= KNOWN
    assert page.tags.count("h1") == 1 and page.tags.count("svg") == DRAWN
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    targets = [value for _, key, value in page.attributes if key == "href"]
    assert targets and all(target.startswith("#") and target[1:] in ids for target in targets)
    inside = {name for _, _, value in page.attributes for name in re.findall(r"url\(#([^)]*)\)", value or "")}
    assert inside and inside <= set(ids)
    labels = [value for name, key, value in page.attributes if (name, key) == ("svg", "aria-label")]
    assert len(labels) == DRAWN and all("the figures are in the table" in label for label in labels)


def test_the_page_is_alone(text, page):
    """Nothing that could load anything: no address, no source, no import, no handler; and a policy that forbids it."""
    assert not re.search(
        r"https?:|//[a-z]|\bsrc\b|@import|url\((?!#)|javascript:|data:", text.split("</style>")[1], re.IGNORECASE
    )
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key in ("src", "srcset", "action", "xmlns")]
    (policy,) = [value for _, key, value in page.attributes if key == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe-inline" not in policy.split(";")[1]
    assert "<!--" not in text


def test_size(text):
    """Plots are the most of it, some 150 kB each; a table's row is below 2 kB."""
    assert len(text) < 150_000 * DRAWN + 200_000
    assert len(re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)) < 20_000 + 2_000 * len(figures(everything()))


@pytest.mark.slow
def test_the_same_rows_give_the_same_page(text):
    assert report(everything()) == text


@pytest.fixture(scope="module")
def hostile_text():
    rows = [row(f"{name}:n=4", name, note=name, error=0.0) for name in HOSTILE]
    rows += [row("ghz:n=4", HOSTILE[0]), row("ghz:n=8", HOSTILE[0], n=8)]  # what is left out beside it is drawn quickly
    rows += [row("ghz:n=4", name, status="error", note=name, host=name, environment={"cpu": name}) for name in HOSTILE[:2]]
    rows += [row("ghz:n=4", "a", suite=HOSTILE[0], environment={"versions": {HOSTILE[1]: HOSTILE[2]}})]
    rows[0]["verification"] |= {"tier": HOSTILE[0], "reference": HOSTILE[1]}
    return report(rows)


def test_nothing_that_rows_say_becomes_markup(hostile_text):
    page = Page(hostile_text)
    assert set(page.tags) <= KNOWN
    assert page.tags.count("script") == page.tags.count("style") == page.tags.count("h1") == 1
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key == "src"]
    said = "".join(page.said)
    assert all(name.replace("\u202e", "\\u202e") in said for name in HOSTILE)
    assert "\u202e" not in hostile_text


def test_the_builder_escapes_what_is_not_markup():
    assert tag("td", "<b>", title='"&') == '<td title="&quot;&amp;">&lt;b&gt;</td>'
    assert tag("td", Markup("<b>")) == "<td><b></td>"
    assert tag("td", "a\nb\x00", hidden=True, class_=False) == "<td hidden>a\\nb\\x00</td>"


def test_every_status_and_tier_is_explained(page):
    said = "".join(page.said)
    states = {figure.state for figure in figures(everything())}
    assert states <= set(words.STATES) and len(states) >= 6
    assert all(words.STATES[state] in said for state in states)
    assert all(meaning in said for meaning in words.TIERS.values())
    assert all(line in said for line in words.RULE) and words.CAVEAT in said


def test_ranks_are_those_of_the_rule():
    rows = (
        cell("ghz:n=4", "slow", seconds=2e-3) + cell("ghz:n=4", "quick") + cell("ghz:n=4", "liar", seconds=1e-6, status="wrong")
    )
    body = str(tables.cells(figures(rows), None)).split("<tbody>")[1]
    fields = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in body.split("<tr ")[1:]]
    at = {name: COLUMNS.index(name) for name in COLUMNS}
    found = {line[at["backend"]]: line[at["rank"]] for line in fields}
    assert found == {"quick": "1", "slow": "2", "liar": "-"}


@pytest.fixture(scope="module")
def commanded(tmp_path_factory, command):
    """A file of rows of two machines, and the page that the command makes of it."""
    folder = tmp_path_factory.mktemp("page")
    rows = write(folder / "r.jsonl", cell("ghz:n=4", "a") + cell("ghz:n=4", "a", host="there"))
    assert run(command, rows, "--out", folder / "r.html")[0] == 0
    return rows, folder / "r.html"


def test_several_machines_have_a_section_each(commanded):
    page = Page(commanded[1].read_text(encoding="utf-8"))
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert {"m0", "m1"} <= set(ids) and len(ids) == len(set(ids))
    assert "their times are shown apart" in "".join(page.said)


def test_caveats_tell_what_is_missing():
    few = words.caveats(figures(cell("ghz:n=4", "a", processes=3)), {"here": None}, 1)
    assert any("1 of 1 verified cells have fewer than nine" in line for line in few)
    assert any("no A/A floor" in line for line in few)
    enough = words.caveats(figures(cell("ghz:n=4", "a")), {"here": 0.034}, 1)
    assert enough == [words.CAVEAT, "here: identical runs differ by up to 3.4 % (A/A floor)."]


def run(command, *words):
    done = command("bench", "report", *words)
    return done.code, done


def test_the_command(tmp_path, command, commanded):
    (rows, target), quick = commanded, write(tmp_path / "q.jsonl", [row("ghz:n=4", "a", status="error")])  # little to draw
    assert Page(target.read_text(encoding="utf-8")).tags.count("table") == 3 + 2  # and each machine's cells
    for given, code, told in (
        ((rows, "--out", tmp_path / "r.pdf"), 2, "its name must end in .html"),
        ((quick, "--out", tmp_path / "no" / "r.html"), 2, "cannot be written"),
        ((write(tmp_path / "n.jsonl", [row("g", "a", suite="null@1")]), "--out", target), 2, "no results"),
    ):
        found, said = run(command, *given)
        assert found == code and told in said.err


def test_without_matplotlib(tmp_path, monkeypatch, command):
    monkeypatch.setattr("hybrid.cli.pictures.find_spec", lambda name: None)
    rows = write(tmp_path / "r.jsonl", cell("ghz:n=4", "a"))
    code, said = run(command, rows, "--out", tmp_path / "r.html")
    assert code == 69 and "bench report needs matplotlib. Install it with: pip install" in said.err
    assert not (tmp_path / "r.html").exists()


def test_the_cells_are_sorted_as_in_the_terminal():
    rows = cell("qft:n=4", "a") + cell("ghz:n=16", "a") + cell("ghz:n=4", "b", seconds=2e-3) + cell("ghz:n=4", "a")
    body = str(tables.cells(figures(rows), None)).split("<tbody>")[1]
    fields = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in body.split("<tr ")[1:]]
    assert [(line[0], line[COLUMNS.index("backend")]) for line in fields] == [
        *(("ghz:n=4", "a"), ("ghz:n=4", "b"), ("ghz:n=16", "a"), ("qft:n=4", "a"))
    ]


def test_one_machine_is_one_row_of_the_environments():
    """Every backend's process tells its own packages; a reader wants them together."""
    rows = cell("ghz:n=4", "a") + [row("ghz:n=4", "b", environment={"versions": {"qulacs": "0.6"}})]
    table = str(tables.environments(figures(rows)))
    assert table.count("<tr>") == 2 and "numpy 2.1.0, qulacs 0.6" in table
    assert str(tables.environments(figures([*rows, row("ghz:n=4", "a", host="there")]))).count("<tr>") == 3


BROWSER = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)


class Tab:
    """A page in a headless browser, spoken to by the DevTools protocol over a pair of pipes."""

    def __init__(self, to, back):
        self.to, self.back, self.number, self.requests, self.blocked = to, back, 0, [], []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")

    session = None

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while True:
            heard = self.hear()
            if heard.get("id") == self.number:
                assert "error" not in heard, heard
                return heard["result"]

    def hear(self):
        raw = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            assert byte, "the browser is gone"
            raw += byte
        heard = json.loads(raw)
        if heard.get("method") == "Network.requestWillBeSent":
            self.requests.append(heard["params"]["request"]["url"])
        if heard.get("method") == "Network.loadingFailed":
            self.blocked.append(heard["params"].get("blockedReason"))
        return heard

    def open(self, url):
        self.ask("Page.navigate", url=url)
        while self.hear().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression):
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")


@contextmanager
def browser(profile):
    theirs_in, to = os.pipe()
    back, theirs_out = os.pipe()

    def pipes():
        first, second = os.dup(theirs_in), os.dup(theirs_out)  # away from 3 and 4, which are what the browser reads
        os.dup2(first, 3)
        os.dup2(second, 4)

    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [BROWSER, *flags], close_fds=False, preexec_fn=pipes, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        with os.fdopen(to, "wb") as writer, os.fdopen(back, "rb", 0) as reader:
            yield Tab(writer, reader)
    finally:
        process.kill()
        process.wait()


def _brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no headless browser here")
def test_in_a_browser_it_renders_sorts_and_asks_for_nothing(tmp_path, text, hostile_text):
    (tmp_path / "r.html").write_text(text, encoding="utf-8")
    (tmp_path / "hostile.html").write_text(hostile_text, encoding="utf-8")
    with browser(tmp_path / "profile") as tab:
        tab.open(f"file://{tmp_path}/r.html")
        boxes = "[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect())"
        assert tab.value(f"{boxes}.every(b => b.width > 300 && b.height > 200)")
        assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")

        def column(name):
            at = COLUMNS.index(name)
            fields = f"[...document.querySelectorAll('table.sortable tbody tr')].map(r => r.cells[{at}])"
            return tab.value(f"{fields}.map(field => field.dataset.value ?? field.textContent)")

        def click(name):
            tab.value(f"document.querySelectorAll('table.sortable th button')[{COLUMNS.index(name)}].click()")

        for width in (1280, 420):
            tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            assert tab.value("document.documentElement.scrollWidth <= window.innerWidth"), width
        for scheme in ("light", "dark"):
            tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            paper, ink = (tab.value(f"getComputedStyle(document.body).{key}") for key in ("backgroundColor", "color"))
            assert (_brightness(paper) > _brightness(ink)) == (scheme == "light")
        tab.ask("Emulation.setEmulatedMedia", media="print", features=[])
        assert tab.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        tab.ask("Emulation.setEmulatedMedia", media="", features=[])
        before = column("per call")
        click("per call")
        numbers = [float(value) for value in column("per call") if value]
        assert numbers == sorted(numbers) != [float(value) for value in before if value]
        empty = [value == "" for value in column("per call")]
        assert any(empty) and empty == sorted(empty)  # what has no time comes last,
        click("per call")
        assert [float(value) for value in column("per call") if value] == numbers[::-1]
        assert [value == "" for value in column("per call")] == empty  # either way round
        click("backend")
        assert column("backend") == sorted(column("backend"))
        assert tab.value("document.querySelectorAll('th[aria-sort]').length") == 1
        assert tab.requests == [f"file://{tmp_path}/r.html"]
        tab.open(f"file://{tmp_path}/hostile.html")
        assert tab.value("document.querySelectorAll('script').length") == 1
        assert tab.value("document.images.length") == 0
        # what the policy would stop, had anything come through:
        tab.value("document.body.append(Object.assign(document.createElement('script'), { text: 'window.owned = 1' }))")
        assert tab.value("window.owned === undefined")
        tab.value("document.body.append(Object.assign(new Image(), { src: 'https://nowhere.invalid/x.png' }))")
        while not tab.blocked:
            tab.hear()
        assert tab.blocked == ["csp"]
