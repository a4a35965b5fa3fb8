"""README and guide: every command and snippet is run, every output shown is looked for; and `hybrid guide` shows the pages."""

import ast
import json
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest
from documents import ELSEWHERE, NEVER, checkout, commands, outputs, words_of
from probes import measured_once, probed_once  # noqa: F401  # one asks for the other
from readme import PAGES, README, ROOT, Block, blocks, named

from hybrid import catalog
from hybrid.cli.app import EXIT_CODES
from hybrid.cli.guide import FOLDER, NAMES, first_sentence, text_of
from hybrid.measure.device_interval import DEVICES
from hybrid.runs import device_interval as interval

pytestmark = pytest.mark.usefixtures(measured_once.__name__)


@pytest.fixture
def folder(tmp_path):
    with checkout(tmp_path):
        yield tmp_path


def of_section(page: str, section: str) -> list[Block]:
    """The blocks below one heading of a page; "" is what comes before the first."""
    return [block for path in PAGES if path.stem == page for block in blocks(path) if block.section == section]


def missing(shown: str, printed: str) -> list[str]:
    """The lines of an output in a page one of whose words was not printed; numbers and `...` may be anything."""
    words = {*words_of(printed)}
    return [line for line in shown.splitlines() if not {*words_of(line)} <= words]


SECTIONS = list(dict.fromkeys((page.stem, block.section) for page in PAGES for block in blocks(page)))


EVERY_DEVICE = {("README", "Start")}
"""Sections whose outputs say what only the interval of all devices shows."""


@pytest.mark.parametrize(("page", "section"), SECTIONS)
def test_every_command_and_snippet_runs(page, section, folder, command, monkeypatch):
    """A section's, in their order, in one folder; a text right below is part of what they print."""
    if (page, section) in EVERY_DEVICE:
        monkeypatch.setattr(interval, "DEVICES", DEVICES)
    for block, _, printed in outputs(of_section(page, section)):
        assert missing(block.text, printed) == [], block.where
    if (page, section) in AFTERWARDS:
        AFTERWARDS[page, section](folder, command)


def records_are_exported(folder, command):
    assert (folder / "both.png").exists()
    assert len((folder / "latest.csv").read_text().splitlines()) == 22
    assert (folder / "elsewhere" / "acceptance.json").exists()


def rows_are_on_a_page(folder, command):
    assert "<table" in (folder / "g.html").read_text()


def own_members_are_right(folder, command):
    lines = [
        words for block in of_section("extend", "") if block.kind == "sh" for words in commands(block) if words[0] == "run"
    ]
    halving, magnetic = (json.loads(command(*words, "--json").out) for words in lines)  # read from their records
    assert halving["converged"] and halving["value"] < -1.13
    assert magnetic["value"] == pytest.approx(-np.hypot(2, 0.5), abs=1e-3)  # single precision, and an optimiser's last step
    assert magnetic["quantities"][0]["value"] == pytest.approx(-2 / np.hypot(2, 0.5), abs=1e-2)  # dE/d(field)/2


AFTERWARDS = {
    ("records", ""): records_are_exported,
    ("benchmark", ""): rows_are_on_a_page,
    ("extend", ""): own_members_are_right,
}
"""Page and section -> what must hold after its commands."""


def test_the_checks_belong_to_sections():
    assert set(AFTERWARDS) <= set(SECTIONS)


def test_what_is_not_run_is_marked_as_output():
    """A block is run, a file for the commands below it, or `text`."""
    for page in PAGES:
        page_text, found = page.read_text(), [*blocks(page)]
        assert page_text.count("```") == 2 * len(found), page.name
        for at, block in enumerate(found):
            assert block.file or block.kind in ("sh", "python", "text"), (
                f"{block.where}: '{block.kind}' is neither run nor output"
            )
            assert not block.file or any(block.file in later.text for later in found[at + 1 :]), f"{block.where}: not used"
    assert {block.name for page in PAGES for block in blocks(page)} == {"", "start", *NEVER}


@pytest.mark.parametrize("text", ["```sh\nls\n```\n", "```bash\nhybrid list\n```\n"])
def test_a_block_that_nothing_runs_is_found(tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    (block,) = blocks(tmp_path / "page.md")
    if block.kind == "sh":
        with pytest.raises(AssertionError, match="page.md:1"):
            commands(block)
    else:
        assert block.kind not in ("sh", "python", "text")


def test_the_commands_that_are_run_elsewhere_are():
    assert all(words in (ROOT / "tests" / file).read_text() for file, words in ELSEWHERE.values())


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 150
    assert all(name in README.read_text() for name in NAMES)


def test_every_link_leads_to_a_file():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)


def test_the_start_sets_up_first():
    assert named("start").startswith("python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/hybrid run ")


@pytest.mark.slow
def test_the_start_in_full(tmp_path):
    """A clean clone, a fresh virtual environment."""
    subprocess.run(["git", "clone", "-q", ROOT, tmp_path / "clone"], check=True)
    done = subprocess.run(["bash", "-c", named("start")], cwd=tmp_path / "clone", capture_output=True, text=True, check=True)
    assert "energy" in done.stdout


def test_ci_runs_the_readme_s_test_command():
    assert "tests/readme.py test" in (ROOT / ".ci" / "run").read_text()
    assert ".venv/bin/pytest" in named("test")


def test_extend_shows_a_member_of_every_family_from_the_public_modules():
    (mine,) = (block.text for block in blocks(FOLDER / "extend.md") if block.file == "mine.py")
    tree = ast.parse(mine)
    docs = [ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)]
    shown = {doc.partition(":")[0].lower().replace("optimiser", "optimizer") for doc in docs}
    assert shown == set(catalog.FAMILIES.values()) - {"device"}  # which is no Python
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module.startswith("hybrid")} == {"hybrid.extend"}


def test_every_exit_code_is_listed():
    table = set(map(int, re.findall(r"^\| (\d+) \|", text_of("run"), re.MULTILINE)))
    assert table == {0, 4, *EXIT_CODES.values()}


# ---- the command


def test_the_list_has_every_page_and_its_sentence(command):
    out = " ".join(command("guide").out.split())
    assert len(NAMES) == 17
    for name in NAMES:
        sentence = first_sentence(text_of(name))
        assert f"{name} {sentence}" in out
        assert sentence.endswith(".") and not re.search(r"[.?!] [A-Z]", sentence), name


def test_a_pipe_gets_the_markdown(command):
    assert command("guide", "physics").out == text_of("physics")


def test_an_unknown_page_is_an_error_with_the_nearest(command):
    done = command("guide", "phisics")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("hybrid: unknown page 'phisics'. Did you mean 'physics'? Allowed: benchmark, circuits,")


def test_a_terminal_gets_the_page_rendered_in_a_pager():
    """By a real terminal, and a pager that says that it was asked."""
    terminal, other_end = pty.openpty()
    environment = os.environ | {"PAGER": "sed 's/^/> /'", "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    shown = subprocess.Popen(
        [sys.executable, "-m", "hybrid", "guide", "qiskit"], env=environment, stdin=other_end, stdout=other_end
    )
    os.close(other_end)
    parts = []
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert shown.wait() == 0
    text = b"".join(parts).decode()
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    assert "\x1b[" in text and "```" not in text
    assert all(line.startswith("> ") for line in lines) and any("Qiskit" in line for line in lines)
