"""`python -m ui.cli` is `askpapers`."""

import sys

from ui.cli import main

sys.exit(main())
