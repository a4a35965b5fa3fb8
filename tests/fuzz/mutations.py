"""Damage to files, drawn from a seed: bytes changed, lines moved, numbers and words replaced by hostile ones."""

import re

import numpy as np

HOSTILE = (
    *(b"1e400", b"-1e308", b"NaN", b"Infinity", b"-0.0", b"0x10", b"1_000", b"1e-400", b"9" * 25, b"-1", b"2147483648"),
    *(b"18446744073709551616", b"\x1b[2J\x1b]0;x\x07", b"\x00", b"\xff\xfe", b"\xe2\x80\xae", b"\xed\xa0\x80", b"=1+1", b"''"),
    *(b"[" * 3000, b"(" * 3000, b"{" * 3000, b"a" * 50_000, b"../../etc/passwd", b"/dev/zero", b"true", b"null", b'"', b"\\"),
    *(
        b"\r",
        b"\n\n",
        b"\t",
        b"#",
        b"//",
        b"/*",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        b"&a;",
        b"__import__('os')",
        b"%s%n",
        b"{0}",
    ),
)
LIKES = (b"0123456789", b"+-", b"abcxyzXYZstuh", b",;:", b"*/")
SMALL = re.compile(rb"[0-9+\-abcxyzXYZstuh,;:*/]")
WORD = re.compile(rb"[^\s,;=:\[\](){}]+")
GAP = re.compile(rb"[ \t\n,]+")
SPACES = (
    b" ",
    b"  ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\xc2\x85",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b", ",
    b"",
)
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content after one to three changes."""
    for _ in range(rng.integers(1, 4)):
        content = CHANGES[rng.integers(len(CHANGES))](content, rng)
    return content


def _place(content: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(content) + 1))


def _hostile(rng: np.random.Generator) -> bytes:
    return HOSTILE[rng.integers(len(HOSTILE))]


def a_byte(content: bytes, rng: np.random.Generator) -> bytes:
    """One byte is another."""
    at = _place(content, rng)
    return content[:at] + bytes([rng.integers(256)]) + content[at + 1 :]


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """The end is missing."""
    return content[: _place(content, rng)]


def a_part_missing(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes in the middle are missing."""
    at = _place(content, rng)
    return content[:at] + content[at + int(rng.integers(1, 20)) :]


def inserted(content: bytes, rng: np.random.Generator) -> bytes:
    """Something hostile stands anywhere."""
    at = _place(content, rng)
    return content[:at] + _hostile(rng) + content[at:]


def a_number_replaced(content: bytes, rng: np.random.Generator) -> bytes:
    """A number is something hostile, or another number of the file."""
    numbers = list(NUMBER.finditer(content))
    if not numbers:
        return inserted(content, rng)
    here, there = (numbers[rng.integers(len(numbers))] for _ in range(2))
    return content[: here.start()] + (_hostile(rng) if rng.random() < 0.7 else there[0]) + content[here.end() :]


def lines_moved(content: bytes, rng: np.random.Generator) -> bytes:
    """A line stands elsewhere too, or instead of another."""
    lines = content.splitlines(keepends=True) or [b""]
    here, there = rng.integers(len(lines), size=2)
    lines[there : there + int(rng.integers(2))] = [lines[here]]
    return b"".join(lines)


def a_digit(content: bytes, rng: np.random.Generator) -> bytes:
    """A digit, a letter or a sign is another: most files stay right, and say something else."""
    places = [match.start() for match in SMALL.finditer(content)]
    if not places:
        return a_byte(content, rng)
    at = places[rng.integers(len(places))]
    likes = next(likes for likes in LIKES if content[at] in likes)
    return content[:at] + bytes([likes[rng.integers(len(likes))]]) + content[at + 1 :]


def words_exchanged(content: bytes, rng: np.random.Generator) -> bytes:
    """Two words of a line, or of two lines, have changed places."""
    words = list(WORD.finditer(content))
    if len(words) < 2:
        return a_byte(content, rng)
    first = int(rng.integers(len(words) - 1))
    here, there = words[first], words[min(first + int(rng.integers(1, 6)), len(words) - 1)]
    between = content[here.end() : there.start()]
    return content[: here.start()] + there[0] + between + here[0] + content[there.end() :]


def a_space(content: bytes, rng: np.random.Generator) -> bytes:
    """Somewhere between words stands another space, or one more."""
    gaps = list(GAP.finditer(content))
    if not gaps:
        return a_byte(content, rng)
    gap = gaps[rng.integers(len(gaps))]
    return content[: gap.start()] + SPACES[rng.integers(len(SPACES))] + content[gap.end() - int(rng.integers(2)) :]


CHANGES = (
    *(a_byte, cut, a_part_missing, inserted, a_number_replaced, a_number_replaced, lines_moved),
    *(a_digit, a_digit, words_exchanged, words_exchanged, lines_moved, a_space),
)
