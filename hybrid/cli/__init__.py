"""The command line: verbs, texts, progress, completion, the doctor.

Imports every room below; only here typer and rich are known. Offers the command `hybrid`; nothing imports this room.
"""
