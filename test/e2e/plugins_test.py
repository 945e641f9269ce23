#!/usr/bin/env python3
"""Plug-ins: the examples as a stranger builds and runs them, and plug-ins that are wrong."""

import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import shutil
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import installed
from lying_redis import lying_redis

scenario = """
name: small
groups:
  - workload: s3
    data: {objects: 20, size: 1KiB}
    tasks: [get, put]
    load: {closed: {users: 2}}
phases: {warmup: 0s, measure: 300ms}
limits: {held_up: 100%, held_up_longest: 1h}
"""

cache = """
name: cache
groups:
  - workload: redis
    data: {objects: 40, size: 2KiB, verify: true}
    tasks: [get, set, {op: set, overwrite: true}, exists, del, incr]
    load: {closed: {users: 3}}
phases: {warmup: 0s, measure: 400ms}
timeouts: {operation: 500ms, connect: 500ms}
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%}
"""

variants = ("", "DUPLICATE", "VERSION", "LAYOUT", "DESCRIBE")
shared = None


def setUpModule():
    """All that is compiled, two at a time, once for all tests."""
    global shared
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-plugins-"))
    shared = installed.tree(folder / "root")
    shared.work = folder
    source = harness.root / "test/support/broken_plugin.cpp"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(shared.build_example, name, folder / name)
                for name in ("driver", "workload")]
        jobs += [pool.submit(shared.compile, source, folder / f"broken{one}.so",
                             f"-DBROKEN_{one or 'NOT'}") for one in variants]
        for job in jobs:
            job.result()


def tearDownModule():
    shutil.rmtree(shared.work, ignore_errors=True)


class plugin_case(harness.case):
    def setUp(self):
        super().setUp()
        self.output = self.dir / "r.json"

    def start(self, *arguments, **how):
        """The installed binary in the place of the built one: it is what a stranger has."""
        before = harness.binary
        harness.binary = shared.binary
        try:
            return super().start(*arguments, **how)
        finally:
            harness.binary = before

    def load_arguments(self, text, config, *arguments):
        return ("run", "-f", self.file("s.yaml", text), "--workload-config",
                self.file("w.yaml", config), "--output", self.output, *arguments)

    def load(self, text, config, *arguments):
        return self.run_binary(*self.load_arguments(text, config, *arguments))


class installed_test(plugin_case):
    def test_every_header_compiles_alone_from_the_installed_place(self):
        headers = sorted(shared.include.rglob("*.hpp"))
        self.assertGreater(len(headers), 30)
        def alone(header):
            line = f"#include <{header.relative_to(shared.include)}>\n"
            done = subprocess.run(["c++", *shared.flags(), "-Wall", "-Wextra", "-Werror",
                                   "-fsyntax-only", "-x", "c++", "-"], input=line * 2, text=True,
                                  capture_output=True, check=False)
            return done.stderr
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [text[:2000] for text in pool.map(alone, headers) if text]
        self.assertEqual(wrong, [])

    def test_the_place_for_plug_ins_is_told(self):
        said = subprocess.run(["pkg-config", "--variable=plugindir", "chopsticks"], env=shared.env,
                              capture_output=True, text=True, check=True).stdout
        self.assertTrue(said.strip().endswith("chopsticks/plugins"), said)


class example_driver_test(plugin_case):
    def config(self, **options):
        text = f"plugins: [{os.path.relpath(shared.work / 'driver/build/faulty.so', self.dir)}]\n"
        return text + f"driver: faulty\ndriver_options: {options}\n"

    def test_it_is_in_the_catalogue(self):
        so = shared.work / "driver/build/faulty.so"
        done = self.run_binary("list", "--plugin", so)
        self.assert_code(done, harness.ran)
        self.assertIn(f"(from {so})", done.out)
        self.assertNotIn("faulty", self.run_binary("list").out)

    def test_every_tenth_operation_fails_and_the_result_says_why(self):
        done = self.load(scenario, self.config(around="native", fail_every=10), "--embedded",
                         "--plugin", shared.work / "driver/build/faulty.so")
        self.assert_code(done, 1)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        ok, failed, _ = harness.all_operations(result)
        self.assertAlmostEqual(failed / (ok + failed), 0.1, delta=0.02)
        # Named twice, loaded once: under the name that came first.
        self.assertEqual(result["workload"]["plugins"],
                         [{"file": str(shared.work / "driver/build/faulty.so"), "name": "faulty",
                           "version": "1.0"}])
        self.assertEqual(result["workload"]["driver_options"],
                         {"s3": {"around": "native", "fail_every": "10"}})
        self.assertIn("this driver was told to fail", done.out)
        self.assertIn("CLEAN", done.out)

    def test_options_are_overridden_by_set_and_told_in_a_comparison(self):
        for name, every in (("a.json", 0), ("b.json", 2)):
            done = self.load(scenario, self.config(fail_every=0), "--set",
                             f"workload.driver_options.fail_every={every}", "--seed", "1",
                             "--embedded")
            self.assert_code(done, *((0, harness.generator_was_limit) if every == 0 else (1,)))
            self.output.rename(self.dir / name)
        done = self.run_binary("compare", self.dir / "a.json", "--vs", self.dir / "b.json",
                               "--force")
        self.assertIn("workload.driver_options.s3.fail_every", done.said)

    def test_mistakes_in_options_are_told_by_validate(self):
        for options, said in (({"fail_evry": 3}, 'did you mean "fail_every"?'),
                              ({"fail_every": "often"}, "fail_every"),
                              ({"around": "nobody"}, "dummy, native or beast"),
                              ({"delay": [1]}, "delay")):
            with self.subTest(options):
                done = self.run_binary("validate", "-f", self.file("s.yaml", scenario),
                                       "--workload-config",
                                       self.file("w.yaml", self.config(**options)))
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, "w.yaml:", said)

    def test_a_driver_without_options_takes_none(self):
        done = self.load(scenario, "driver: beast\ndriver_options: {a: 1}\n")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "driver_options", "beast", "has none")


class broken_test(plugin_case):
    def refused(self, file, *parts):
        done = self.run_binary("list", "--plugin", file)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, *map(re.escape, (str(file), *parts)))

    def test_what_cannot_be_loaded_is_one_message(self):
        empty = self.file("empty.c", "int nothing;\n")
        lacking = self.file("lacking.c", "void there_is_no_such_thing(void);\n"
                            "void call(void) { there_is_no_such_thing(); }\n")
        other = self.file("other.c", "const char chopsticks_plugin[4096] = \"hello\";\n")
        for source in (empty, lacking, other):
            subprocess.run(["cc", "-shared", "-fPIC", source, "-o", source.with_suffix(".so")],
                           check=True)
        self.refused(self.dir / "absent.so", "No such file")
        self.refused(self.dir, "is no file")
        self.refused(self.file("text.so", "hello\n"), "cannot be loaded")
        self.refused(empty.with_suffix(".so"), "has no symbol chopsticks_plugin")
        self.refused(other.with_suffix(".so"), "is no declaration of a plug-in")
        self.refused(lacking.with_suffix(".so"), "there_is_no_such_thing")

    def test_what_was_built_for_another_program_is_one_message(self):
        self.refused(shared.work / "brokenVERSION.so", "contract 3", "contract 2", "build it again")
        self.refused(shared.work / "brokenLAYOUT.so", "layout of runtime::reactor is 8 there",
                     "build it again")

    def test_a_name_that_is_taken_is_one_message(self):
        self.refused(shared.work / "brokenDUPLICATE.so", 'a second driver "native"')

    def test_a_description_that_throws_is_one_message(self):
        self.refused(shared.work / "brokenDESCRIBE.so", "thrown from describe")

    def test_a_file_that_a_config_names_and_is_not_there(self):
        done = self.load(scenario, "plugins: [./absent.so]\n", "--embedded")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, str(self.dir / "absent.so"))

    def throwing(self, where):
        return (scenario, f"plugins: [{shared.work / 'broken.so'}]\ndriver: broken\n"
                f"driver_options: {{where: {where}}}\n", "--seed", "1", "--embedded")

    def run_throwing(self, where):
        return self.load(*self.throwing(where))

    def test_an_exception_before_the_load_ends_the_run_with_one_message(self):
        for where in ("make_driver", "make_core", "make_session", "bind", "open_target",
                      "peers"):
            with self.subTest(where):
                done = self.run_throwing(where)
                self.assert_code(done, harness.bad_usage)
                self.assertIn(f"{shared.work / 'broken.so'}: {where} threw an exception: "
                              f"thrown from {where}", done.said)
        done = self.run_throwing("nothing")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "made no driver")

    def test_an_exception_of_an_operation_is_that_operations_failure(self):
        for where, said in (("execute", "thrown from execute"), ("nested", "thrown from nested"),
                            ("other", "not one of the standard library")):
            with self.subTest(where):
                done = self.run_throwing(where)
                self.assert_code(done, 1)
                result = harness.read_result(self.output)
                ok, failed, _ = harness.all_operations(result)
                self.assertGreater(ok, 0)
                self.assertEqual(failed, 200)
                self.assertIn("PluginException", done.out)
                self.assertIn(said, done.out)

    def test_what_cannot_be_of_an_operation_is_its_failure(self):
        for lie in ("no times", "done before", "done later", "sent before", "answered before",
                    "bytes", "endpoint", "cancelled"):
            with self.subTest(lie):
                done = self.run_throwing(lie)
                self.assert_code(done, 1)
                result = harness.read_result(self.output)
                ok, failed, _ = harness.all_operations(result)
                self.assertGreater(ok, 0)
                self.assertEqual(failed, 200)
                self.assertIn("PluginOutcome", done.out)
                self.assertLess(result["total"]["response"]["max_ns"], 60e9)

    def test_a_step_that_is_not_there_ends_the_run_before_it_begins(self):
        self.assert_one_clear_message(self.run_throwing("no step"), "bind", "made none")

    def test_what_never_ends_is_ended_by_a_third_signal(self):
        process = self.start(*self.load_arguments(*self.throwing("never")))
        time.sleep(2)
        for _ in range(2):
            harness.send_signal(process, signal.SIGINT)
            time.sleep(4)
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertIn("without a result", harness.decode(err))

    def test_an_exception_after_the_load_leaves_its_figures(self):
        for where in ("close_target", "left_behind", "removal_note"):
            with self.subTest(where):
                done = self.run_throwing(where)
                self.assert_code(done, harness.ran, harness.left_behind,
                                 harness.generator_was_limit)
                self.assertGreater(harness.all_operations(harness.read_result(self.output))[0], 0)
                if where == "close_target":
                    self.assertIn("thrown from close_target", done.said)

    def test_an_exception_of_what_looks_at_the_data_is_told_once_and_in_the_result(self):
        text = scenario.replace("size: 1KiB", "size: 1KiB, verify: true")
        for where in ("check_data", "found_wrong"):
            with self.subTest(where):
                done = self.load(text, *self.throwing(where)[1:], "--cores", "2")
                self.assert_code(done, harness.ran, harness.generator_was_limit)
                said = (f"verify: plug-in {shared.work / 'broken.so'}: {where} threw an exception: "
                        f"thrown from {where}")
                self.assertEqual(" ".join(done.said.split()).count(said), 1, done.said)
                warnings = harness.read_result(self.output)["run"]["warnings"]
                self.assertEqual(warnings.count(said), 1, warnings)


class redis_test(plugin_case):
    def start_redis(self, *options, bind="127.0.0.1"):
        port = harness.free_port()
        folder = self.dir / "redis"
        folder.mkdir()
        server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", bind,
                                   "--save", "", "--dir", folder, "--daemonize", "no", *options],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.port = port
        self.host = bind
        until = time.monotonic() + 30
        while self.client("ping", check=False) != "PONG":
            self.assertLess(time.monotonic(), until, "redis-server does not start")
            time.sleep(0.05)

    def client(self, *words, check=True):
        done = subprocess.run(["redis-cli", "-h", self.host, "-p", str(self.port), *words],
                              capture_output=True, text=True, check=check)
        return done.stdout.strip()

    def config(self, address=None):
        return (f"plugins: [{shared.work / 'workload/build/redis.so'}]\n"
                f"redis: {{address: '{address or f'127.0.0.1:{self.port}'}'}}\n")

    def test_a_run_verifies_cleans_up_and_leaves_what_is_foreign(self):
        self.start_redis()
        foreign = {"foreign": "1", "chopsticks/1": "2", "chopsticks/other/mark": "3"}
        for key, value in foreign.items():
            self.client("set", key, value)
        done = self.load(cache, self.config())
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(set(result["operations"]), {
            "redis/get", "redis/set", "redis/exists", "redis/del", "redis/incr"})
        for name, one in result["operations"].items():
            self.assertGreater(one["ok"], 0, name)
        self.assertEqual({key: self.client("get", key)
                          for key in self.client("keys", "*").split()}, foreign)
        self.assertIn("CLEAN", done.out)
        self.assertEqual(result["workload"]["other"]["redis"]["address"],
                         f"127.0.0.1:{self.port}")

    def test_the_keys_are_there_during_the_run_and_what_is_left_is_told(self):
        self.start_redis()
        text = cache.replace("measure: 400ms", "measure: 400ms, cleanup: false")
        done = self.load(text, self.config())
        result = harness.read_result(self.output)
        prefix = f"chopsticks/{result['run']['id']}/"
        keys = self.client("keys", "*").split()
        self.assertTrue(all(key.startswith(prefix) for key in keys), keys)
        self.assertIn(prefix + "mark", keys)
        self.assertEqual(self.client("get", prefix + "mark"), result["run"]["id"])
        some = next(key for key in keys if key.rsplit("/", 1)[1].isdigit())
        self.assertEqual(self.client("strlen", some), "2048")
        # The command that it tells removes them, and nothing else.
        self.client("set", "foreign", "1")
        command = next(line for line in done.said.splitlines() if "redis-cli" in line)
        command = command[command.index("redis-cli"):]
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
        self.assertEqual(self.client("keys", "*"), "foreign")

    def test_a_value_that_somebody_changed_is_told(self):
        self.start_redis()
        change = ("for _, k in ipairs(redis.call('keys', 'chopsticks/*/[0-9]*')) do "
                  "redis.call('setrange', k, 100, 'x') end")
        text = cache.replace("[get, set, {op: set, overwrite: true}, exists, del, incr]", "[get]")
        process = self.start("run", "-f", self.file("s.yaml", text.replace("400ms", "60s")),
                             "--workload-config", self.file("w.yaml", self.config()),
                             "--output", self.output)
        until = time.monotonic() + 30
        while not self.client("keys", "chopsticks/*/39"):
            self.assertLess(time.monotonic(), until, "no keys")
            time.sleep(0.05)
        time.sleep(0.3)
        self.client("eval", change, "0")
        time.sleep(0.3)
        process.terminate()
        out, err = process.communicate(timeout=harness.hang_s)
        self.assertIn("corrupt, WrongContent", harness.decode(out) + harness.decode(err))
        self.assertEqual(self.client("keys", "*"), "")

    def test_a_connection_that_the_server_closed_while_it_was_idle_is_made_again(self):
        self.start_redis("--timeout", "1")
        done = self.load(cache.replace("measure: 400ms", "measure: 4s"), self.config())
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertIn("CLEAN", done.out)
        self.assertEqual(self.client("keys", "*"), "")

    def test_an_address_of_ip6_stands_in_brackets(self):
        if " lo\n" not in pathlib.Path("/proc/net/if_inet6").read_text():
            # A machine without it: the address is understood, and nobody is there.
            done = self.load(cache, self.config("[::1]:9"))
            self.assert_code(done, harness.bad_usage)
            self.assertIn("[::1]:9: ", done.err)
            self.assertNotIn("is no address", done.err)
            return
        self.start_redis(bind="::1")
        done = self.load(cache, self.config(f"[::1]:{self.port}"))
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(self.output)
        self.assertEqual(result["workload"]["other"]["redis"]["address"], f"[::1]:{self.port}")
        self.assertEqual(self.client("keys", "*"), "")

    def test_addresses_that_are_none_are_refused(self):
        for address in ("::1", "::1:6379", "[::1", "[::1]6379", "[]:6379", "a:b", "a:", ":6379"):
            with self.subTest(address):
                done = self.load(cache, self.config(address))
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, "is no address", r"\[::1\]:6379")

    def leave_keys(self):
        """Of a run that did not clean. Returns its id."""
        text = cache.replace("measure: 400ms", "measure: 400ms, cleanup: false")
        self.load(text, self.config())
        return harness.read_result(self.output)["run"]["id"]

    def test_cleanup_finds_what_runs_left_by_their_marks_and_removes_no_other(self):
        self.start_redis()
        first = self.leave_keys()
        (self.dir / "first.json").write_text(self.output.read_text())
        second = self.leave_keys()
        below = f"chopsticks/{first}/"
        # A foreign key below the prefix, one with a number where no mark is, a mark of another.
        foreign = {below + "notes": "1", "chopsticks/77": "2",
                   "chopsticks/20200101T000000Z-abc/mark": "somebody", "mark": "3"}
        for key, value in foreign.items():
            self.client("set", key, value)
        so = shared.work / "workload/build/redis.so"
        done = self.run_binary("cleanup", "--result", self.dir / "first.json", "--plugin", so)
        self.assert_code(done, harness.left_behind)
        self.assertIn(f'"{below}"', done.out)
        self.assertIn(below + "notes", done.out)
        self.assertIn("add --yes", done.out)
        self.assertNotIn(second, done.out)
        self.assertEqual(self.client("exists", below + "mark"), "1")
        done = self.run_binary("cleanup", "--result", self.dir / "first.json", "--plugin", so,
                               "--yes")
        self.assert_code(done, harness.ran)
        self.assertIn("and the mark", done.out)
        self.assertEqual(self.client("keys", below + "*"), below + "notes")
        self.assertEqual(self.client("exists", f"chopsticks/{second}/mark"), "1")
        # All that is old enough; nothing is a day old.
        config = ("--workload-config", self.file("w.yaml", self.config()))
        done = self.run_binary("cleanup", "--older-than", "1d", *config, "--yes")
        self.assert_code(done, harness.ran)
        self.assertIn("no mark of a run", done.out)
        done = self.run_binary("cleanup", "--run", second, *config, "--yes")
        self.assert_code(done, harness.ran)
        self.assertEqual({key: self.client("get", key)
                          for key in self.client("keys", "*").split()}, foreign)

    def test_cleanup_leaves_a_run_alone_that_is_alive(self):
        self.start_redis()
        process = self.start("run", "-f", self.file("s.yaml", cache.replace("400ms", "60s")),
                             "--workload-config", self.file("w.yaml", self.config()),
                             "--output", self.output)
        until = time.monotonic() + 30
        while not self.client("keys", "chopsticks/*/[0-9]*"):  # whichever is there just now
            self.assertLess(time.monotonic(), until, "no keys")
            time.sleep(0.05)
        run = self.client("keys", "chopsticks/*/mark").split("/")[1]
        done = self.run_binary("cleanup", "--run", run, "--workload-config", self.dir / "w.yaml",
                               "--yes")
        self.assert_code(done, harness.left_behind)
        self.assertIn("the run is alive", done.out)
        self.assertNotEqual(self.client("keys", "chopsticks/*/mark"), "")
        process.terminate()
        process.communicate(timeout=harness.hang_s)
        self.assertEqual(self.client("keys", "*"), "")

    def test_no_server_is_told_at_once(self):
        with harness.closed_port() as port:
            done = self.load(cache, self.config(f"127.0.0.1:{port}"))
        self.assert_code(done, harness.bad_usage)
        self.assertIn("Connection refused", done.err)
        done = self.load(cache,
                         f"plugins: [{shared.work / 'workload/build/redis.so'}]\n")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "no server is named")

    def test_cleanup_of_a_result_says_what_it_needs(self):
        with lying_redis("none", every=10 ** 9) as server:
            self.assert_code(self.load(cache, self.config(server.address)), harness.ran,
                             harness.generator_was_limit)
        done = self.run_binary("cleanup", "--result", self.output)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, '"redis"', "--plugin")

    def test_a_liar_costs_operations_and_not_the_run(self):
        for lie, said in (("closes", "connection_lost"), ("garbage", "bad_response"),
                          ("wrong_length", "bad_response"), ("shorter", "corrupt, WrongSize"),
                          ("huge", "bad_response"), ("error", "server_error, LOADING"),
                          ("content", "corrupt, WrongContent"), ("number", "bad_response"),
                          ("twice", "bad_response"), ("hangs", "timeout")):
            with self.subTest(lie), lying_redis(lie) as server:
                done = self.load(cache, self.config(server.address))
                self.assert_code(done, 1)
                ok, failed, _ = harness.all_operations(harness.read_result(self.output))
                self.assertGreater(ok, 0)
                self.assertGreater(failed, 0)
                self.assertGreater(server.lies, 0)
                self.assertIn(said, done.out)
                self.assertEqual(server.keys, {}, "something was left")


if __name__ == "__main__":
    harness.main()
