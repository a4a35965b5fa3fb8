"""Live progress on stderr: one line rewritten in place on a terminal, a line every ten seconds elsewhere."""

import shutil
import sys
import threading
import time
from contextlib import AbstractContextManager
from typing import Any, TextIO, final

from hybrid.base.errors import printable
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli.layout import COLUMNS

TERMINAL_SECONDS = 0.1
LOG_SECONDS = 10.0
SILENCE_SECONDS = 1.0
"""After so long without anything new a terminal shows that the work goes on, and for how long it has."""


@final
class Display(AbstractContextManager["Display"]):
    """Shows `hybrid.runs.watching.RunProgress` and what is done besides; silent when quiet.

    Inside `with` a thread shows how long the same work has taken, even where nothing reports.
    """

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._terminal = stream.isatty()
        self._replayed = 0
        self._open_line = False
        self._shown = 0.0 if self._terminal else time.monotonic()
        self._text, self._since = "starting", time.monotonic()
        self._lock, self._ended = threading.RLock(), threading.Event()

    def __enter__(self) -> "Display":
        if not self._quiet:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        with self._lock:
            self._clear()

    def _tick(self) -> None:
        while not self._ended.wait(SILENCE_SECONDS / 2):
            with self._lock:
                took = time.monotonic() - max(self._since, self._shown)
                if self._text and took > SILENCE_SECONDS and not self._ended.is_set():
                    self._write(f"{self._text}  ({clock(time.monotonic() - self._since)})")

    def _clear(self) -> None:
        """Remove the line that is rewritten in place, where there is one."""
        if self._open_line:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._open_line = False

    def note(self, text: str) -> None:
        """One line that stays."""
        if not self._quiet:
            with self._lock:
                self._clear()
                print(printable(text), file=self._stream)

    def work(self, text: str) -> None:
        """What is done from now on; it is shown once it takes a while."""
        self._text, self._since = text or "measuring", time.monotonic()

    def begin(self, text: str) -> None:
        """A part of the work, in a line that stays."""
        self.note(f"{text} ...")
        self.work(text)

    def show(self, progress: Any) -> None:
        """The newest answer, unless one was shown a moment ago."""
        if progress.replayed:
            self._replayed += 1
            return
        done = progress.fraction
        left = f", about {clock(progress.seconds * (1 - done) / done)} left" if 0 < done < 1 else ""
        recorded = f", {self._replayed} answers from the record" if self._replayed else ""
        self.line(
            f"iteration {progress.iteration}  value {with_uncertainty(progress.value, progress.stderr, 6)}  "
            f"evaluations {progress.nfev}{recorded}  {clock(progress.seconds)}{left}"
        )

    def line(self, line: str) -> None:
        """The state of the work, unless it was shown a moment ago."""
        self.work(line)
        self._write(line)

    def _write(self, line: str) -> None:
        now = time.monotonic()
        if self._quiet or now - self._shown < (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            return
        with self._lock:
            self._shown = now
            self._open_line = self._terminal
            line = printable(line)
            width = shutil.get_terminal_size((COLUMNS, 24)).columns - 1
            self._stream.write(f"\r\x1b[K{line[:width]}" if self._terminal else line + "\n")
            self._stream.flush()


def live_console() -> Any:
    """The console of stderr, where a table can be redrawn in place; None for a pipe, a file and a dumb terminal."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return None if console.is_dumb_terminal else console


def clock(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
