#!/usr/bin/env python3
"""Writes a C++ source that holds files of a page: embed_assets.py OUTPUT FILE..."""

import base64
import hashlib
import pathlib
import re
import sys

from embed_scenarios import literal


def cleaned(path):
    """The file's bytes as they go between tags. A source map would be a request for a file."""
    source_map = rb"\n//# sourceMappingURL=[^\n]*|/\*# sourceMappingURL=[^*]*\*/"
    data = re.sub(source_map, b"", path.read_bytes())
    if re.search(rb"<(/script|/style|!--)", data, re.IGNORECASE):
        sys.exit(f"{path}: cannot stand between tags of a page")
    return data


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    rows = []
    for path in files:
        data = cleaned(path)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        text = f"std::string_view({literal(data)}, {len(data)})"
        rows.append(f'{{"{path.name}", {text}, "{digest}"}},')
    output.write_text(
        "// Made by scripts/embed_assets.py.\n"
        "#include <chopsticks/report/assets.hpp>\n"
        "// The compilers in use take longer literals than all have to.\n"
        "#pragma GCC diagnostic push\n"
        "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
        "namespace chopsticks::report {\n"
        "std::span<const asset> assets() noexcept {\n"
        "static constexpr asset all[] = {\n" + "\n".join(rows) + "\n};\n"
        "return all;\n}\n}  // namespace chopsticks::report\n"
        "#pragma GCC diagnostic pop\n")


if __name__ == "__main__":
    main()
