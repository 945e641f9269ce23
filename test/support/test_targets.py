"""Prints the targets that the tests of some suites need, a line each, for ninja.

Usage: test_targets.py BUILD_DIR SUITE...
"""

import json
import pathlib
import sys


def needed(build, suites):
    """Paths below the build folder; a suite is named as the program was: "unit"."""
    info = pathlib.Path(build, "meson-info")
    tests = json.loads((info / "intro-tests.json").read_text())
    wanted = {target for test in tests
              if {one.split(":")[-1] for one in test["suite"]} & set(suites)
              for target in test["depends"]}
    targets = json.loads((info / "intro-targets.json").read_text())
    root = pathlib.Path(build).resolve()
    return sorted(str(pathlib.Path(file).relative_to(root)) for target in targets
                  if target["id"] in wanted for file in target["filename"])


if __name__ == "__main__":
    print("\n".join(needed(sys.argv[1], sys.argv[2:])))
