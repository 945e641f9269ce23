"""Chopsticks as it is installed, and what a stranger builds against that."""

import os
import pathlib
import shutil
import subprocess

import harness

examples = harness.root / "examples"


class tree:
    """`meson install` of this build below a folder; nothing is compiled."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        subprocess.run(["meson", "install", "-C", harness.binary.parent, "--no-rebuild",
                        "--destdir", self.folder], check=True, capture_output=True)
        description = next(self.folder.rglob("chopsticks.pc"))
        # The prefix that was configured, below a folder: what --destdir is for.
        self.env = {**os.environ, "PKG_CONFIG_PATH": str(description.parent),
                    "PKG_CONFIG_SYSROOT_DIR": str(self.folder)}
        self.binary = next(self.folder.rglob("bin/chopsticks"))
        self.include = next(self.folder.rglob("include/chopsticks")).parent

    def flags(self):
        return subprocess.run(["pkg-config", "--cflags", "chopsticks"], env=self.env, check=True,
                              capture_output=True, text=True).stdout.split()

    def build_example(self, name, to):
        """Copies examples/NAME and builds it as its first lines say, lightly. Returns the copy."""
        shutil.copytree(examples / name, to)
        for command in (["meson", "setup", "build", "-Dunity=on", "-Dbuildtype=plain",
                         "-Dwerror=true"], ["ninja", "-C", "build", "-j2"]):
            done = subprocess.run(command, cwd=to, env=self.env, text=True, capture_output=True,
                                  check=False)
            if done.returncode != 0:
                raise AssertionError(done.stdout + done.stderr)
        return pathlib.Path(to)

    def compile(self, source, to, *more):
        """One plug-in of one file."""
        done = subprocess.run(["c++", *self.flags(), "-O0", "-shared", "-fPIC", source, "-o", to,
                               *more], text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return pathlib.Path(to)
