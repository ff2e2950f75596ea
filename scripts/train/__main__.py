"""python scripts/train COMMAND RECIPE: makes this folder importable as the package `train` and runs its command line.

As a package, so that names such as `packaging` or `data` hide no library's.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from train.cli import main  # the path comes first

main()
