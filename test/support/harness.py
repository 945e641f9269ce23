"""What the end-to-end tests share: the binary as a user runs it, its servers, and its results.

Environment: CHOPSTICKS, the binary (default build/chopsticks).
"""

import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from typing import NamedTuple

root = pathlib.Path(__file__).resolve().parents[2]
binary = pathlib.Path(os.environ.get("CHOPSTICKS", root / "build" / "chopsticks"))

# What `chopsticks serve` lets in unless told otherwise.
access_key = "chopsticks"
secret_key = "chopsticks-secret"

# Seconds after which a test says that something hangs. It is no bound on what work takes: beside
# ten builds a second's work takes many.
hang_s = 180

# Exit statuses.
ran, errors_or_slo, bad_usage, generator_was_limit, left_behind, interrupted = 0, 1, 2, 3, 5, 130

# `nohup` and a shell's `&` have these ignored, and what is ignored stays so in a program that is
# started. A handler does not: the binary has the signals as a user's shell gives them.
for _number in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


def environment(home, **more):
    """A user's environment without anything that would change the outcome."""
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                "TSAN_OPTIONS") if name in os.environ}
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm", **more}


def ceph_script(command, cluster, **more):
    """test/support/ceph.sh COMMAND; a cluster ends with this process, however that ends. `more`:
    environment."""
    done = subprocess.run([root / "test/support/ceph.sh", command, cluster],
                          capture_output=True, text=True, timeout=600, check=False,
                          env={**os.environ, "OWNER_PID": str(os.getpid()), **more})
    if done.returncode != 0:
        raise AssertionError(f"ceph.sh {command}:\n{done.stdout}{done.stderr}")


class finished(NamedTuple):
    code: int
    out: str
    err: str
    seconds: float

    @property
    def said(self):
        return self.out + self.err


class case(unittest.TestCase):
    """A test with a folder of its own, and the means to run the binary in it."""

    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.started = []
        self.addCleanup(self.end_processes)

    def end_processes(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()

    def file(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def start(self, *arguments, env=None, under=(), **how):
        """Starts the binary; the test ends it if it is still there. `under`: the words of a program
        that starts it."""
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([*under, str(binary), *map(str, arguments)], cwd=self.dir,
                                   env=environment(self.dir, **(env or {})), **how)
        self.started.append(process)
        return process

    def run_binary(self, *arguments, env=None, timeout=hang_s, **how):
        """Runs it to its end."""
        begun = time.monotonic()
        process = self.start(*arguments, env=env, **how)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"{arguments}: not ended after {timeout} s\n{decode(out)}{decode(err)}")
        return finished(process.returncode, decode(out), decode(err), time.monotonic() - begun)

    def assert_code(self, done, *codes):
        self.assertIn(done.code, codes, f"exit status {done.code}\n{done.said}")

    def assert_one_clear_message(self, done, *parts):
        """Bad input: one message, that says these things, and no trace of a crash."""
        # What it waits for it says each second, for as long as the target takes.
        lines = [line for line in done.err.splitlines()
                 if line.strip() and not re.match(r"\w+ waits ", line)]
        self.assertTrue(lines, "nothing on standard error")
        self.assertLessEqual(len(lines), 6, done.err)
        for part in parts:
            self.assertRegex(done.err, part)
        for trace in ("terminate called", "what():", "assertion", "Segmentation", "std::",
                      "boost::", "runtime error"):
            self.assertNotIn(trace, done.said)


def decode(data):
    return (data or b"").decode("utf-8", "replace") if not isinstance(data, str) else data


# --- scenarios ---------------------------------------------------------------------------------

small_scenario = """
name: small
groups:
  - workload: s3
    data: {prefix: e2e/, objects: 40, size: 4KiB}
    tasks:
      - {op: get, weight: 60}
      - {op: put, weight: 20}
      - {op: delete, weight: 10}
      - {op: head, weight: 5}
      - {op: list, weight: 5}
    load: {closed: {users: 4}}
phases: {prepare: true, warmup: 0s, measure: 2s, drain: 5s, cleanup: true}
timeouts: {connect: 2s, operation: 3s}
# Other tests run beside this one.
limits: {held_up: 100%, held_up_longest: 1h}
seed: 7
"""


def all_operations(result):
    """ok, failed, bytes over all operations of a result or an interval."""
    figures = result["operations"].values()
    return tuple(sum(one[key] for one in figures) for key in ("ok", "failed", "bytes"))


def errors_of(result):
    return [error for one in result["operations"].values() for error in one["errors"]]


def read_result(path):
    return json.loads(pathlib.Path(path).read_text())


def load_began_s(result):
    """When the load of a run began, by the wall clock: `t_s` of its intervals counts from there."""
    load = next(phase for phase in result["run"]["phases"]
                if phase["name"] in ("ramp", "warmup", "measure"))
    return result["run"]["started_ns"] / 1e9 + load["started_s"]


def read_stream(path):
    """(header, intervals) of an interval stream; a torn last line is left out."""
    text = pathlib.Path(path).read_text()
    whole = text[:text.rfind("\n") + 1].splitlines()
    lines = [json.loads(line) for line in whole if line]
    return (lines[0], lines[1:]) if lines else ({}, [])


def schema_errors(result, kind="result"):
    """What an independent validator says about a result, a sweep, a find_max or a comparison."""
    import jsonschema
    folder = "compare" if kind == "compare" else "results"
    schema = json.loads((root / f"src/{folder}/{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in validator.iter_errors(result)]


def free_port():
    """For a server that is told its port. Others may take it first: for one that is not there take
    closed_port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def closed_port():
    """A port that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


# --- servers -----------------------------------------------------------------------------------


class endpoint:
    """`chopsticks serve` on a free port, as a context manager."""

    def __init__(self, *arguments, env=None):
        self.arguments = arguments
        self.env = env or {}

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="chopsticks-serve-")
        self.process = subprocess.Popen(
            [str(binary), "serve", "--port", "0", *map(str, self.arguments)],
            env=environment(self.home, **self.env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = b""
        until = time.monotonic() + hang_s
        while time.monotonic() < until:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.2)
            if ready:
                piece = os.read(self.process.stdout.fileno(), 4096)
                said += piece
                found = re.search(rb"(https?://[\w.\[\]:]+:\d+)\D", said)
                if found:
                    self.url = found.group(1).decode()
                    self.drain = threading.Thread(target=self._drain, daemon=True)
                    self.drain.start()
                    return self
                if not piece:
                    break
        self.__exit__(None, None, None)
        raise AssertionError(f"chopsticks serve did not say where it listens:\n{decode(said)}")

    def _drain(self):
        with contextlib.suppress(OSError, ValueError):
            while os.read(self.process.stdout.fileno(), 65536):
                pass

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=hang_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if hasattr(self, "drain"):
            self.drain.join(timeout=5)
        self.process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def control(self, path, method="GET", body=None):
        request = urllib.request.Request(f"{self.url}/_chopsticks/{path}", method=method,
                                         data=body.encode() if body is not None else None)
        with urllib.request.urlopen(request, timeout=hang_s) as answer:
            return answer.read().decode()

    def counters(self):
        return json.loads(self.control("counters"))

    def set_faults(self, short_form):
        self.control("faults", "POST", short_form)

    def client(self, **more):
        return s3_client(self.url, access_key, secret_key, **more)

    def target(self):
        """Arguments and environment that point a run at it."""
        return ["--endpoint", self.url, "--access-key", access_key]

    credentials = {"AWS_SECRET_ACCESS_KEY": secret_key}


class canned_server:
    """A TCP server that treats every connection the same odd way."""

    def __init__(self, answer):
        self.answer = answer  # bytes sent after the first read; None: never answers

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.open = []
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.open.append(connection)
                if self.answer is not None:
                    threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError):
            if connection.recv(65536):
                connection.sendall(self.answer)
            connection.close()

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.open:
            connection.close()


def s3_client(url, key, secret, region="us-east-1"):
    """boto3, as an independent judge of what is in a bucket."""
    import boto3
    from botocore.config import Config
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=key,
                        aws_secret_access_key=secret, region_name=region,
                        config=Config(s3={"addressing_style": "path"},
                                      retries={"max_attempts": 2}))


def objects_of_runs(client, bucket, prefix):
    """Keys below the prefix without the runs' marks."""
    return [key for key in keys_in(client, bucket, prefix)
            if not key.startswith(prefix + "runs/")]


def keys_in(client, bucket, prefix=""):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


# --- processes ---------------------------------------------------------------------------------


def wait_until(what, condition, timeout=hang_s, step=0.05):
    """Polls; the condition's first true value."""
    until = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not after {timeout} s")
        time.sleep(step)


def processes_with(mark):
    """Those that have it among their arguments, but for zombies, which have none."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def process_stat(pid):
    """What /proc tells of a process, from its state on, which is field 3 of proc(5)."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def parent_of(pid):
    return int(process_stat(pid)[1])


def send_signal(process, number):
    """Sends it, and waits until the process has taken it: of two that wait at once it sees one."""
    process.send_signal(number)

    def is_taken():
        if process.poll() is not None:
            return True
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        pending = int(re.search(r"ShdPnd:\s*(\w+)", status).group(1), 16)
        return not pending >> (number - 1) & 1

    wait_until(f"signal {number} to be taken", is_taken, step=0.005)


def main():
    """Runs the calling file's tests; without a binary it says so and fails."""
    if not binary.exists():
        print(f"no binary at {binary}: build it, or set CHOPSTICKS", file=sys.stderr)
        sys.exit(1)
    unittest.main(verbosity=2)
