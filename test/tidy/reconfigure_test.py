#!/usr/bin/env python3
"""A library that is installed after the build folder was made is found when it is configured again.

`scripts/quickstart.sh` before `librbd-dev` came, `scripts/test.sh` after it: Meson remembers that a
header was missing. Here a compiler pretends that it is.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import unittest

root = pathlib.Path(__file__).resolve().parents[2]


class reconfigure_test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-reconfigure-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.build = self.dir / "build"
        # Found before the system's own, these make the headers as good as absent.
        for header in ("rbd/librbd.h", "rados/librados.h"):
            path = self.dir / "hidden" / header
            path.parent.mkdir(parents=True)
            path.write_text('#error "not installed"\n')
        compiler = self.dir / "c++"
        compiler.write_text(
            f'#!/bin/sh\n[ ! -d {self.dir}/hidden ] || set -- -isystem {self.dir}/hidden "$@"\n'
            f'exec {os.environ.get("CXX", "c++")} "$@"\n')
        compiler.chmod(0o755)
        self.environment = {**os.environ, "CXX": str(compiler), "CCACHE_DISABLE": "1"}

    def configure(self, *arguments):
        command = ["meson", "setup", str(self.build), str(root), "-Dtests=false", "-Dbench=false",
                   *arguments]
        done = subprocess.run(command, env=self.environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, f"{shlex.join(command)}\n{done.stdout}")
        return done.stdout

    def rbd_sources(self):
        """Which of RBD's two faces the build folder would compile."""
        commands = json.loads((self.build / "compile_commands.json").read_text())
        names = {pathlib.Path(entry["file"]).name for entry in commands}
        return names & {"absent.cpp", "librbd_driver.cpp"}

    def test_librbd_that_came_later_is_found(self):
        said = self.configure()
        self.assertIn("RBD is left out", said)
        self.assertEqual(self.rbd_sources(), {"absent.cpp"})

        (self.dir / "hidden").rename(self.dir / "installed")
        said = self.configure("--reconfigure")
        self.assertNotIn("RBD is left out", said)
        self.assertEqual(self.rbd_sources(), {"librbd_driver.cpp"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
