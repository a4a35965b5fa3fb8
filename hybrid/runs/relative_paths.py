"""Paths in an experiment file: they are relative to the folder of that file. Standard library only."""

from pathlib import Path

from hybrid.base.files import looks_like_path


def beside(folder: Path, text: str) -> str:
    """A member, a device or a file as an experiment file in `folder` names it, with its paths as seen from the working folder.

    `name:key=value,...` with a file as the name or as a value; module names and absolute paths stay as they are.
    """
    if folder.resolve() == Path.cwd():
        return text
    head, colon, rest = text.partition(":")
    is_module = "/" not in head and not head.endswith(".py") and bool(rest) and "=" not in rest.partition(":")[0]
    if looks_like_path(head) and not is_module:
        head = _moved(folder, head)
    return head + colon + ",".join(_option(folder, item) for item in rest.split(","))


def _option(folder: Path, item: str) -> str:
    """`key=value` with a file as the value, or `key=./mine.py:name`."""
    key, equals, value = item.partition("=")
    path, colon, name = value.partition(":")
    is_file = looks_like_path(path if path.endswith(".py") else value)
    return f"{key}={_moved(folder, path)}{colon}{name}" if equals and is_file else item


def _moved(folder: Path, path: str) -> str:
    """The path as seen from the working folder: relative where it lies in it, else absolute. The file's own name is kept."""
    if Path(path).is_absolute():
        return path
    place = (folder / path).parent.resolve()
    if place.is_relative_to(Path.cwd()):
        place = place.relative_to(Path.cwd())
    return f"./{Path(path).name}" if place == Path(".") else str(place / Path(path).name)
