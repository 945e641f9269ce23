#!/usr/bin/env python3
"""Writes a C++ source that holds drivers' scripts: embed_drivers.py OUTPUT FILE_driver.py..."""

import pathlib
import sys

import embed_scenarios


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    functions = []
    for path in files:
        data = path.read_bytes()
        name = path.stem.removesuffix("_driver")
        functions.append(
            f"std::string_view {name}_script() {{\n"
            f"return std::string_view({embed_scenarios.literal(data)}, {len(data)});\n}}")
    output.write_text(
        "// Made by scripts/embed_drivers.py.\n"
        '#include "driver_scripts.hpp"\n'
        "namespace chopsticks::s3 {\n" + "\n".join(functions) +
        "\n}  // namespace chopsticks::s3\n")


if __name__ == "__main__":
    main()
