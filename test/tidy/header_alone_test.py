#!/usr/bin/env python3
"""Every public header compiles when it is the only include, with the flags of the build.

Environment: MESON_BUILD_ROOT, the build folder (its compile_commands.json gives the flags).
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from source_tree import cpp_files, root

sys.path.insert(0, str(root / "test" / "support"))
import compile_commands

build = pathlib.Path(os.environ.get("MESON_BUILD_ROOT", root / "build"))


def base_command():
    """The command of some source of this project, without its input and outputs.

    Told by what it makes: where several files are compiled as one, none of src/ is an input.
    """
    for entry in compile_commands.entries(build):
        made = (pathlib.Path(entry["directory"]) / entry["output"]).resolve()
        if made.is_relative_to(build.resolve() / "src"):
            break
    else:
        raise AssertionError("no object of src/ in compile_commands.json")
    kept = [word for word in compile_commands.bare_words(entry)
            if word not in ("-c", entry["file"]) and not word.startswith("-flto")]
    return kept + ["-Werror", "-fsyntax-only"], entry["directory"]


class header_test(unittest.TestCase):
    def test_every_public_header_compiles_alone_without_a_warning(self):
        command, directory = base_command()
        headers = [path for path in cpp_files("include") if path.suffix == ".hpp"]
        self.assertTrue(headers)
        for library, module in (("rbd/librbd.h", "rbd"), ("rados/librados.h", "ceph")):
            if not pathlib.Path("/usr/include", library).exists():
                headers = [path for path in headers if module not in path.parts]

        def compile_alone(header):
            with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
                # Twice: a header without a guard fails as well.
                line = f"#include <{header.relative_to('include')}>\n"
                source.write(line * 2)
                source.flush()
                done = subprocess.run(command + [source.name], cwd=directory, text=True,
                                      capture_output=True, check=False)
                return header, done.returncode, done.stderr

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            failed = [f"{header}:\n{errors[:2000]}"
                      for header, code, errors in pool.map(compile_alone, headers) if code != 0]
        self.assertFalse(failed, "\n" + "\n".join(failed))


if __name__ == "__main__":
    unittest.main(verbosity=2)
