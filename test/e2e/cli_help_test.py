#!/usr/bin/env python3
"""What the binary says about itself: help, list, validate."""

import os
import pathlib
import re
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

    def test_version_names_the_libraries_the_compiler_and_the_build_type(self):
        said = {word: self.run_binary(word) for word in ("--version", "-V", "version")}
        for done in said.values():
            self.assert_code(done, 0)
            self.assertEqual(done.out, said["--version"].out)
            for part in (r"Boost \d+\.\d+", r"OpenSSL \d", r"librbd", r"gcc|clang",
                         r"build type \w"):
                self.assertRegex(done.out, part)

    def test_help_of_a_command_is_the_same_in_both_spellings(self):
        self.assertEqual(self.run_binary("help").out, self.run_binary("--help").out)
        for command in commands:
            with self.subTest(command):
                done = self.run_binary("help", command)
                self.assert_code(done, 0)
                self.assertEqual(done.out, self.run_binary(command, "--help").out)
        done = self.run_binary("help", "rnu")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, '"run"')

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

    def test_misspelt_commands_and_options_are_answered_with_the_right_one(self):
        for arguments, part in ((["rnu"], '"run"'), (["valdiate"], '"validate"'),
                                (["xyzzy"], "known are run, worker, leader, ab, sweep"),
                                (["run", "-f", "mixed", "--ouput", "x"], "--output"),
                                (["run", "-f", "mixed", "--embeded"], "--embedded"),
                                (["list", "--shwo", "mixed"], "--show"),
                                (["--verison"], "--version")):
            with self.subTest(arguments=arguments):
                done = self.run_binary(*arguments)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, part)
                self.assertEqual(len(done.err.splitlines()), 1, done.err)

    def test_options_before_a_command_are_answered_with_the_command(self):
        done = self.run_binary("-f", "mixed", "--headless")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"did you mean chopsticks run -f mixed \.\.\.\?")
        done = self.run_binary("--users", "7")
        self.assert_one_clear_message(done, r"did you mean chopsticks run --users")

    def test_no_value_of_an_unknown_option_is_repeated(self):
        # It may be a secret behind a misspelt name.
        for arguments in (["run", "-f", "mixed", "--secret_kye", "hunter2"],
                          ["run", "-f", "mixed", "--password=hunter2"],
                          ["--secret", "hunter2"], ["--secret=hunter2"]):
            with self.subTest(arguments=arguments):
                done = self.run_binary(*arguments)
                self.assert_code(done, harness.bad_usage)
                self.assertNotIn("hunter2", done.said)

    def test_options_of_other_tools_are_answered_with_what_does_the_same_here(self):
        """Each hint once, and what it says to give is taken."""
        source = (harness.root / "src/cli/foreign_options.cpp").read_text()
        options = re.findall(r'^    \{"(--[\w.-]+)",', source, re.MULTILINE)
        self.assertGreater(len(options), 60)
        self.assertEqual(len(options), len(set(options)))
        advised = set()
        done = self.run_binary("run", "-f", "mixed", *options[:8])
        self.assertEqual([line.split(" here: ")[0].split()[-1] for line in done.err.splitlines()],
                         options[:8], "not in the order they were typed")
        # Of `run` these make another command.
        for option in options:
            command = "validate" if option in ("--worker", "--leader", "--master") else "run"
            done = self.run_binary(command, "-f", "mixed", option, "x")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, f"there is no option {re.escape(option)} here: ")
            self.assertEqual(len(done.err.splitlines()), 1, done.err)
            advised.update(re.findall(r"--set ('[^']+'|[\w.]+=[^\s,;]+)", done.err))
        self.assertGreater(len(advised), 10)
        for setting in advised:
            setting = setting.strip("'")
            blocks = any(word in setting for word in ("rbd.", "blocks.", "block="))
            with self.subTest(setting):
                done = self.run_binary("validate", "-f", "rbd_random_read" if blocks else "mixed",
                                       "--set", setting)
                self.assert_code(done, 0)

    def test_help_into_a_closed_pipe_ends_quietly(self):
        for command in ("--help", "list"):
            with self.subTest(command):
                read_end, write_end = os.pipe()
                os.close(read_end)
                process = self.start(command, stdout=write_end)
                os.close(write_end)
                _, err = process.communicate(timeout=harness.hang_s)
                self.assertNotIn(b"terminate", err)
                self.assertNotEqual(process.returncode, -6)


class list_test(harness.case):
    def test_list_shows_workloads_drivers_operations_and_scenarios(self):
        done = self.run_binary("list")
        self.assert_code(done, 0)
        for word in ("s3", "native", "dummy", "get", "put", "head", "delete", "list"):
            self.assertRegex(done.out, rf"\b{word}\b")

    def test_list_names_every_shipped_scenario_wherever_it_is_called(self):
        said = self.run_binary("list").out
        for path in sorted((harness.root / "scenarios").glob("*.yaml")):
            self.assertRegex(said, rf"(?m)^  {path.stem} +\S")

    def test_shown_scenario_is_the_file_and_can_be_run_from_standard_input(self):
        for arguments in (["--show", "mixed"], ["mixed"]):
            shown = self.run_binary("list", *arguments)
            self.assert_code(shown, 0)
            self.assertEqual(shown.out, (harness.root / "scenarios/mixed.yaml").read_text())
        with open(self.file("mixed.txt", shown.out), "rb") as text:
            done = self.run_binary("validate", "-f", "-", stdin=text)
        self.assert_code(done, 0)
        self.assertIn("stdin: valid", done.out)
        done = self.run_binary("list", "--show", "mixd")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, '"mixed"')

    def test_list_of_a_folder_shows_what_is_in_it(self):
        self.file("mine/one.yaml", harness.small_scenario)
        self.file("mine/broken.yaml", "a: [")
        done = self.run_binary("list", "--scenarios", "mine")
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"(?m)^  one ")
        self.assertRegex(done.out, r"(?m)^  broken +cannot be used")
        self.assertNotIn("write_only", done.out)


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

    def test_plan_of_a_shipped_scenario_by_name_says_where_it_goes_and_what_is_asked_of_it(self):
        done = self.run_binary("validate", "-f", "mixed", "--endpoint", "http://10.0.0.9:7480",
                               "--bucket", "mine", "--slo", "p99(get) < 20ms",
                               env={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
        self.assert_code(done, 0)
        for part in ("mixed: valid", "endpoint: http://10.0.0.9:7480", "bucket: mine",
                     r"objective: p99\(get\) < 20ms"):
            self.assertRegex(done.out, part)
        scenario = self.file("s.yaml", harness.small_scenario.replace(
            "users: 4", "stages: [{duration: 1m, users: 100}, "
            "{duration: 30s, users: 200, ramp: 10s}]"))
        done = self.run_binary("validate", "-f", scenario)
        self.assert_code(done, 0)
        self.assertIn("stages: 100 users for 1m, 200 users for 30s (ramp 10s)", done.out)

    def test_plan_of_more_bytes_than_an_integer_holds_says_how_many(self):
        done = self.run_binary("validate", "-f", "mixed", "--set", "groups.0.data.size=1GiB",
                               "--set", "groups.0.data.objects=20_000_000_000")
        self.assert_code(done, 0)
        self.assertIn("bytes written by prepare: 18.63 EiB", done.out)

    def test_bad_scenario_is_reported_with_its_place_and_exit_2(self):
        scenario = self.file("s.yaml", harness.small_scenario.replace("warmup", "warnup"))
        done = self.run_binary("validate", "-f", scenario)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"s\.yaml:\d+:\d+", "warnup", "warmup")


if __name__ == "__main__":
    harness.main()
