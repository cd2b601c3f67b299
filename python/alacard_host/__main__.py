"""Entry point: ``python -m alacard_host``."""

from alacard_host.host import main

if __name__ == "__main__":
    raise SystemExit(main())
