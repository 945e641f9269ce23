#!/bin/bash
# The format of every C++ file, clang-tidy over src/, and every test and bench compiled for itself
# with all of clang's warnings. Ends with `N passed, N failed` (files).
#
# Elsewhere files are compiled eight at a time, so this is where one that lives on what another
# includes is found.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/lint.sh [OPTION]...

  --build-dir DIR    is configured here, with clang, for the compile commands (build-lint/)
  --format-only      the formatter alone
  --jobs N           clang-tidy processes at a time (as many as CPUs)
  --counts FILE      write "PASSED FAILED" there, for whoever adds up several runs, and what failed
                     into FILE.failed
TEXT
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$tree/build-lint
format_only=false
jobs=$(nproc)
counts=
while [ $# -gt 0 ]; do
    case $1 in
        --build-dir) build=$2; shift 2 ;;
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
clang=$(find_tool clang++)

passed=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$tree"
mapfile -t sources < <(find src include test bench examples -name '*.cpp' -o -name '*.hpp' | sort)
# Many at a time: to start takes it longer than to look at a file.
unformatted=()
if ! printf '%s\0' "${sources[@]}" |
    xargs -0 -n 100 "$clang_format" --dry-run -Werror >"$scratch/format" 2>&1; then
    head -n 30 "$scratch/format"
    mapfile -t unformatted < <(
        sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: .*/\1/p' "$scratch/format" | sort -u)
    # Whatever else it did not like has no file of its own.
    [ ${#unformatted[@]} -gt 0 ] || failed=1
fi
failed=$((failed + ${#unformatted[@]}))
passed=$((${#sources[@]} - ${#unformatted[@]}))
if [ ${#unformatted[@]} -gt 0 ]; then
    echo "lint.sh: mend with: $(basename "$clang_format") -i ${unformatted[*]}"
fi
echo "lint.sh: format of ${#sources[@]} files checked in $SECONDS s"

if ! $format_only; then
    if [ -f "$build/compile_commands.json" ] &&
        ! grep -q -m 1 'clang++' "$build/compile_commands.json"; then
        echo "lint.sh: $build is built with another compiler: name a folder of its own" >&2
        exit 1
    fi
    CC=${clang/++/} CXX=$clang "$tree/scripts/configure.sh" "$build" -Dunity=off \
        -Dwerror=true -Dbuildtype=plain
    /usr/bin/python3 - "$build" "$tree" "$scratch" <<'PY'
import json, pathlib, shlex, sys
build, tree, scratch = map(pathlib.Path, sys.argv[1:])
sys.dont_write_bytecode = True
sys.path.insert(0, str(tree / "test" / "support"))
import compile_commands
kept = []
for entry in compile_commands.entries(build):
    source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
    # What the build itself writes, and the one unit that compiles Asio and Beast themselves, have
    # nothing of ours to look at.
    if source.is_relative_to(build.resolve()) or source.name == "boost_impl.cpp":
        continue
    command = shlex.join(compile_commands.bare_words(entry))
    kept.append({**entry, "file": str(source), "command": command})
(scratch / "compile_commands.json").write_text(json.dumps(kept))
for entry in kept:
    name = entry["file"].replace("/", "_")
    (scratch / f"{name}.sh").write_text(
        f"cd {shlex.quote(entry['directory'])}\nexec {entry['command']} -fsyntax-only\n")
(scratch / "files").write_text("".join(sorted({e["file"] + "\n" for e in kept})))
PY
    # One file per process, its verdict as a file; xargs only keeps the processors busy.
    export clang_tidy scratch tree
    check_one() {
        local name check
        name=$(tr / _ <<<"$1")
        case $1 in
            "$tree"/src/*) check=("$clang_tidy" -p "$scratch" --quiet "$1") ;;
            *) check=(sh "$scratch/$name.sh") ;;
        esac
        if "${check[@]}" >"$scratch/$name.out" 2>"$scratch/$name.err"; then
            echo ok >"$scratch/$name.verdict"
        else
            echo bad >"$scratch/$name.verdict"
            cat "$scratch/$name.out" "$scratch/$name.err"
        fi
    }
    export -f check_one
    xargs -r -P "$jobs" -I{} bash -c 'check_one "$1"' _ {} <"$scratch/files"
    # No match is a count of none, and no reason for the shell to end before it has said so.
    good=$({ grep -lx ok "$scratch"/*.verdict 2>/dev/null || true; } | wc -l)
    all=$(wc -l <"$scratch/files")
    passed=$((passed + good))
    failed=$((failed + all - good))
    tidied=$(grep -c "^$tree/src/" "$scratch/files" || true)
    [ "$tidied" -gt 0 ] || { echo "lint.sh: found no file of src/" >&2; exit 1; }
    echo "lint.sh: $all files looked at, $tidied of them by clang-tidy, after $SECONDS s"
fi
if [ -n "$counts" ]; then
    echo "$passed $failed" >"$counts"
    {
        [ ${#unformatted[@]} -eq 0 ] || printf '  format: %s\n' "${unformatted[@]}"
        for verdict in $(grep -lx bad "$scratch"/*.verdict 2>/dev/null || true); do
            cat "${verdict%.verdict}.out" "${verdict%.verdict}.err" | head -n 20 | sed 's/^/  | /'
        done
    } >"$counts.failed"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
