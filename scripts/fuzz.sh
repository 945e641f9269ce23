#!/bin/bash
# Builds the fuzz targets with clang, ASan and UBSan, and runs each for some seconds: what others
# wrote and this program reads. An input that ends one stays in BUILD_DIR/test/fuzz.
# Usage: scripts/fuzz.sh [--build-dir DIR] [--seconds N] [TARGET]...
#        TARGET: result histogram scenario http_head list_xml op_log access_log (default: all)
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$tree/build-fuzz
seconds=60
targets=()
while [ $# -gt 0 ]; do
    case $1 in
        --build-dir) build=$2; shift 2 ;;
        --seconds) seconds=$2; shift 2 ;;
        -*) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
        *) targets+=("$1"); shift ;;
    esac
done
[ ${#targets[@]} -gt 0 ] ||
    targets=(result histogram scenario http_head list_xml op_log access_log)

CC=clang-19 CXX=clang++-19 "$tree/scripts/configure.sh" "$build" -Dfuzz=true \
    -Dsanitizers=address -Db_lundef=false -Dbuildtype=plain -Doptimization=1 -Dcpp_args=-g1 \
    -Dbench=false -Drbd=disabled -Drados=disabled
ninja -C "$build" "${targets[@]/#/test/fuzz/fuzz_}"
for target in "${targets[@]}"; do
    # A corpus of its own, so that the next time goes on from what this one found.
    corpus=$build/test/fuzz/corpus-$target
    seeds=$tree/test/fuzz/corpus/$target
    [ "$target" != scenario ] || seeds=$tree/scenarios
    mkdir -p "$corpus"
    printf '\n=== %s\n' "$target"
    "$build/test/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -max_len=16384 -print_final_stats=1 -artifact_prefix="$build/test/fuzz/$target-" \
        "$corpus" "$seeds"
done
