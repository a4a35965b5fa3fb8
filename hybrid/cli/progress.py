"""Live progress on stderr: one line rewritten in place on a terminal, a line every ten seconds elsewhere."""

import shutil
import time
from contextlib import AbstractContextManager
from typing import Any, TextIO, final

from hybrid.base.errors import printable
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli.layout import COLUMNS

TERMINAL_SECONDS = 0.1
LOG_SECONDS = 10.0


@final
class Display(AbstractContextManager["Display"]):
    """Shows `hybrid.runs.live_session.Progress`; silent when quiet."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._terminal = stream.isatty()
        self._replayed = 0
        self._open_line = False
        self._shown = 0.0 if self._terminal else time.monotonic()

    def __exit__(self, *error: object) -> None:
        self._clear()

    def _clear(self) -> None:
        """Remove the line that is rewritten in place, where there is one."""
        if self._open_line:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._open_line = False

    def note(self, text: str) -> None:
        """One line that stays."""
        if not self._quiet:
            self._clear()
            print(printable(text), file=self._stream)

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
        now = time.monotonic()
        if self._quiet or now - self._shown < (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            return
        self._shown = now
        self._open_line = self._terminal
        width = shutil.get_terminal_size((COLUMNS, 24)).columns - 1
        line = printable(line)
        self._stream.write(f"\r\x1b[K{line[:width]}" if self._terminal else line + "\n")
        self._stream.flush()


def clock(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
