#!/usr/bin/env python3
"""What the binary says about itself: help, list, validate."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

commands = ("run", "serve", "validate", "list", "oplog", "calibrate")


class help_test(harness.case):
    def test_help_names_every_command_and_exits_0(self):
        done = self.run_binary("--help")
        self.assert_code(done, 0)
        for command in commands:
            self.assertIn(command, done.out)
        self.assertEqual(done.err, "")

    def test_help_of_each_command_shows_an_example(self):
        for command in commands:
            with self.subTest(command):
                done = self.run_binary(command, "--help")
                self.assert_code(done, 0)
                self.assertRegex(done.out, rf"chopsticks {command}\b", "no example")

    def test_help_of_run_has_every_option_a_locust_user_knows(self):
        said = self.run_binary("run", "--help").out
        for option in ("-f", "-u", "--users", "-r", "--spawn-rate", "-t", "--duration",
                       "--headless", "--rate", "--cores", "--seed", "--output", "--embedded",
                       "--endpoint", "--access-key", "--bucket", "--set", "--quiet",
                       "--workload-config"):
            self.assertRegex(said, re.escape(option) + r"\b", option)

    def test_version_is_that_of_the_build(self):
        done = self.run_binary("--version")
        self.assert_code(done, 0)
        declared = re.search(r"version: '([\d.]+)'", (harness.root / "meson.build").read_text())
        self.assertIn(declared.group(1), done.out)

    def test_no_command_is_bad_usage_with_a_hint(self):
        done = self.run_binary()
        self.assert_code(done, harness.bad_usage)
        self.assertRegex(done.said, r"--help|run")

    def test_unknown_command_and_option_are_bad_usage(self):
        for arguments in (["rnu"], ["run", "--no-such-option"], ["run", "-f"]):
            with self.subTest(arguments=arguments):
                done = self.run_binary(*arguments)
                self.assert_code(done, harness.bad_usage)
                self.assertTrue(done.err.strip())

    def test_help_into_a_closed_pipe_ends_quietly(self):
        for command in ("--help", "list"):
            with self.subTest(command):
                read_end, write_end = os.pipe()
                os.close(read_end)
                process = self.start(command, stdout=write_end)
                os.close(write_end)
                _, err = process.communicate(timeout=10)
                self.assertNotIn(b"terminate", err)
                self.assertNotEqual(process.returncode, -6)


class list_test(harness.case):
    def test_list_shows_workloads_drivers_operations_and_scenarios(self):
        done = self.run_binary("list")
        self.assert_code(done, 0)
        for word in ("s3", "beast", "dummy", "get", "put", "head", "delete", "list"):
            self.assertRegex(done.out, rf"\b{word}\b")

    def test_list_names_every_shipped_scenario(self):
        said = self.run_in_tree("list")
        for path in sorted((harness.root / "scenarios").glob("*.yaml")):
            self.assertIn(path.stem, said)

    def run_in_tree(self, *arguments):
        return subprocess.run([str(harness.binary), *arguments], cwd=harness.root, timeout=30,
                              env=harness.environment(self.dir), capture_output=True,
                              text=True, check=True).stdout


class validate_test(harness.case):
    def test_every_shipped_scenario_is_valid_and_has_a_plan(self):
        paths = sorted((harness.root / "scenarios").glob("*.yaml"))
        self.assertGreaterEqual(len(paths), 7)
        for path in paths:
            with self.subTest(path.name):
                done = self.run_binary("validate", "-f", path)
                self.assert_code(done, 0)
                self.assertRegex(done.out, r"(?i)connections")
                self.assertRegex(done.out, r"(?i)descriptors")

    def test_shipped_workload_config_is_valid(self):
        configs = sorted((harness.root / "config").glob("*.yaml"))
        self.assertTrue(configs)
        for path in configs:
            with self.subTest(path.name):
                done = self.run_binary(
                    "validate", "-f", harness.root / "scenarios/mixed.yaml", "--workload-config",
                    path, env={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
                self.assert_code(done, 0)

    def test_plan_tells_bytes_and_operations_of_the_prepare_phase(self):
        scenario = self.file(
            "s.yaml", harness.small_scenario.replace("objects: 40", "objects: 256"))
        done = self.run_binary("validate", "-f", scenario)
        self.assert_code(done, 0)
        self.assertIn("256", done.out)
        self.assertRegex(done.out, r"1 MiB|1\.0\d? M")  # 256 objects of 4 KiB

    def test_bad_scenario_is_reported_with_its_place_and_exit_2(self):
        scenario = self.file("s.yaml", harness.small_scenario.replace("warmup", "warnup"))
        done = self.run_binary("validate", "-f", scenario)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"s\.yaml:\d+:\d+", "warnup", "warmup")


if __name__ == "__main__":
    harness.main()
