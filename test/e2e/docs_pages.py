"""The commands of the documentation, run as a reader would: page by page, block by block, in one
folder and one environment per page, with the substitutions that are stated here.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tidy"))
import docs
import harness

# In every block: what names a server, a secret or a long time.
substitutions = (
    (r"AWS_SECRET_ACCESS_KEY=\.\.\.", "AWS_SECRET_ACCESS_KEY={secret_key}"),
    (r"https?://rgw\.example(:\d+)?|http://127\.0\.0\.1:18248|http://localhost:\d+", "{url}"),
    (r"--access-key (KEY|benchaccess)\b", "--access-key {access_key}"),
    (r"(-t|--duration) \d+[ms]\b", r"\1 300ms"),
    (r"--trial 5s\b", "--trial 300ms"),
)

# In every scenario, ours and those that a page tells to write: what is long or large.
scenario_substitutions = (
    (r"\bobjects: [1-9]\d{2,}\b", "objects: 50"),
    (r"\b(measure|warmup): [1-9]\d*s\b", r"\1: 300ms"),
    (r"\bsize: 100MiB\b", "size: 1MiB"),
)


class step(NamedTuple):
    """One fenced block of a page, by how it begins."""
    begins: str
    language: str = "sh"
    left_out: str = ""  # why it does not run here
    status: int = 0  # of the block's shell
    changes: tuple = ()  # more substitutions, each of which has to find something
    before: object = None  # called with the page before the block runs
    after: object = None  # called with the page and what the block said
    stays: bool = False  # a server: it runs until the page ends
    file: str = ""  # is written to a file of this name instead of run


def substituted(text, pairs, values=None):
    for pattern, new in pairs:
        for name, value in (values or {}).items():
            new = new.replace("{" + name + "}", value)
        text = re.sub(pattern, new, text)
    return text


class page(harness.case):
    """The folder that a page's commands run in, and what has been exported there so far."""

    wrapper = """#!/bin/bash
# The binary. That the generator was the limit (3), or that a search within seconds found no rate
# (1) is about this machine, and no fault of a page.
if [ "$1" = serve ]; then exec "$BINARY" "$@"; fi
"$BINARY" "$@"
status=$?
echo "$status $*" >>"$CALLS"
case $1:$status in
    *:3 | find-max:1) status=0 ;;
esac
exit "$status"
"""

    def prepare(self, values):
        self.values = {"access_key": harness.access_key, "secret_key": harness.secret_key, **values}
        wrapper = self.file("build/chopsticks", self.wrapper)
        wrapper.chmod(0o755)
        self.calls = self.file("home/calls", "")
        self.state = self.file("home/exported", "")
        for folder in ("scenarios", "config"):
            for source in (docs.root / folder).glob("*.yaml"):
                text = substituted(source.read_text(), scenario_substitutions)
                self.file(f"{folder}/{source.name}", text)
        for folder in ("scripts", "test", "bench"):
            (self.dir / folder).symlink_to(docs.root / folder)
        self.environment = harness.environment(
            self.dir / "home", BINARY=str(harness.binary.resolve()), CALLS=str(self.calls))
        self.environment["PATH"] = f"{self.dir}/build:{self.environment['PATH']}"

    def shell(self, script, **how):
        # Exported variables live on from block to block, as in a reader's terminal.
        around = (f"set -e -o pipefail\n. {self.state}\n"
                  f"trap 'status=$?; export -p >{self.state}; exit $status' EXIT\n{script}")
        process = subprocess.Popen(["bash", "-c", around], cwd=self.dir, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True, **how)
        self.started.append(process)
        return process

    def run_block(self, script, timeout=600):
        process = self.shell(script)
        try:
            said = harness.decode(process.communicate(timeout=timeout)[0])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = harness.decode(process.communicate()[0])
            self.fail(f"not ended after {timeout} s:\n{script}\n{said}")
        return process.returncode, said

    def stay(self, script):
        """Starts a server, and waits until it says that it listens."""
        process = self.shell("exec " + script)
        self.addCleanup(process.wait)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        said = b""
        until = time.monotonic() + 30
        while b"listening on" not in said and time.monotonic() < until:
            piece = process.stdout.readline()
            said += piece
            if not piece:
                break
        self.assertIn(b"listening on", said)

    def run_page(self, name, steps, **values):
        self.prepare(values)
        text = (docs.root / name).read_text()
        # Commands, all of them; and what a page tells to write into a file, if it is needed here.
        blocks = [(line, language, block) for line, language, block in docs.all_fenced(text)
                  if language in docs.command_languages
                  or any(one.language == language and block.startswith(one.begins)
                         for one in steps)]
        listed = [(one.language, one.begins) for one in steps]
        self.assertEqual(
            [(language, block.splitlines()[0][:len(begins)])
             for (_, language, block), (_, begins) in zip(blocks, listed)], listed,
            f"{name}: the table of this test lists other blocks")
        self.assertEqual(len(blocks), len(steps),
                         f"{name}: has {len(blocks)} blocks, this test's table {len(steps)}")
        for (line, _, block), one in zip(blocks, steps):
            if not one.left_out:
                self.run_step(f"{name}:{line}", block, one)

    def run_step(self, where, block, one):
        if one.before:
            one.before(self)
        for pattern, _ in one.changes:
            self.assertRegex(block, pattern, f"{where}: a substitution that finds nothing")
        script = substituted(block, one.changes, self.values)
        script = substituted(script, substitutions, self.values)
        if one.file:
            self.file(one.file, substituted(script, scenario_substitutions))
            return
        if one.stays:
            self.stay(script)
            return
        if one.language == "python":
            script = f"/usr/bin/python3 - <<'PYTHON'\n{script}PYTHON\n"
        status, said = self.run_block(script)
        self.assertEqual(status, one.status,
                         f"{where}:\n{script}\n{said}\n{self.calls.read_text()}")
        # What a command was told to write is there.
        for output in re.findall(r"--output (\S+)", script):
            self.assertTrue((self.dir / output).exists(), f"{where}: no {output}\n{said}")
        if one.after:
            one.after(self, said)

    def tearDown(self):
        shutil.rmtree(self.dir / "build", ignore_errors=True)
