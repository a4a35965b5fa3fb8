"""`python -m hybrid` is the command `hybrid`."""

from hybrid.cli.app import main

main()
