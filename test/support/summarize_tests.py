#!/usr/bin/env python3
"""Counts what meson's test logs say, case by case.

Usage: summarize_tests.py TITLE=testlog.json...

A doctest or unittest program counts as its cases, any other test as one. A program that failed
without naming a failed case (a crash, a time-out) counts as one failure. Skipped cases are neither
passed nor failed; they are shown. The last line is `N passed, N failed`; the exit status says
whether nothing failed and something passed.
"""

import json
import os
import re
import sys

doctest_line = re.compile(
    r"^\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed\s*\|\s*(\d+) failed", re.MULTILINE)
unittest_ran = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
unittest_verdict = re.compile(r"^(?:OK|FAILED)(?: \(([^)]*)\))?\s*$", re.MULTILINE)


def count(entry):
    """(passed, failed, skipped) of one line of meson's testlog.json."""
    passed = failed = skipped = 0
    output = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
    for match in doctest_line.finditer(output):
        passed += int(match.group(1))
        failed += int(match.group(2))
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


def main(arguments):
    total = [0, 0, 0]
    bad = []
    print(f"{'suite':<16} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for argument in arguments:
        title, _, path = argument.partition("=")
        sums, seconds = [0, 0, 0], 0.0
        if not os.path.exists(path):
            sums[1] = 1
            bad.append(f"{title}: no log at {path}: the suite did not run")
            lines = []
        else:
            with open(path, encoding="utf-8", errors="replace") as log:
                lines = [json.loads(line) for line in log if line.strip()]
            if not lines:
                sums[1] = 1
                bad.append(f"{title}: no test ran")
        for entry in lines:
            counts = count(entry)
            sums = [a + b for a, b in zip(sums, counts)]
            seconds += entry.get("duration", 0)
            if counts[1]:
                bad.append(f"{title}: {entry['name']}: {entry['result']}, {counts[1]} failed")
        print(f"{title:<16} {sums[0]:>7} {sums[1]:>7} {sums[2]:>8} {seconds:>8.1f}")
        total = [a + b for a, b in zip(total, sums)]
    for line in bad:
        print("  " + line)
    if total[2]:
        print(f"{total[2]} skipped")
    print(f"{total[0]} passed, {total[1]} failed")
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
