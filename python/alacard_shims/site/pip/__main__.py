"""`python -m pip`, as `%pip` and notebooks call it."""

import sys

from alacard_shim.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["pip", *sys.argv[1:]]))
