"""Which tests there have to be: test/expected_tests.txt, held against builds and runs.

A test that is only registered where a library was found, or a file was, vanishes without a word
when it was not. So the list is written down, and whatever differs from it is a failure.
"""

import json
import pathlib
import re

root = pathlib.Path(__file__).resolve().parents[2]
list_file = root / "test" / "expected_tests.txt"


def parse(text):
    """[(suite, name, (option, value) or None)]; the test is not expected where the option has the
    value, or another one if it is written as !=."""
    found = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        match = re.fullmatch(r"(\w+) +(\w+)(?: +unless (\w+)(!?=)(\w+))?", line)
        if not match:
            raise ValueError(f"{list_file.name}: not `SUITE NAME [unless OPTION=VALUE]`: {line}")
        suite, name, *condition = match.groups()
        found.append((suite, name, tuple(condition) if condition[0] else None))
    return found


def options_of(build):
    """{name: value} of a configured build folder."""
    path = pathlib.Path(build) / "meson-info" / "intro-buildoptions.json"
    return {one["name"]: str(one["value"]).lower() for one in json.loads(path.read_text())}


def expected(options, entries=None):
    """{suite: {name}} of what a build with these options has to have."""
    suites = {}
    for suite, name, condition in parse(list_file.read_text()) if entries is None else entries:
        names = suites.setdefault(suite, set())
        if condition:
            option, relation, value = condition
            if (options[option] == value) == (relation == "="):
                continue
        names.add(name)
    return suites


def differences(suite, there, options, entries=None):
    """[message] about the tests of a suite that are there, or ran."""
    wanted = expected(options, entries).get(suite, set())
    return ([f"{suite}: {name}: expected ({list_file.name}), and not there"
             for name in sorted(wanted - set(there))]
            + [f"{suite}: {name}: not in test/{list_file.name}; add it there"
               for name in sorted(set(there) - wanted)])
