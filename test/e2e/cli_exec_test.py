#!/usr/bin/env python3
"""Drivers that run a program for each operation: what an honest tool does is counted as it is; what
a dishonest one does costs its operation, and never the run; nothing of it is left, and no secret
is shown."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import witness

double = harness.root / "test/support/double_tool.sh"
# The distribution's tools before others of their names.
shipped = "/usr/bin:" + os.environ["PATH"]
ran = (harness.ran, harness.generator_was_limit)

scenario = """
name: tools
groups:
  - workload: s3
    data: {{prefix: e2e/, objects: {objects}, size: {size}, verify: true}}
    tasks: {tasks}
    load: {{closed: {{users: {users}}}}}
phases: {{warmup: 0s, measure: 10m, drain: {drain}}}
stop: {{operations: {operations}}}
timeouts: {{connect: 5s, operation: 60s}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 11
"""


def zombies_of(pid):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, parent = harness.process_stat(folder.name)[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == pid:
            found.append(int(folder.name))
    return found


def figure(result, name):
    return result["driver_figures"]["s3"][name]["load"]["count"]


class exec_case(harness.case):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "store"
        self.store.mkdir()

    def load(self, endpoint, driver, options, tasks="[get, put]", count=12, objects=4, users=2,
             size="{uniform: [0, 40KiB]}", config="", drain="60s", **how):
        name = uuid.uuid4().hex
        self.output = self.dir / f"{name}.json"
        plan = self.file(f"{name}.yaml", scenario.format(
            objects=objects, users=users, operations=count, tasks=tasks, size=size,
            drain=drain))
        target = self.file(f"{name}.target.yaml", f"driver: {driver}\n{config}" + (
            f"driver_options: {json.dumps(options)}\n" if options is not None else ""))
        path = how.pop("path", os.environ["PATH"])
        arguments = ("run", "-f", plan, "--workload-config", target, *endpoint.target(),
                     "--cores", 1, "--output", self.output)
        return arguments, {"env": {**endpoint.credentials, "PATH": path}, **how}

    def run_load(self, *arguments, **how):
        line, more = self.load(*arguments, **how)
        output = self.output
        done = self.run_binary(*line, **more)
        return done, harness.read_result(output) if output.exists() else None

    def own(self, lie="honest", mark="", **more):
        """Commands of the double."""
        begin = f"{double} {self.store} {lie}"
        return {"put": f"{begin} put {{key}} {mark}", "get": f"{begin} get {{key}} {mark}",
                "get_range": f"{begin} get_range {{key}} {{offset}} {{length}}",
                "head": f"{begin} head {{key}}", "size_after": "size:",
                "delete": f"{begin} delete {{key}}", "list": f"{begin} list {{prefix}}", **more}


class honest_test(exec_case):
    def test_all_that_it_is_asked_is_done_and_counted(self):
        tasks = ("[{op: get, weight: 3}, {op: get, range: 100}, put, {op: put, overwrite: true}, "
                 "head, list, {op: list, directory: true}, {op: list, pages: 0}]")
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", self.own(in_flight=1), tasks=tasks,
                                         count=60, objects=12)
        self.assert_code(done, *ran)
        ok, failed, moved = harness.all_operations(result)
        self.assertEqual(failed, 0, harness.errors_of(result))
        self.assertGreaterEqual(ok, 60)
        self.assertGreater(moved, 0)
        self.assertGreaterEqual(figure(result, "programs"), ok)
        self.assertEqual(figure(result, "programs_killed"), 0)
        self.assertGreater(figure(result, "program_cpu"), 0)
        self.assertEqual(figure(result, "program_start"), figure(result, "programs"))
        self.assertEqual(harness.schema_errors(result), [])

    def test_no_more_run_at_a_time_than_may(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", self.own("alone", in_flight=1),
                                         tasks="[get]", users=4, count=20)
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))

    def test_bodies_of_many_pipes_go_through(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", self.own(), size="5MiB", objects=2,
                                         count=6)
        self.assert_code(done, *ran)
        ok, failed, moved = harness.all_operations(result)
        self.assertEqual(failed, 0, harness.errors_of(result))
        self.assertEqual(moved, ok * 5 * 2**20)

    def test_what_is_deleted_is_gone(self):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", self.own(), tasks="[delete]", objects=8,
                                         count=8)
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        deleted = result["operations"]["s3/delete"]["ok"]
        left = [f for f in self.store.rglob("*") if f.is_file()]
        self.assertEqual(len(left), 8 - deleted)


class tool_test(exec_case):
    """Tools that the distribution has: what the store counts is what the result says, what they do
    beside it is seen, and of no program that is started are the secrets among its arguments."""

    def run_witnessed(self, driver, options, **how):
        """A run with secrets of which there are no others, and what was started in it."""
        seen = self.dir / f"{uuid.uuid4().hex}.strace"
        keys = (f"access_key: {witness.access_key}\nsecret_key: {witness.secret_key}\n"
                f"session_token: {witness.session_token}\n")
        with harness.endpoint("--access-key", witness.access_key,
                              env={"AWS_SECRET_ACCESS_KEY": witness.secret_key}) as endpoint:
            endpoint.target = lambda: ["--endpoint", endpoint.url]
            endpoint.credentials = witness.environment
            done, result = self.run_load(endpoint, driver, options, config=keys,
                                         under=witness.under(seen), **how)
            counted = endpoint.counters()["by_operation"]
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        return result, counted, seen

    def run_tool(self, tool, tasks, count, objects=3, options=None, path=shipped):
        result, counted, seen = self.run_witnessed(
            "exec", {"tool": tool} if options is None else options, tasks=tasks, count=count,
            objects=objects, size="4KiB", path=path)
        # The program itself, and one for each operation and each object that it was to make.
        done_by = {name.partition("/")[2]: one["ok"] for name, one in result["operations"].items()}
        self.assertGreater(len(witness.starts(seen)), sum(done_by.values()) + objects)
        self.assertEqual(witness.shown(seen), [])
        self.assertTrue(any(" to do nothing" in note for note in result["run"]["notes"]))
        return result, done_by, counted

    def test_who_shows_a_secret_is_seen(self):
        options = self.own(put="sh -c 'cat > /dev/null; exec true $AWS_SECRET_ACCESS_KEY' {key}")
        _, _, seen = self.run_witnessed("exec", options, tasks="[put]", objects=0, count=2)
        self.assertIn(witness.secret_key, {secret for secret, _ in witness.shown(seen)})

    def test_s3cmd_uploads_in_parts(self):
        _, done, counted = self.run_tool("s3cmd", "[get, put, head, list, delete]", 10)
        self.assertEqual(counted["get"], done.get("get", 0))
        # One upload of one part for each object that is read from a pipe.
        self.assertEqual(counted["create_upload"], done.get("put", 0) + 3)
        self.assertEqual(counted["complete_upload"], counted["create_upload"])
        # What is asked beside: before a get whether it is there, and all that `info` shows.
        self.assertEqual(counted["head"], done.get("get", 0) + done.get("head", 0))
        self.assertGreaterEqual(counted["other"], 3 * done.get("head", 0))

    def test_rclone_asks_before_each_operation(self):
        _, done, counted = self.run_tool("rclone", "[get, {op: get, range: 10}, put, head, list, "
                                                   "delete]", 18)
        self.assertEqual(counted["get"], done.get("get", 0))
        self.assertGreaterEqual(counted["put"], done.get("put", 0) + 3)
        self.assertGreaterEqual(counted["head"], sum(done.values()) - done.get("list", 0))

    def test_tries_are_those_of_the_config(self):
        with harness.endpoint() as endpoint:
            endpoint.set_faults("error:op=get,status=500,every=1")
            done, result = self.run_load(endpoint, "exec", {"tool": "rclone"}, tasks="[get]",
                                         count=1, users=1, objects=1, config="retries: 2\n",
                                         path=shipped)
            counted = endpoint.counters()["by_operation"]["get"]
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual(counted, 3 * harness.all_operations(result)[1])

    def test_aws_asks_before_a_get(self):
        _, done, counted = self.run_tool("aws", "[get]", 2, objects=1)
        self.assertEqual(counted["get"], done["get"])
        self.assertEqual(counted["head"], done["get"])

    def test_mc_does_each_operation(self):
        # Not a package of the distribution, whose mc is another program. A double that takes mc's
        # arguments has its place.
        tools = self.dir / "tools"
        tools.mkdir()
        (tools / "mc").symlink_to(harness.root / "test/support/double_mc.py")
        _, done, counted = self.run_tool("mc", "[get, put, head, list, delete]", 8, objects=2,
                                         path=f"{tools}:{shipped}")
        self.assertEqual(counted["get"], done.get("get", 0))
        self.assertEqual(counted["head"], done.get("head", 0))
        self.assertEqual(set(done), {"get", "put", "head", "list", "delete"})

    def test_s5cmd_by_the_config_of_the_python_program(self):
        path = shutil.which("s5cmd")
        if path is None:
            # Not a package of the distribution. A double has its place, so that the config is held
            # against what it is to say all the same.
            path = self.file("s5cmd", f"""#!/bin/sh
[ "$1" = version ] && echo v0 && exit
while [ "$#" -gt 2 ]; do shift; done
case $1 in
    pipe) operation=put ;;
    cat) operation=get ;;
esac
exec {double} {self.store} honest $operation "${{2#s3://*/}}"
""")
            path.chmod(0o755)
        with harness.endpoint() as endpoint:
            done, result = self.run_load(
                endpoint, "s5cmd", None,
                config=f"driver_config: {{s5cmd_path: {path}, timeout: 50}}\n")
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        self.assertEqual(result["workload"]["driver_options"]["s3"],
                         {"program": str(path), "timeout": "50s"})
        self.assertEqual(result["workload"]["ignored"], {})


class liar_test(exec_case):
    # The lie: its operation, and how that fails.
    costs = {
        "nothing": ("get", "corrupt", "WrongSize"),
        "more": ("get", "corrupt", "WrongSize"),
        "less": ("get", "corrupt", "WrongSize"),
        "content": ("get", "corrupt", "WrongContent"),
        "endless": ("get", "bad_response", "OutputTooLong"),
        "floods": ("get", "server_error", "Exit3"),
        "secret": ("get", "server_error", "Exit7"),
        "signal": ("get", "connection_lost", "Signal11"),
        "size": ("head", "corrupt", "WrongSize"),
        "silent": ("head", "bad_response", "NoBytes"),
        "short": ("list", "bad_response", "EmptyListing"),
        "ignores": ("put", "bad_response", "InputLeft"),
        "half": ("put", "bad_response", "InputLeft"),
        "closed": ("put", "bad_response", "InputLeft"),
    }

    def test_each_lie_is_one_kind_of_failure(self):
        with harness.endpoint() as endpoint:
            def one(lie):
                operation = self.costs[lie][0]
                options = self.own(lie)
                line, more = self.load(
                    endpoint, "exec", options, tasks=f"[{operation}]", count=3,
                    objects=0 if operation == "put" else 2, size="100KiB")
                output = self.output
                return lie, output, self.run_binary(*line, **more)

            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                for lie, output, done in pool.map(one, self.costs):
                    with self.subTest(lie):
                        self.assert_code(done, harness.errors_or_slo)
                        result = harness.read_result(output)
                        self.assertEqual(harness.all_operations(result)[0], 0)
                        told = {(e["class"], e["s3_code"]) for e in harness.errors_of(result)}
                        self.assertEqual(told, {self.costs[lie][1:]})
                        examples = " ".join(e["example"] for e in harness.errors_of(result))
                        if lie == "floods":
                            self.assertIn("ended with status 3: no more", examples)
                        if lie == "secret":
                            self.assertIn("key [secret] is mine", examples)
                        self.assertNotIn(harness.secret_key, output.read_text() + done.said)

    def test_who_swallows_a_body_is_found_by_what_is_read(self):
        options = self.own()
        options["put"] = "sh -c 'cat > /dev/null' {key}"
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", options, tasks="[get]", count=3)
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual({e["s3_code"] for e in harness.errors_of(result)}, {"Exit1"})
        self.assertIn("No such file", harness.errors_of(result)[0]["example"])

    def test_what_a_tool_leaves_behind_is_killed(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, "exec", self.own("child", mark), tasks="[get]",
                                         count=4)
        self.assert_code(done, *ran)
        self.assertEqual(harness.all_operations(result)[1], 0, harness.errors_of(result))
        # Nobody can wait for what a tool had started: it was killed, and dies in its own time.
        harness.wait_until("their end", lambda: not harness.processes_with(mark))

    def test_one_that_hangs_is_killed_with_its_group(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            done, result = self.run_load(
                endpoint, "exec", self.own("hangs", mark, timeout="1s", in_flight=1),
                tasks="[get]", count=2)
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual({(e["class"], e["s3_code"]) for e in harness.errors_of(result)},
                         {("timeout", "Timeout")})
        # The other user's never had its turn.
        self.assertEqual(figure(result, "programs_killed"), figure(result, "programs"))
        self.assertLess(figure(result, "programs"), harness.all_operations(result)[1])
        harness.wait_until("their end", lambda: not harness.processes_with(mark))

    def hang(self, endpoint, mark):
        """A run whose operations all hang, with one process each that it has started."""
        line, more = self.load(endpoint, "exec", self.own("hangs", mark), tasks="[get]",
                               count=100_000, drain="500ms")
        process = self.start(*line, **more)

        def tools():
            return [pid for pid in harness.processes_with(mark)
                    if harness.parent_of(pid) == process.pid]

        harness.wait_until("both users' operations", lambda: len(harness.processes_with(mark)) >= 4)
        return process, tools

    def test_killed_ones_cost_their_operations_and_are_reaped(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            process, tools = self.hang(endpoint, mark)
            output = self.output
            for pid in (process.pid, *harness.processes_with(mark)):
                said = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                self.assertNotIn(harness.secret_key.encode(), said)
            first = tools()
            os.kill(first[0], signal.SIGKILL)
            harness.wait_until("the next operation", lambda: set(tools()) - set(first))
            harness.wait_until("no zombies", lambda: not zombies_of(process.pid))
            harness.send_signal(process, signal.SIGINT)
            process.communicate(timeout=harness.hang_s)
        result = harness.read_result(output)
        self.assertEqual(process.returncode, harness.interrupted)
        lost = [e for e in harness.errors_of(result) if e["s3_code"] == "Signal9"]
        self.assertEqual(sum(e["count"] for e in lost), 1, harness.errors_of(result))
        # The others were in flight at the end.
        self.assertEqual({e["s3_code"] for e in harness.errors_of(result)} - {"Signal9"},
                         {"DrainTimeout"})
        harness.wait_until("their end", lambda: not harness.processes_with(mark))

    def test_a_second_interrupt_leaves_no_process_either(self):
        mark = uuid.uuid4().hex
        with harness.endpoint() as endpoint:
            process, _ = self.hang(endpoint, mark)
            harness.send_signal(process, signal.SIGINT)
            harness.send_signal(process, signal.SIGINT)
            process.communicate(timeout=harness.hang_s)
        self.assertNotEqual(process.returncode, 0)
        harness.wait_until("their end", lambda: not harness.processes_with(mark))


class start_test(exec_case):
    def refused(self, *parts, options, driver="exec", **how):
        with harness.endpoint() as endpoint:
            done, result = self.run_load(endpoint, driver, options, **how)
            self.assertEqual(endpoint.counters()["by_operation"].get("create_bucket", 0), 0)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, *parts)
        self.assertIsNone(result)

    def test_what_cannot_work_is_one_message_before_anything_is_made(self):
        plain = self.file("plain", "no program\n")
        nothing = str(self.dir)
        self.refused("tool.*is missing.*s3cmd", options={})
        self.refused("did you mean .s3cmd", options={"tool": "s3cmdd"})
        self.refused("no program `no-such-tool`", options={"get": "no-such-tool {key}",
                                                            "put": "cat {key}"})
        self.refused("chmod", options={"tool": "s3cmd", "program": str(plain)})
        plain.chmod(0o755)
        self.refused("#!", options={"tool": "s3cmd", "program": str(plain)})
        self.refused("cannot be run here.*status 1", options={"tool": "s3cmd",
                                                              "program": "/bin/false"})
        self.refused("s5cmd.*releases", driver="s5cmd", options=None, path=nothing)
        other = self.file("other/mc", "#!/bin/sh\necho GNU Midnight Commander 4.8.29\n")
        other.chmod(0o755)
        self.refused("another program than mc.*Midnight Commander", options={"tool": "mc"},
                     path=f"{other.parent}:{shipped}")
        self.refused("known here: .kee..*did you mean", options=self.own(get="cat {kee}"))
        self.refused("brace", options=self.own(get="cat {key"))
        self.refused("quote", options=self.own(get="cat '{key}"))
        self.refused("does not say .key", options=self.own(get="cat"))
        self.refused("secret into arguments.*config",
                     options=self.own(get="cat {key} {secret_key}"))
        self.refused("no command for `get_acl`.*put", options=self.own(), tasks="[get_acl]")
        self.refused("max_keys", options=self.own(), tasks="[{op: list, max_keys: 5}]")
        self.refused("get_range", options={"tool": "s3cmd"}, tasks="[{op: get, range: 5}]")
        self.refused("no command for `put`", options={"get": "cat {key}"}, tasks="[get]")
        self.refused("beside", driver="s5cmd", options={"program": "x"},
                     config="driver_config: {s5cmd_path: y}\n")
        self.refused("buckets", options=self.own(), config="buckets: 2\n")

    def test_list_says_which_tools_are_here(self):
        said = self.run_binary("list", env={"PATH": shipped}).out
        self.assertRegex(said, r"(?m)^    exec .*on this machine: .*s3cmd, rclone")
        # There is a program of its name, which is another.
        other = self.file("other/mc", "#!/bin/sh\necho GNU Midnight Commander 4.8.29\n")
        other.chmod(0o755)
        said = self.run_binary("list", env={"PATH": str(other.parent)}).out
        self.assertRegex(said, r"(?m)^    exec .*none of the tools; not .*install s3cmd.*mc: ")
        self.assertRegex(said, r"(?m)^    s5cmd .*not on this machine: s5cmd: download")


if __name__ == "__main__":
    harness.main()
