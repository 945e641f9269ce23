#!/usr/bin/env python3
"""Writes a C++ source that holds the locustfile and what lies beside it:
embed_locustfile.py OUTPUT FILE..."""

import pathlib
import sys

from embed_scenarios import literal

output, *files = map(pathlib.Path, sys.argv[1:])
rows = []
for path in sorted(files):
    data = path.read_bytes()
    rows.append(f'{{"{path.name}", std::string_view({literal(data)}, {len(data)})}},')
output.write_text(
    "// Made by scripts/embed_locustfile.py.\n"
    '#include "src/cli/locustfiles.hpp"\n'
    "// The compilers in use take longer literals than all have to.\n"
    "#pragma GCC diagnostic push\n"
    "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    "namespace chopsticks::cli {\n"
    "std::span<const shipped_file> locustfiles() noexcept {\n"
    "static constexpr shipped_file all[] = {\n" + "\n".join(rows) + "\n};\n"
    "return all;\n}\n}  // namespace chopsticks::cli\n"
    "#pragma GCC diagnostic pop\n")
