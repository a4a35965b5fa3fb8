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


CHANGES = (a_byte, cut, a_part_missing, inserted, a_number_replaced, a_number_replaced, lines_moved)
