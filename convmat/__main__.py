"""``python -m convmat`` is ``convmat``."""

import sys

from convmat.cli import main

if __name__ == "__main__":
    sys.exit(main())
