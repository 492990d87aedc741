"""`python -m nasbias <command>`: the same as `nasbias <command>`."""

import sys

from nasbias.cli import main

if __name__ == "__main__":
    sys.exit(main())
