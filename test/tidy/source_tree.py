"""What the rules look at: the files of the tree, and C++ text without its comments and literals."""

import os
import pathlib
import re
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]

cpp_suffixes = {".cpp", ".hpp"}
script_suffixes = {".py", ".sh"}

# Groups: the bracket or quote, the name.
include_line = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.MULTILINE)


def all_files():
    """Every file that is, or would be, under version control; paths relative to the root."""
    try:
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [pathlib.Path(name) for name in listed if name]
    except (OSError, subprocess.CalledProcessError):  # an exported tree
        paths = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders
                          if not f.startswith(("build", ".git", ".cache")) and f != "__pycache__"]
            paths += [(pathlib.Path(folder) / name).relative_to(root) for name in names]
    return sorted(path for path in set(paths) if (root / path).is_file())


def cpp_files(*folders):
    return [path for path in all_files()
            if path.suffix in cpp_suffixes and path.parts[0] in folders]


def text_of(path):
    """The text, or None for a file that is not text."""
    data = (root / path).read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


_literal = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def without_comments_and_literals(text):
    """Comments become blanks, literals become "" or 0; every line keeps its number."""

    def blank(match):
        found = match.group(0)
        newlines = "\n" * found.count("\n")
        if found.startswith("/"):
            return newlines or " "
        return ('""' if '"' in found[:20] else "0") + newlines

    return _literal.sub(blank, text)


def strings_of(text):
    """The contents of all string literals, as they stand between the quotes; none of comments and
    of includes."""
    found = []
    for match in _literal.finditer(text):
        literal = match.group(0)
        if literal.startswith(("/", "'")):
            continue
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if re.fullmatch(r"\s*#\s*include\s*", line):
            continue
        mark = match.group("mark")
        if mark is None:
            found.append(literal[literal.index('"') + 1:-1])
        else:
            found.append(literal[literal.index("(") + 1:-len(mark) - 2])
    return found


def line_of(text, position):
    return text.count("\n", 0, position) + 1
