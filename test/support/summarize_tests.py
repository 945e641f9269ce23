#!/usr/bin/env python3
"""Counts what meson's test logs say, case by case.

Usage: summarize_tests.py BUILD_DIR SUITE=testlog.json...

A doctest or unittest program counts as its cases, any other test as one. A program that failed
without naming a failed case (a crash, a time-out) counts as one failure, and so does one without a
case. What was skipped did not pass: it counts as failed. So does a test that is expected in the
suite (test/expected_tests.txt) and did not run, and one that ran and is not expected. What failed
is named, with the first words of why, before the last line, which is `N passed, N failed`: who has
no more than the end of a log shall know. The exit status says whether nothing failed and something
passed.
"""

import json
import os
import re
import sys

import expected_tests

doctest_line = re.compile(
    r"^\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed\s*\|\s*(\d+) failed", re.MULTILINE)
unittest_ran = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
# A case of unittest has its traceback below it; a doctest assertion, what it compared; what a
# sanitizer found, its stack.
why = re.compile(r"^(?:(?:FAIL|ERROR): .*|.*: (?:FATAL )?ERROR: .*|==\d+==ERROR: .*|"
                 r"WARNING: ThreadSanitizer: .*|.*: runtime error: .*)$")
lines_of_one = 16
lines_of_test = 48
unittest_verdict = re.compile(r"^(?:OK|FAILED)(?: \(([^)]*)\))?\s*$", re.MULTILINE)


def count(entry):
    """(passed, failed, skipped) of one line of meson's testlog.json."""
    passed = failed = skipped = 0
    output = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
    for match in doctest_line.finditer(output):
        passed += int(match.group(1))
        failed += int(match.group(2))
        if match.group(1) == match.group(2) == "0":
            failed += 1
    for ran in unittest_ran.finditer(output):
        verdict = unittest_verdict.search(output, ran.end())
        said = dict(re.findall(r"(\w[\w ]*)=(\d+)", verdict.group(1) or "")) if verdict else {}
        wrong = sum(int(said.get(key, 0))
                    for key in ("failures", "errors", "unexpected successes"))
        not_run = int(said.get("skipped", 0))
        passed += max(0, int(ran.group(1)) - wrong - not_run)
        failed += wrong
        skipped += not_run
    result = entry["result"]
    if result == "SKIP":
        skipped = max(skipped, 1)
    elif result in ("OK", "EXPECTEDFAIL"):
        if passed + failed + skipped == 0:
            passed = 1
    elif failed == 0:
        failed = 1
    return passed, failed, skipped


def reasons(entry):
    """The lines of a failed test's output that say why, or else its last ones."""
    lines = ((entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")).splitlines()
    kept = []
    until = 0
    for number, line in enumerate(lines):
        if why.match(line):
            until = number + lines_of_one
        if number < until:
            kept.append(line)
    return kept[:lines_of_test] or lines[-lines_of_one:]


def plain_name(entry):
    """Without the project and suites that meson puts before it."""
    return entry["name"].rsplit(" / ", 1)[-1].rsplit(":", 1)[-1]


def main(build, arguments):
    options = expected_tests.options_of(build)
    total = [0, 0]
    bad = []
    print(f"{'suite':<16} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for argument in arguments:
        suite, _, path = argument.partition("=")
        passed, failed, skipped, seconds, lines = 0, 0, 0, 0.0, []
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as log:
                lines = [json.loads(line) for line in log if line.strip()]
        else:
            bad.append(f"{suite}: no log at {path}: the suite did not run")
        for entry in lines:
            counts = count(entry)
            passed += counts[0]
            failed += counts[1]
            skipped += counts[2]
            seconds += entry.get("duration", 0)
            if counts[1]:
                bad.append(f"{suite}: {entry['name']}: {entry['result']}, {counts[1]} failed")
                bad += ["  | " + line for line in reasons(entry)]
            if counts[2]:
                bad.append(f"{suite}: {entry['name']}: {counts[2]} skipped")
        wrong = expected_tests.differences(suite, [plain_name(entry) for entry in lines], options)
        bad += wrong
        failed += skipped + len(wrong)
        if not passed:
            failed = max(failed, 1)
            bad.append(f"{suite}: nothing passed")
        print(f"{suite:<16} {passed:>7} {failed:>7} {skipped:>8} {seconds:>8.1f}")
        total[0] += passed
        total[1] += failed
    for line in bad:
        print("  " + line)
    print(f"{total[0]} passed, {total[1]} failed")
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
