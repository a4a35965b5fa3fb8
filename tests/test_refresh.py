"""`refresh_documents.py`: numbers of a page that are spoiled come back, words and timings stay, what has no match is named."""

import pytest
from refresh_documents import refresh, renewed

PAGE = """# Page

```sh
hybrid sample ghz:n=3 --draw --device meluxina-q --backend exact
hybrid schedule ghz:n=3 --plot mine.png
```
```text
outcome    count   share   ideal
{first}
{second}
...
fidelity         {fidelity}; as many shots without noise give 0.9998 on average
...
duration         {duration} us until the readout begins; 7 pulses
```

It takes {duration} us.

![the schedule](pictures/s.png)
"""


@pytest.fixture
def page(tmp_path):
    """A page in a folder of its own."""
    (tmp_path / "pictures").mkdir()
    return tmp_path / "page.md"


def written(page, text):
    page.write_text(text, encoding="utf-8")
    wrong = refresh(page)
    return page.read_text(encoding="utf-8"), wrong


def test_a_spoiled_page_is_as_before(page):
    spoiled = PAGE.format(first="111 1 0.1 0.5 ####", second="000 2 0.2 0.5 ##", fidelity="0.5(1)", duration="7.25")
    right, wrong = written(page, spoiled)
    assert wrong == [] and right != spoiled
    assert written(page, right) == (right, [])
    assert "7.25 us until" not in right and "It takes 7.25 us." in right  # prose is left
    for old, new in (("fidelity         0.", "fidelity         0.1"), ("us until", "0 us until")):
        assert old in right
        assert written(page, right.replace(old, new)) == (right, [])
    assert (page.parent / "pictures" / "s.png").read_bytes()[:4] == b"\x89PNG"
    outcomes = [line.split() for line in right.splitlines() if line.startswith(("111 ", "000 "))]
    assert len(outcomes) == 2 and all(len(words[0]) == 3 and int(words[1]) > 300 for words in outcomes)


def test_what_has_no_match_is_named_and_left(page):
    text = "```sh\nhybrid list optimizers\n```\n```text\nspsa\n...\nno such member\n```\n\n![none](pictures/s.png)\n"
    left, wrong = written(page, text)
    assert "no such member" in left
    assert wrong == [
        "page.md:5: no line printed has the words of this one",
        "page.md:7: no line printed has the words of this one",
        "page.md:10: no command above draws this picture with --plot FILE",
    ]


def test_what_a_benchmark_measured_is_left(page):
    text = "```sh\nhybrid bench list\n```\n```text\n3 workloads\n```\n"
    assert written(page, text) == (text, [])


def test_the_table_of_circuits(tmp_path):
    row = "| `bell.qasm` | OpenQASM 2 | two qubits that always agree | `00` and `11`, 1/2 each | 0.{}, {} us |\n"
    assert written(tmp_path / "README.md", row.format(11, 9.99)) == (row.format(95, 0.34), [])


PRINTED = """energy           -1.064(17) Ha
                 -1.064 ± 0.017 (shots) ± 0.053 (device assumptions);
                 context_t2star_factor matters most

QPU time         36.6 s (latency excluded)
record           results/983ecefd0d8d.jsonl  digest 4179b269f3d6
best known       all 256 choices tried in 0.25 ms
"""


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("QPU time         1 min 1 s (latency excluded)\n", "QPU time         36.6 s (latency excluded)\n"),
        ("...\nQPU time  1 s (latency excluded)\n...\n", "...\nQPU time         36.6 s (latency excluded)\n...\n"),
        ("record  results/0123456789ab.jsonl  digest abcdef012345\n", PRINTED.splitlines(keepends=True)[5]),
        ("best known       all 128 choices tried in 9 s\n", "best known       all 256 choices tried in 9 s\n"),
        (
            "energy  -1 Ha\n  -1 ± 0 (shots) ± 0 (device\n  assumptions); context_t2star_factor matters\n  most\n",
            "".join(PRINTED.splitlines(keepends=True)[:3]),
        ),
    ],
    ids=["a time in another unit", "between elisions", "a digest", "what a clock measured", "another wrapping"],
)
def test_a_stretch_becomes_what_is_printed(shown, expected):
    assert renewed(shown, PRINTED) == (expected, [])


def test_of_equal_words_the_most_alike_is_taken_in_order():
    printed = "11 513 0.5 ####\n00 487 0.4 ###\n\n11111 400 0.4 ##\n00000 390 0.3 #\n"
    assert renewed("11111 1 0.1 ##\n00000 2 0.2 #\n", printed) == ("11111 400 0.4 ##\n00000 390 0.3 #\n", [])
    assert renewed("11 1 0.1 ####\n...\n00000 2 0.2 #\n", printed) == ("11 513 0.5 ####\n...\n00000 390 0.3 #\n", [])


def test_a_row_is_known_by_its_label():
    printed = "bell  0 1  86.6(14) %  85.72 %\nbell  1 2  89.86(98) %  88.48 %\nbell  4 5  96.37(67) %  96.07 %\n"
    assert renewed("bell  1 2  96.37(67) %  96.07 %\n", printed) == (printed.splitlines(keepends=True)[1], [])


def test_lines_that_can_be_matched_are_even_where_one_cannot():
    assert renewed("QPU time  1 s (latency excluded)\nnew words\nenergy  2 Ha\n", PRINTED) == (
        "QPU time         36.6 s (latency excluded)\nnew words\nenergy  2 Ha\n",
        [1, 2],
    )
