"""`python -m einderiv`."""

import sys

from einderiv.cli import main

sys.exit(main())
