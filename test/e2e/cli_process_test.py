#!/usr/bin/env python3
"""Drivers that are programs: what an honest one does is counted as it is; what a dishonest one does
costs operations, and never the run; nothing of it is left, and no secret is shown."""

import concurrent.futures
import json
import os
import pathlib
import signal
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import witness

double = harness.root / "test/support/double_driver.py"
python = "/usr/bin/python3"
ran = (harness.ran, harness.generator_was_limit)

objects = 20
users = 4
# Of the load, for drivers that break a rule once they have answered so many: prepare is over.
after = objects + 10
operations = 60

scenario = """
name: programs
groups:
  - workload: s3
    data: {{prefix: e2e/, objects: {objects}, size: {{uniform: [0, 40KiB]}}, verify: {verify}}}
    tasks: {tasks}
    load: {{closed: {{users: {users}}}}}
phases: {{warmup: 0s, measure: 10m, drain: 5s}}
stop: {{operations: {operations}}}
timeouts: {{connect: 5s, operation: {timeout}}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 11
"""
mixed = ("[{op: get, weight: 6}, {op: get, range: 100, weight: 2}, {op: put, weight: 4}, head, "
         "{op: put, overwrite: true}, {op: list, pages: 0, max_keys: 7}, "
         "{op: list, delimiter: true}, {op: list, start_after: true}, {op: list, directory: true}, "
         "head_bucket]")


def figure(result, name):
    return result["driver_figures"]["s3"][name]["load"]["count"]


class process_case(harness.case):
    def load(self, endpoint, driver, options, tasks=mixed, verify="true", timeout="60s",
             count=operations, config="", **how):
        """A run; its result is in `self.result`, if it wrote one."""
        name = uuid.uuid4().hex
        self.output = self.dir / f"{name}.json"
        plan = self.file(f"{name}.yaml", scenario.format(
            objects=objects, users=users, operations=count, tasks=tasks, verify=verify,
            timeout=timeout))
        target = self.file(f"{name}.target.yaml",
                           f"driver: {driver}\n{config}driver_options: {json.dumps(options)}\n")
        arguments = ("run", "-f", plan, "--workload-config", target, *endpoint.target(),
                     "--cores", 1, "--output", self.output)
        return arguments, {"env": {**endpoint.credentials, "PATH": os.environ["PATH"]}, **how}

    def run_load(self, *arguments, **how):
        line, more = self.load(*arguments, **how)
        output = self.output
        done = self.run_binary(*line, **more)
        return done, harness.read_result(output) if output.exists() else None

    def intervals(self):
        """How many of the run that `load` was asked for last have been written."""
        stream = self.output.with_suffix(".jsonl")
        return len(harness.read_stream(stream)[1]) if stream.exists() else 0

    def command(self, *words):
        return {"command": " ".join(map(str, (python, double, *words)))}


class honest_test(process_case):
    def test_all_that_it_is_asked_is_done_and_counted(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "process", self.command(), count=200)
        self.assert_code(done, *ran)
        ok, failed, _ = harness.all_operations(result)
        self.assertEqual(failed, 0, harness.errors_of(result))
        self.assertGreaterEqual(ok, 200)
        self.assertEqual(figure(result, "requests"), ok)
        self.assertEqual(figure(result, "program_starts"), 0)
        self.assertEqual(harness.schema_errors(result), [])

    def test_several_programs_share_the_load_of_a_core(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "process",
                                         {**self.command(), "programs": 3, "in_flight": 1},
                                         tasks="[put, head_bucket]", verify="false")
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))

    def test_boto3_sends_what_the_endpoint_counts_and_shows_no_secret(self):
        seen = self.dir / "strace"
        keys = (f"access_key: {witness.access_key}\nsecret_key: {witness.secret_key}\n"
                f"session_token: {witness.session_token}\n")
        with harness.endpoint("--access-key", witness.access_key,
                              env={"AWS_SECRET_ACCESS_KEY": witness.secret_key}) as endpoint:
            endpoint.target = lambda: ["--endpoint", endpoint.url]
            endpoint.credentials = witness.environment
            done, result = self.run_load(endpoint, "boto3", {"python": python}, count=100,
                                         config=keys, under=witness.under(seen))
            counted = endpoint.counters()["by_operation"]
        self.assert_code(done, *ran)
        self.assertTrue(any(python in line for line in witness.starts(seen)), "no boto3 was seen")
        self.assertEqual(witness.shown(seen), [])
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        puts = result["operations"]["s3/put"]["ok"]
        # What prepare wrote, and the mark of the run.
        self.assertGreaterEqual(counted["put"], puts + objects + 1)
        heads = result["operations"]["s3/head"]["ok"]
        self.assertEqual(counted["head"], heads)
        # A listing to its end is several requests.
        self.assertGreater(figure(result, "requests"), harness.all_operations(result)[0])

    def test_retries_of_an_sdk_are_shown(self):
        with harness.endpoint() as endpoint:
            endpoint.set_faults("error:op=head,status=503,every=3")
            done, result = self.run_load(endpoint, "boto3", {"python": python}, tasks="[head]",
                                         config="retries: 4\n")
            counted = endpoint.counters()["by_operation"]["head"]
        self.assert_code(done, *ran)
        head = result["operations"]["s3/head"]
        self.assertEqual(head["failed"], 0, harness.errors_of(result))
        self.assertGreater(head["retries"], 0)
        self.assertEqual(counted, head["ok"] + head["retries"])
        self.assertEqual(figure(result, "retries"), head["retries"])
        self.assertEqual(figure(result, "requests"), counted)

    def test_boto3_uploads_in_parts(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(
                endpoint, "boto3", {"python": python}, count=10,
                tasks="[{op: multipart_put, part_size: 5MiB, concurrency: 2}, get]")
            counted = endpoint.counters()["by_operation"]
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        self.assertGreater(result["operations"]["s3/multipart_put"]["ok"], 0)
        self.assertGreater(sum(n for name, n in counted.items() if "part" in name), 0, counted)


class liar_test(process_case):
    # The rule that is broken: how its operations fail.
    costs = {
        "crash": ("connection_lost", "DriverEnded"),
        "half_line": ("connection_lost", "DriverEnded"),
        "half_body": ("connection_lost", "DriverEnded"),
        "rubbish": ("bad_response", "DriverProtocol"),
        "no_object": ("bad_response", "DriverProtocol"),
        "long_line": ("bad_response", "DriverProtocol"),
        "status_text": ("bad_response", "DriverProtocol"),
        "unknown_id": ("bad_response", "DriverProtocol"),
        "twice": ("bad_response", "DriverProtocol"),
        "huge_body": ("bad_response", "DriverProtocol"),
        "close_output": ("bad_response", "DriverProtocol"),
        "close_input": ("bad_response", "DriverProtocol"),
        "get_content": ("corrupt", "WrongContent"),
        "put_content": ("corrupt", "WrongSize"),
        "range": ("corrupt", "WrongSize"),
        "head_size": ("corrupt", "WrongSize"),
        "no_answer": ("timeout", "Timeout"),
        "no_read": ("timeout", "Timeout"),
    }
    # Those after which an operation waits in vain.
    silent = ("no_answer", "no_read")

    def test_each_lie_is_one_kind_of_failure_and_never_a_hang(self):
        with harness.endpoint() as endpoint:
            def one(rule):
                line, more = self.load(
                    endpoint, "process", self.command(rule, after),
                    tasks="[{op: get, weight: 3}, {op: get, range: 10}, put, head]",
                    timeout="1s" if rule in self.silent else "60s")
                output = self.output
                return rule, output, self.run_binary(*line, **more)

            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                for rule, output, done in pool.map(one, self.costs):
                    with self.subTest(rule):
                        self.assert_code(done, harness.errors_or_slo)
                        told = {(e["class"], e["s3_code"])
                                for e in harness.errors_of(harness.read_result(output))}
                        fails = {self.costs[rule]}
                        self.assertTrue(told & fails, told)
                        # Who never answers is ended at last.
                        if rule in self.silent:
                            fails.add(("bad_response", "DriverProtocol"))
                        # What a driver that is started again has forgotten is gone, too.
                        self.assertLessEqual(told, fails | {("client_error", "NoSuchKey")})

    def test_its_last_line_is_the_example_without_the_secret(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "process",
                                         self.command("crash_with_secret", after))
        self.assert_code(done, harness.errors_or_slo)
        lost = [e for e in harness.errors_of(result) if e["s3_code"] == "DriverEnded"]
        self.assertIn("ended with status 7: key [secret] is mine", lost[0]["example"])
        self.assertNotIn(harness.secret_key, json.dumps(result) + done.said)

    def test_who_ends_too_often_is_not_started_again(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "process",
                                         {**self.command("crash", after), "restarts": 0})
        self.assert_code(done, harness.errors_or_slo)
        self.assertIn("DriverGone", {e["s3_code"] for e in harness.errors_of(result)})
        self.assertEqual(figure(result, "program_starts"), 0)

    def test_one_that_is_killed_costs_what_was_under_way(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            line, more = self.load(endpoint, "process", self.command("honest", 0, mark),
                                   tasks="[put, head_bucket]", count=100_000_000)
            output = self.output
            process = self.start(*line, **more)
            self.assertTrue(process)

            def child():
                return [pid for pid in harness.processes_with(mark)
                        if harness.parent_of(pid) == process.pid]

            harness.wait_until("the load", self.intervals)
            pid = child()[0]
            # So that it has something under way: all users wait for it.
            os.kill(pid, signal.SIGSTOP)
            until = self.intervals() + 2
            harness.wait_until("an interval", lambda: self.intervals() >= until)
            os.kill(pid, signal.SIGKILL)
            harness.wait_until("another program", lambda: [p for p in child() if p != pid])
            harness.send_signal(process, signal.SIGINT)
            process.communicate(timeout=harness.hang_s)
        result = harness.read_result(output)
        lost = [e for e in harness.errors_of(result) if e["s3_code"] == "DriverEnded"]
        self.assertEqual(sum(e["count"] for e in lost), users)
        self.assertEqual(harness.errors_of(result), lost)
        self.assertIn("signal 9", lost[0]["example"])
        self.assertEqual(figure(result, "program_starts"), 1)
        self.assertEqual(harness.processes_with(mark), [])


class start_test(process_case):
    def refused(self, *parts, driver="process", options=None, **how):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, driver, options, **how)
            self.assertEqual(endpoint.counters()["objects"], 0)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, *parts)
        self.assertIsNone(result)

    def test_what_cannot_work_is_one_message_before_the_run(self):
        for rule, part in (("ends_at_once", "status 3.*no such module"),
                           ("ready_version", "version"), ("no_operations", "operations"),
                           ("bad_figure", "histogram"), ("talks_first", "starting up")):
            with self.subTest(rule):
                self.refused(part, options=self.command(rule))
        self.refused("not ready", options={**self.command("never_ready"), "start": "500ms"})
        self.refused("no-such-program", options={"command": "no-such-program"})

    def test_what_it_does_not_do_is_told(self):
        self.refused("get_acl", "put", options=self.command(), tasks="[get_acl]")
        self.refused("conditional", options=self.command(),
                     tasks="[{op: get, conditional: true}]")
        self.refused("buckets", options=self.command(), config="buckets: 2\n")

    def test_options_are_checked(self):
        self.refused("command", options={"programs": 2})
        self.refused("quote", options={"command": "python3 'x"})
        self.refused("programs", options={**self.command(), "programs": 0})
        self.refused("did you mean .programs", options={**self.command(), "progam": 1})
        self.refused("chopsticks-minio.*go build", driver="minio", options={})

    def test_nothing_is_left_and_no_argument_has_the_secret(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            line, more = self.load(endpoint, "process", self.command("leaves_child", 0, mark),
                                   tasks="[put, head_bucket]", count=100_000_000)
            process = self.start(*line, **more)
            harness.wait_until("the load", self.intervals)
            # The program, and what that has started.
            harness.wait_until("both", lambda: len(harness.processes_with(mark)) >= 2)
            for pid in (process.pid, *harness.processes_with(mark)):
                try:
                    said = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                self.assertNotIn(harness.secret_key.encode(), said)
            harness.send_signal(process, signal.SIGINT)
            process.communicate(timeout=harness.hang_s)
        # Nobody can wait for what the program had started: it was killed, and dies in its own time.
        harness.wait_until("their end", lambda: not harness.processes_with(mark))

    def test_signal_while_a_program_is_asked_what_it_does_leaves_nothing(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                line, more = self.load(endpoint, "process",
                                       {**self.command("never_ready", 0, mark), "start": "1h"})
                process = self.start(*line, **more)
                harness.wait_until("both", lambda: len(harness.processes_with(mark)) >= 2)
                harness.send_signal(process, number)
                process.communicate(timeout=harness.hang_s)
                self.assertEqual(process.returncode, -number)
                harness.wait_until("their end", lambda: not harness.processes_with(mark))
            self.assertEqual(endpoint.counters()["objects"], 0)

    def test_list_says_what_to_install(self):
        said = self.run_binary("list").out
        self.assertRegex(said, r"(?m)^    process +a program of yours")
        self.assertRegex(said, r"(?m)^    minio .*not on this machine.*go build")
        said = self.run_binary("list", env={"PATH": str(self.dir)}).out
        self.assertRegex(said, r"(?m)^    boto3 .*not on this machine: install python3-boto3")


if __name__ == "__main__":
    harness.main()
