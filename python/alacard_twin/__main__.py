"""`python -m alacard_twin SPEC.json FOLDER` makes one twin."""

from __future__ import annotations

import sys

from alacard_twin.make import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
