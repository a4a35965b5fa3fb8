"""The files that an experiment reads, for a package that is executed without the folder where it was made."""

import re
from pathlib import Path
from typing import final

from hybrid.base.files import looks_like_path, read_bytes

FOLDER = "inputs"
SEPARATORS = re.compile(r"([,:=+\s'\"])")
"""Between the paths in a member, a device or a command."""


@final
class Inputs:
    """Input files by their place in the package: `files` holds the bytes of each."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def placed(self, text: str, folder: Path) -> str:
        """A member, a device or a command as it is read in the package: the paths of files are those of their copies.

        Relative paths are relative to `folder`. UsageError for a file that cannot be read.
        """
        return "".join(self._place(word, folder) for word in SEPARATORS.split(text))

    def _place(self, word: str, folder: Path) -> str:
        if not looks_like_path(word) or not (folder / word).is_file():
            return word
        path = folder / word
        content = read_bytes(path)
        names = [f"{FOLDER}/{path.name}", *(f"{FOLDER}/{number}/{path.name}" for number in range(2, len(self.files) + 3))]
        place = next(name for name in names if self.files.get(name, content) == content)
        self.files[place] = content
        return place
