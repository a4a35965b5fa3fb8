"""Makes the noisy numbers of README, guide and example circuits anew: `python tests/refresh_documents.py [PAGE ...]`.

Every section is run as `test_guide.py` runs it. Of a block of output right below its commands each stretch between two `...`
becomes what is printed now with the same words; a picture becomes what the last command above it draws with `--plot FILE`; in
the table of circuits each row is sampled. What cannot be matched is left and named on stderr, and the exit code is then 1.
What a clock of this machine measured is left: the output of `hybrid bench`, and `CLOCK` elsewhere. Prose is left too.
"""

import difflib
import itertools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from conftest import run_command
from documents import BOUND, CIRCUIT, NEVER, checkout, commands, outputs, words_of
from readme import PAGES, ROOT, Block, blocks

CIRCUITS = ROOT / "examples" / "circuits" / "README.md"
SAMPLED = ("--device", "meluxina-q", "--backend", "exact", "--shots", "20000", "--realizations", "2000", "--json")
PICTURE = re.compile(r"!\[[^\]]*\]\((?P<file>[^)]+\.png)\)")
CLOCK = re.compile(r"(?<=tried in )[\d.]+ (?:us|ms|s)\b")
MARGIN = 2
"""A stretch that is printed may have so many lines more or less than the one shown: other numbers wrap otherwise."""


def refresh(page: Path) -> list[str]:
    """Write the page and its pictures anew where they change; what could not be matched, with file and line."""
    text = page.read_text(encoding="utf-8")
    new, wrong = (_table(text), []) if CIRCUIT.search(text) else _page(page, text)
    if new != text:
        page.write_text(new, encoding="utf-8")
    return wrong


def _page(page: Path, text: str) -> tuple[str, list[str]]:
    wrong: list[str] = []
    edits: list[tuple[int, int, str]] = []
    for _, grouped in itertools.groupby(blocks(page), key=lambda block: block.section):
        section = [*grouped]
        with TemporaryDirectory() as folder, checkout(Path(folder)):
            for block, asked, printed in outputs(section):
                if any(words[0] == "bench" for words in asked):
                    continue
                new, unmatched = renewed(block.text, printed)
                edits.append((block.at, block.at + len(block.text), new))
                first = text.count("\n", 0, block.at) + 1
                wrong += [f"{page.name}:{first + n}: no line printed has the words of this one" for n in unmatched]
            wrong += _pictures(page, text, section)
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text, wrong


def _pictures(page: Path, text: str, section: list[Block]) -> list[str]:
    """Copy what the section's commands drew to where the page shows it; a picture that no command above draws."""
    wrong = []
    run = [block for block in section if block.kind == "sh" and block.name not in NEVER]
    following = next((block.at for block in blocks(page) if block.at > section[-1].at), len(text))
    for match in PICTURE.finditer(text, section[0].at, following):
        above = [words for block in run if block.at < match.start() for words in commands(block)]
        drawn = [words[words.index("--plot") + 1] for words in above if "--plot" in words[:-1]]
        if drawn and Path(drawn[-1]).is_file():
            (page.parent / match["file"]).write_bytes(Path(drawn[-1]).read_bytes())
        else:
            line = text.count("\n", 0, match.start()) + 1
            wrong.append(f"{page.name}:{line}: no command above draws this picture with --plot FILE")
    return wrong


def renewed(shown: str, printed: str) -> tuple[str, list[int]]:
    """The output shown with what is printed now, and the numbers of its lines (from 0) that nothing printed matches."""
    rest, new, unmatched, at = [line.rstrip() for line in printed.splitlines()], list[str](), list[int](), 0
    for elided, grouped in itertools.groupby(shown.splitlines(), key=lambda line: line == "..."):
        stretch = [*grouped]
        for part in [stretch] if elided or _place(stretch, rest) else [[line] for line in stretch]:
            place = None if elided else _place(part, rest)
            if place is not None:
                new += _with_clock(part, rest[place])
                rest = rest[place.stop :]
            else:
                new += part
                unmatched += [] if elided else [at]
            at += len(part)
    return "".join(f"{line}\n" for line in new), unmatched


def _place(part: list[str], printed: list[str]) -> slice | None:
    """Where the lines with the same words are; of several such places the one that begins alike, where labels stand."""
    wanted = [word for line in part for word in words_of(line)]
    words = [words_of(line) for line in printed]
    places = [
        slice(start, start + length)
        for length in sorted(range(max(1, len(part) - MARGIN), len(part) + MARGIN + 1), key=lambda n: abs(n - len(part)))
        for start in range(len(printed) - length + 1)
        if printed[start].strip() and printed[start + length - 1].strip()
        if [*itertools.chain(*words[start : start + length])] == wanted
    ]
    same = [place for place in places if place.stop - place.start == len(part)] or places
    text = "\n".join(part)

    def alike(place: slice) -> tuple[int, float]:
        now = "\n".join(printed[place])
        return len(os.path.commonprefix([text, now])), difflib.SequenceMatcher(None, text, now).ratio()

    return max(same, key=alike, default=None)


def _with_clock(shown: list[str], printed: list[str]) -> list[str]:
    """The lines printed, with the times that a clock measured as they are shown."""
    times = iter(CLOCK.findall("\n".join(shown)))
    return CLOCK.sub(lambda match: next(times, match[0]), "\n".join(printed)).splitlines()


def _table(text: str) -> str:
    """The table of circuits with the fidelities and durations of now."""

    def row(match: re.Match[str]) -> str:
        found = json.loads(run_command("sample", CIRCUITS.parent / match["name"], *SAMPLED, *BOUND.get(match["name"], ())).out)
        return f"{match['head']}{found['fidelity']:.2f}, {1e6 * found['duration_s']:.2f} us |"

    return CIRCUIT.sub(row, text)


def main(pages: list[str]) -> Iterator[str]:
    """Refresh these pages, or all; what could not be matched."""
    for page in [Path(page).resolve() for page in pages] or [*PAGES, CIRCUITS]:
        yield from refresh(page)


if __name__ == "__main__":
    failures = [*main(sys.argv[1:])]
    sys.exit("\n".join(failures) or 0)
