#!/usr/bin/env python3
"""Bad input: one clear message with place and remedy, exit status 2, in seconds, no run."""

import json
import os
import pathlib
import re
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

good = harness.small_scenario


def changed(old, new):
    assert old in good, old
    return good.replace(old, new)


billion_laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(12))

# name -> (scenario text, parts that the message must have)
bad_scenarios = {
    "unknown_key": (changed("measure:", "mesure:"), [r":\d+:\d+:", "mesure", "measure"]),
    "unknown_top_key": (good + "seeds: 1\n", [r":\d+:\d+:", "seeds", "seed"]),
    "unknown_operation": (changed("{op: head", "{op: haed"), [r":\d+:\d+:", "haed", "head"]),
    "operation_in_capitals": (changed("{op: head", "{op: HEAD"), [r":\d+:\d+:", '"head"']),
    "name_of_the_s3_api": (changed("{op: head", "{op: HeadObject"), [r":\d+:\d+:", '"head"']),
    "locustfile": ("from locust import User, task\n\nclass Reader(User):\n    @task\n"
                   "    def get(self):\n        pass\n",
                   ["locustfile", "coming-from-locust-s5cmd.md"]),
    "job_of_fio": ("[global]\nioengine=rbd\nrw=randread\n", ["fio", "rbd_random_read"]),
    "unknown_parameter": (changed("{op: get, weight: 60}", "{op: get, weight: 60, rnage: 4KiB}"),
                          [r":\d+:\d+:", "rnage", "range"]),
    "part_below_the_limit": (changed("{op: get, weight: 60}",
                                     "{op: multipart_put, weight: 60, part_size: 1MiB}"),
                             [r":\d+:\d+:", "part_size", "5 ?MiB"]),
    "unknown_workload": (changed("workload: s3", "workload: s33"), [r":\d+:\d+:", "s33", "s3"]),
    "size_for_a_word": (changed("size: 4KiB", "size: big"), [r":5:\d+:", "big"]),
    "negative_users": (changed("users: 4", "users: -4"), [r":\d+:\d+:", "users"]),
    "no_users": (changed("users: 4", "users: 0"), [r":\d+:\d+:", "users"]),
    "zero_weight": (changed("{op: get, weight: 60}", "{op: get, weight: 0}"),
                    [r":\d+:\d+:", "weight"]),
    "bad_duration": (changed("measure: 2s", "measure: 2 parsecs"), [r":\d+:\d+:", "parsecs"]),
    "list_for_a_map": ("[1, 2, 3]\n", [r":1:\d+:"]),
    "scalar_for_a_map": ("hello\n", [r":1:\d+:"]),
    "syntax": ("name: [unclosed\ngroups:\n", [r":\d+:\d+:"]),
    "tab": ("name: x\ngroups:\n\t- workload: s3\n", [r":3:\d+:"]),
    "empty": ("", ["empty"]),
    "only_a_comment": ("# nothing\n", ["empty|groups"]),
    "no_groups": ("name: x\n", ["groups"]),
    "binary": (bytes(range(256)) * 20, [r"s\.yaml"]),
    "duplicate_key": (good + "seed: 8\n", [r":\d+:\d+:", "seed"]),
    "billion_laughs": (billion_laughs, [r"s\.yaml"]),
    "cyclic": ("name: &a [*a]\n", [r"s\.yaml"]),
    "deep_nesting": ("a: " + "[" * 100_000, [r"s\.yaml"]),
    "huge": ("# " + "x" * (4 << 20) + "\n", [r"s\.yaml", "(?i)large|big|limit"]),
}


class scenario_test(harness.case):
    def test_bad_scenario_gives_one_message_with_its_place_and_exit_2(self):
        for name, (text, parts) in bad_scenarios.items():
            with self.subTest(name):
                path = self.file("s.yaml", text)
                done = self.run_binary("run", "-f", path, "--embedded")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *parts)

    def test_several_mistakes_are_told_at_once_each_on_a_line_with_its_place(self):
        path = self.file("s.yaml", changed("{op: get, weight: 60}", "{op: gett, weight: 60}")
                         .replace("users: 4", "users: no").replace("measure: 2s", "mesure: 2s"))
        done = self.run_binary("run", "-f", path, "--embedded")
        self.assert_code(done, harness.bad_usage)
        lines = done.err.splitlines()
        self.assertEqual(len(lines), 3, done.err)
        numbers = [int(re.match(r"chopsticks: \S*s\.yaml:(\d+):\d+: ", line).group(1))
                   for line in lines]
        self.assertEqual(numbers, sorted(numbers))

    def test_unreadable_files_are_named_with_the_reason(self):
        directory = self.dir / "folder"
        directory.mkdir()
        for path in ("no/such/file.yaml", directory):
            done = self.run_binary("run", "-f", path, "--embedded")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, str(path))
        if os.getuid() != 0:
            secret = self.file("locked.yaml", good)
            secret.chmod(0)
            done = self.run_binary("run", "-f", secret, "--embedded")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "locked.yaml", "(?i)permission")

    def test_spawn_rate_that_cannot_give_a_stage_its_users_is_refused(self):
        path = self.file("s.yaml", changed("users: 4", "stages: [{duration: 1s, users: 1}, "
                                                       "{duration: 2s, users: 50}]"))
        done = self.run_binary("run", "-f", path, "--embedded", "-r", "10")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--spawn-rate", "49 users", "2s")

    def test_set_of_a_bad_path_or_value_names_it(self):
        path = self.file("s.yaml", good)
        for override, part in (("phases.mesure=1s", "mesure"), ("phases.measure=soon", "soon"),
                               ("phases.measure", "(?i)path=value|="),
                               ("groups.9.data.objects=1", "9")):
            with self.subTest(override):
                done = self.run_binary("run", "-f", path, "--embedded", "--set", override)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, part)

    def test_bad_option_values_are_bad_usage(self):
        path = self.file("s.yaml", good)
        for arguments in (["-u", "0"], ["-u", "many"], ["-t", "later"], ["--cores", "0"],
                          ["--rate", "-5"], ["--seed", "x"], ["-r", "-1"],
                          ["--endpoint", "ftp://x"], ["--endpoint", "http://"],
                          ["--endpoint", "http://h:99999"]):
            with self.subTest(arguments=arguments):
                target = [] if "--endpoint" in arguments else ["--embedded"]
                done = self.run_binary("run", "-f", path, *target, *arguments,
                                       env={"AWS_ACCESS_KEY_ID": "a",
                                            "AWS_SECRET_ACCESS_KEY": "b"})
                self.assert_code(done, harness.bad_usage)
                self.assertTrue(done.err.strip())

    def test_no_target_says_which_options_give_one(self):
        done = self.run_binary("run", "-f", self.file("s.yaml", good))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--embedded|--endpoint")

    def test_an_address_has_no_virtual_hosts(self):
        config = self.file("w.yaml", "endpoint: http://s3.example\naddressing: virtual\n")
        for address in ("http://127.0.0.1:9", "http://[::1]:9"):
            done = self.run_binary("run", "-f", self.file("s.yaml", good),
                                   "--workload-config", config, "--endpoint", address)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "addressing: path", "sub-domains")

    def test_no_credentials_says_where_they_are_looked_for(self):
        done = self.run_binary("run", "-f", self.file("s.yaml", good),
                               "--endpoint", "http://127.0.0.1:9")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "AWS_SECRET_ACCESS_KEY")

    def test_unwritable_output_is_found_before_the_run(self):
        path = self.file("s.yaml", good)
        for output in (self.dir / "no" / "such" / "x.json", self.dir):
            done = self.run_binary("run", "-f", path, "--embedded", "--output", output, "-t", "1h")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, str(output))

    def test_result_on_standard_output_is_alone_there_and_leaves_no_file(self):
        before = set(self.dir.iterdir())
        done = self.run_binary("run", "-f", "quickstart", "--embedded", "-t", "1s", "-u", "2",
                               "--output", "-")
        self.assertIn(done.code, (0, 3), done.said)
        self.assertEqual(harness.schema_errors(json.loads(done.out)), [])
        self.assertIn("Operation", done.err)
        self.assertEqual(set(self.dir.iterdir()), before)

    def test_standard_output_is_no_folder_and_no_place_for_an_operation_log(self):
        for arguments in (["sweep", "--rates", "10,20", "--output", "-"],
                          ["find-max", "--slo", "p99(get) < 1s", "--output", "-"],
                          ["run", "--op-log", "-"]):
            with self.subTest(arguments[0]):
                done = self.run_binary(arguments[0], "-f", "quickstart", "--embedded",
                                       *arguments[1:])
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, r"--(output|op-log) -: ")
                self.assertFalse((self.dir / "-").exists())

    def test_descriptor_limit_too_low_is_reported_before_the_run(self):
        def few_descriptors():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        done = self.run_binary("run", "-f", self.file("s.yaml", good), "--embedded", "-u", "500",
                               preexec_fn=few_descriptors)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"64", "(?i)descriptors|ulimit|nofile")

    def test_soft_descriptor_limit_is_raised_without_a_word(self):
        def few_descriptors():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

        done = self.run_binary("run", "-f", self.file("s.yaml", good), "--embedded", "-u", "100",
                               "--set", "phases.measure=1s", preexec_fn=few_descriptors)
        self.assert_code(done, harness.ran, harness.generator_was_limit)


class secret_test(harness.case):
    def test_secret_on_the_command_line_is_refused_with_the_reason(self):
        path = self.file("s.yaml", good)
        for arguments in (["--secret-key", "hush"], ["--secret-key=hush"],
                          ["--set", "workload.s3.secret_key=hush"],
                          ["--set", "workload.secret_key=hush"],
                          ["--endpoint", "http://key:hush@127.0.0.1:9"]):
            with self.subTest(arguments=arguments):
                done = self.run_binary("run", "-f", path, *arguments)
                self.assert_code(done, harness.bad_usage)
                self.assertNotIn("hush", done.said)
                if "secret" in " ".join(arguments):
                    self.assertRegex(done.err, "AWS_SECRET_ACCESS_KEY")


if __name__ == "__main__":
    harness.main()
