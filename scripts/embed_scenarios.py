#!/usr/bin/env python3
"""Writes a C++ source that holds the given scenario files: embed_scenarios.py OUTPUT FILE..."""

import pathlib
import sys

# Compilers must take string literals of 65536 bytes; pieces stay far below.
piece_bytes = 8000


def literal(data):
    """Adjacent string literals that are these bytes."""
    out = []
    for start in range(0, len(data), piece_bytes):
        piece = data[start:start + piece_bytes]
        # Octal escapes have at most three digits, so that what follows is never part of one.
        text = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
                       for byte in piece)
        out.append(f'"{text}"')
    return "\n".join(out) or '""'


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    rows = []
    for path in sorted(files, key=lambda path: path.stem):
        data = path.read_bytes()
        rows.append(f'{{"{path.stem}", std::string_view({literal(data)}, {len(data)})}},')
    output.write_text(
        "// Made by scripts/embed_scenarios.py.\n"
        "#include <chopsticks/scenario/shipped.hpp>\n"
        "namespace chopsticks::scenario {\n"
        "std::span<const shipped_scenario> shipped_scenarios() noexcept {\n"
        "static constexpr shipped_scenario all[] = {\n" + "\n".join(rows) + "\n};\n"
        "return all;\n}\n}  // namespace chopsticks::scenario\n")


if __name__ == "__main__":
    main()
