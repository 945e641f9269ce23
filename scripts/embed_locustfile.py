#!/usr/bin/env python3
"""Writes a C++ source that holds the locustfile: embed_locustfile.py OUTPUT FILE"""

import pathlib
import sys

from embed_scenarios import literal

output, path = map(pathlib.Path, sys.argv[1:])
data = path.read_bytes()
output.write_text(
    "// Made by scripts/embed_locustfile.py.\n"
    "#include <string_view>\n"
    "// The compilers in use take longer literals than all have to.\n"
    "#pragma GCC diagnostic push\n"
    "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    "namespace chopsticks::cli {\n"
    "std::string_view locustfile() noexcept;\n"
    "std::string_view locustfile() noexcept {\n"
    f"return std::string_view({literal(data)}, {len(data)});\n"
    "}\n}  // namespace chopsticks::cli\n"
    "#pragma GCC diagnostic pop\n")
