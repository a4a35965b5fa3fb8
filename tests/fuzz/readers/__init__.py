"""A second reader of every kind of file, written from the formats' definitions and sharing no code with the package.

Each compares what the package found. AssertionError: another reading, or none. NotCompared: the second reader does not know
something that the first one does.
"""


class NotCompared(Exception):
    """This reader knows less than the package: nothing follows."""


def need(condition: object, what: object = "no right file") -> None:
    """The file cannot be read otherwise."""
    assert condition, f"the second reader refuses it: {what}"
