"""A `hybrid bench` command run in this process."""

import sys

from hybrid.cli.app import main


def call(monkeypatch, capsys, *words):
    """Exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["hybrid", "bench", *map(str, words)])
    try:
        main()
        code = 0
    except SystemExit as left:
        code = left.code
    return code, *capsys.readouterr()
