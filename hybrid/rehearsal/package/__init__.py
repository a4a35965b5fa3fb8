"""The evidence package of a rehearsal: a folder and one archive of it that stand alone and can be verified.

`contents` makes every file as bytes, `archive` writes them, `verification` executes a package again. The pictures and the
HTML page come from `hybrid.figures`, which stands above this room: they are passed in as a function.
"""
