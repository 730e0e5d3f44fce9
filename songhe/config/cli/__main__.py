"""Run as `python -m songhe.config.cli`."""

import sys

from songhe.config.cli import main

sys.exit(main())
