"""`python -m hybrid` is the command `hybrid`."""

import os
import sys

if not sys.flags.safe_path and sys.path[0] == os.getcwd():
    del sys.path[0]  # which `-m` puts first: a file numpy.py that lies here is not NumPy

from hybrid.cli.app import main  # noqa: E402

main()
