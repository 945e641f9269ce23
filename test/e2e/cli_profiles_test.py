#!/usr/bin/env python3
"""The application profiles, as small as their page makes them, against an endpoint: each does all
that it is a model of, without a failure, and leaves nothing."""

import pathlib
import re
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tidy"))
import docs
import harness

page = (docs.root / "docs/reference/application-profiles.md").read_text()
commands = {re.search(r"-f (\w+)", block)[1]: shlex.split(block)[1:]
            for _, block in docs.fenced(page, "sh")}


class profiles_test(harness.case):
    def test_each_has_its_section_and_its_source(self):
        profiles = {path.stem for path in (docs.root / "scenarios").glob("*.yaml")
                    if re.search(r"application profile|CRT benchmarks", path.read_text())}
        self.assertEqual(profiles, set(commands))
        for section in page.split("\n## ")[1:]:
            self.assertRegex(section, r"\nSources?: ")
            self.assertIn(section.partition("\n")[0].strip("`"), commands)

    def run_profile(self, name):
        with harness.endpoint("--memory", "3GiB", "--fast-etag") as server:
            output = self.dir / f"{name}.json"
            command = [word for word in commands[name] if word != "--embedded"]
            done = self.run_binary(
                *command, *server.target(), "--output", output, "--seed", "11",
                "--set", "limits={held_up: 100%, held_up_longest: 1h, outage: 100%}",
                "--set", "phases.warmup=0s", env=server.credentials, timeout=150)
            self.assert_code(done, harness.ran, harness.generator_was_limit)
            result = harness.read_result(output)
            self.assertEqual(result["total"]["failed"], 0, done.said)
            self.assertEqual(result["data"]["left_behind"], 0)
            self.assertEqual(server.counters()["buckets"], 0)
            self.assertGreater(result["total"]["ok"], 0)
            # Rare tasks may not have had their turn on a busy machine.
            tasks = {step["op"] for group in result["scenario"]["groups"]
                     for task in group["tasks"] if task["weight"] >= 5 for step in task["steps"]}
            done_ops = {key.split("/")[1] for key, one in result["operations"].items()
                        if one["ok"] > 0}
            self.assertLessEqual(tasks - done_ops, set(), done.said)


def test_of(name):
    return lambda self: self.run_profile(name)


for profile in commands:
    setattr(profiles_test, f"test_{profile}", test_of(profile))


if __name__ == "__main__":
    harness.main()
