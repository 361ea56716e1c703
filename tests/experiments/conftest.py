"""The lab's scripts import each other as siblings, as Python does when they run; so do their tests."""

import sys

from minieval.grading.identity import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "experiments" / "38-shadow-ab"))
