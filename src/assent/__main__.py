"""`python -m assent`: the same program as the `assent` command."""

import sys

from assent.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
