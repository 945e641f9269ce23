#!/bin/bash
# The format of every C++ file, and clang-tidy over src/. Ends with `N passed, N failed` (files).
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/lint.sh [OPTION]...

  --build-dir DIR    a configured build, for the compile commands (build/)
  --format-only      the formatter alone
  --jobs N           clang-tidy processes at a time (as many as CPUs)
  --counts FILE      write "PASSED FAILED" there, for whoever adds up several runs
TEXT
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$tree/build
format_only=false
jobs=$(nproc)
counts=
while [ $# -gt 0 ]; do
    case $1 in
        --build-dir) build=$(cd "$2" && pwd); shift 2 ;;
        --format-only) format_only=true; shift ;;
        --jobs) jobs=$2; shift 2 ;;
        --counts) counts=$2; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

find_tool() {
    command -v "$1-19" || command -v "$1" || {
        echo "lint.sh: no $1: scripts/install-deps.sh lint" >&2
        exit 1
    }
}
clang_format=$(find_tool clang-format)
clang_tidy=$(find_tool clang-tidy)

passed=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$tree"
mapfile -t sources < <(find src include test bench -name '*.cpp' -o -name '*.hpp' | sort)
unformatted=()
for file in "${sources[@]}"; do
    if "$clang_format" --dry-run -Werror "$file" >"$scratch/format" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        unformatted+=("$file")
        head -n 3 "$scratch/format"
    fi
done
if [ ${#unformatted[@]} -gt 0 ]; then
    echo "lint.sh: mend with: $(basename "$clang_format") -i ${unformatted[*]}"
fi
echo "lint.sh: format of ${#sources[@]} files checked in $SECONDS s"

if ! $format_only; then
    [ -f "$build/compile_commands.json" ] || {
        echo "lint.sh: no compile_commands.json in $build: meson setup it first" >&2
        exit 1
    }
    # clang does not know some of GCC's flags, and precompiled output is of no use to it.
    /usr/bin/python3 - "$build" "$tree" "$scratch" <<'PY'
import json, pathlib, sys
build, tree, scratch = map(pathlib.Path, sys.argv[1:])
kept = []
for entry in json.loads((build / "compile_commands.json").read_text()):
    source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
    # The one unit that compiles Asio and Beast themselves has nothing of ours to look at.
    if not source.is_relative_to(tree / "src") or source.name == "boost_impl.cpp":
        continue
    # GCC's warnings are not clang's, and what clang-tidy finds fails by its own list, whether or
    # not the build takes warnings for errors.
    words = [w for w in entry["command"].split()
             if w not in ("-fcoroutines", "-Werror") and not w.startswith("-Wno-")]
    kept.append({**entry, "file": str(source), "command": " ".join(words)})
(scratch / "compile_commands.json").write_text(json.dumps(kept))
(scratch / "files").write_text("".join(e["file"] + "\n" for e in kept))
PY
    # One file per process, its verdict as a file; xargs only keeps the processors busy.
    export clang_tidy scratch
    check_one() {
        local name
        name=$(tr / _ <<<"$1")
        if "$clang_tidy" -p "$scratch" --quiet "$1" >"$scratch/$name.out" 2>/dev/null; then
            echo ok >"$scratch/$name.verdict"
        else
            echo bad >"$scratch/$name.verdict"
            cat "$scratch/$name.out"
        fi
    }
    export -f check_one
    sort -u "$scratch/files" | xargs -r -P "$jobs" -I{} bash -c 'check_one "$1"' _ {}
    # No match is a count of none, and no reason for the shell to end before it has said so.
    good=$({ grep -lx ok "$scratch"/*.verdict 2>/dev/null || true; } | wc -l)
    all=$(sort -u "$scratch/files" | wc -l)
    passed=$((passed + good))
    failed=$((failed + all - good))
    echo "lint.sh: clang-tidy over $all files done after $SECONDS s"
fi
[ -z "$counts" ] || echo "$passed $failed" >"$counts"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
