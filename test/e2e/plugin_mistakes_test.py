#!/usr/bin/env python3
"""What is wrong with a plug-in is one message that names its file: mistakes in what it declares,
exceptions out of its settings, secrets on the command line, files that are not all there."""

import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import installed

scenario = """
name: small
groups:
  - workload: broken
    data: {objects: 5, size: 1KiB}
    tasks: [make]
    load: {closed: {users: 1}}
phases: {warmup: 0s, measure: 100ms}
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%}
"""

shared = None


def setUpModule():
    global shared
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-mistakes-"))
    shared = installed.tree(folder / "root")
    shared.work = folder
    shared.so = shared.compile(harness.root / "test/support/broken_workload.cpp",
                               folder / "broken_workload.so")


def tearDownModule():
    shutil.rmtree(shared.work, ignore_errors=True)


class mistake_case(harness.case):
    def setUp(self):
        super().setUp()
        before = harness.binary
        harness.binary = shared.binary
        self.addCleanup(setattr, harness, "binary", before)
        self.output = self.dir / "r.json"

    def config(self, where="nowhere"):
        return self.file("w.yaml", f"plugins: [{shared.so}]\nbroken: {{where: {where}}}\n")

    def refused(self, done, *parts):
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, *map(re.escape, parts))


class declaration_test(mistake_case):
    def test_what_is_missing_in_a_declaration_is_told_when_it_is_loaded(self):
        for how, said in (("describe", "no describe or no make_driver"),
                          ("make_driver", "no describe or no make_driver"),
                          ("read", "has no settings.read"),
                          ("drivers", "has no drivers"),
                          ("operations", "has no operations"),
                          ("operation name", "an operation has no name"),
                          ("fits", "the parameter text of make has no function"),
                          ("words", "the parameter word of make has no words"),
                          ("prepare_with", 'prepare_with is "fill"'),
                          ("no prepare_with", "prepare_with has to name an operation"),
                          ("clean_with", 'clean_with is "empty"')):
            with self.subTest(how):
                done = self.run_binary("list", "--plugin", shared.so, env={"BROKEN": how})
                self.refused(done, str(shared.so), said)

    def test_what_differs_in_the_build_is_named(self):
        for how, said in (("fact count", "it states 3 facts of its build"),
                          ("fact name", 'it states "version of something else", and this program '
                                        '"version of Boost"')):
            with self.subTest(how):
                done = self.run_binary("list", "--plugin", shared.so, env={"BROKEN": how})
                self.refused(done, str(shared.so), said, "build it again")
                self.assertNotIn("plug-in contract", done.err)

    def test_a_file_that_is_not_all_there_is_told_and_ends_nothing(self):
        whole = shared.so.read_bytes()
        cut = self.dir / "cut.so"
        for size in (64, 70, 5000, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                cut.write_bytes(whole[:size])
                self.refused(self.run_binary("list", "--plugin", cut), str(cut), "is cut short",
                             f"it has {size} bytes")
        for size in (0, 3, 63):
            with self.subTest(size):
                cut.write_bytes(whole[:size])
                self.refused(self.run_binary("list", "--plugin", cut), str(cut),
                             "cannot be loaded")


class settings_test(mistake_case):
    def run_throwing(self, where, *more):
        return self.run_binary("run", "-f", self.file("s.yaml", scenario), "--workload-config",
                               self.config(where), "--output", self.output, *more)

    def test_what_works_works(self):
        self.assert_code(self.run_throwing("nowhere"), harness.ran, harness.generator_was_limit)

    def test_an_exception_of_the_settings_names_the_plug_in(self):
        for where, function in (("read", "settings.read"),
                                ("hold_secret", "hold_secret of the settings"),
                                ("check", "check of the settings"),
                                ("echo", "echo of the settings"),
                                ("extents", "extents of the settings"),
                                ("cluster_connections", "cluster_connections of the settings"),
                                ("target", "target of the settings"),
                                ("place", "place of the settings"),
                                ("cleanup_command", "cleanup_command of the settings"),
                                ("apply", "target.apply"),
                                ("complete", "target.complete")):
            with self.subTest(where):
                self.refused(self.run_throwing(where),
                             f"plug-in {shared.so}: {function} of the workload broken threw an "
                             f"exception: thrown from {where}")
                self.assertFalse(self.output.exists())

    def test_an_exception_where_nothing_is_run_names_it_too(self):
        done = self.run_binary("validate", "-f", self.file("s.yaml", scenario),
                               "--workload-config", self.config("planned_target"))
        self.refused(done, str(shared.so), "planned_target of the settings")
        for where, said in (("is_named", "target.is_named"), ("open_cleanup", "open_cleanup"),
                            ("no cleanup", "open_cleanup of the workload broken made no cleanup"),
                            ("nowhere", "carry_out of the cleanup")):
            with self.subTest(where):
                done = self.run_binary("cleanup", "--older-than", "1d", "--workload-config",
                                       self.config(where))
                self.refused(done, str(shared.so), said)

    def test_an_exception_while_a_result_is_read_names_it(self):
        self.assert_code(self.run_throwing("nowhere"), harness.ran, harness.generator_was_limit)
        done = self.run_binary("cleanup", "--result", self.output, "--plugin", shared.so,
                               "--set", "workload.broken.where=find_again")
        self.refused(done, str(shared.so), "find_again of the settings")

    def test_a_secret_is_not_taken_from_the_command_line(self):
        # By what the settings say of themselves, and by what keys are called everywhere.
        for path in ("workload.broken.login", "workload.driver_options.password",
                     "workload.broken.client_credentials"):
            with self.subTest(path):
                done = self.run_throwing("nowhere", "--set", f"{path}=hush")
                self.refused(done, path, "a secret is not taken on the command line",
                             "write it to the workload config")
                self.assertNotIn("hush", done.said)


if __name__ == "__main__":
    harness.main()
