#!/bin/bash
# All tests: installs what they need, builds, runs every suite, ends with `N passed, N failed`.
set -euo pipefail

suites_all=(unit tidy integration e2e bench ceph)

usage() {
    cat <<TEXT
Usage: scripts/test.sh [OPTION]...

Installs what the tests need (asks sudo if not root, says what), builds, and runs the suites
${suites_all[*]}. The exit status is 0 if nothing failed: what was skipped, or is named in
test/expected_tests.txt and did not run, has failed.

  --suite NAME        only this suite, of what it needs; may be given several times
  --build-dir DIR     build there instead of build/
  --skip-install      do not look for missing packages
  --meson-arg ARG     passed to meson setup, e.g. -Dwerror=true; may be given several times
  --counts FILE       write "PASSED FAILED" there, for whoever adds up several runs, and what failed
                      and why into FILE.failed
TEXT
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$tree/build
install=true
suites=()
meson_args=(-Dtests=true -Dbench=true)
counts=
while [ $# -gt 0 ]; do
    case $1 in
        --suite | --build-dir | --meson-arg | --counts)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            ;;&
        --suite) suites+=("$2"); shift 2 ;;
        --build-dir)
            mkdir -p "$2"
            build=$(cd "$2" && pwd)
            shift 2
            ;;
        --meson-arg) meson_args+=("$2"); shift 2 ;;
        --counts) counts=$2; shift 2 ;;
        --skip-install) install=false; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
whole=false
[ ${#suites[@]} -gt 0 ] || { whole=true; suites=("${suites_all[@]}"); }

give_up() {
    echo "test.sh: $1" >&2
    [ -z "$counts" ] || { echo "0 1" >"$counts"; echo "  $1" >"$counts.failed"; }
    echo '0 passed, 1 failed'
    exit 1
}

if $install; then
    "$tree/scripts/install-deps.sh" test || give_up 'could not install what the tests need'
fi

started=$SECONDS
"$tree/scripts/configure.sh" "$build" "${meson_args[@]}" || give_up 'meson setup failed'
targets=()
if ! $whole; then
    needed=$(/usr/bin/env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
        "$tree/test/support/test_targets.py" "$build" "${suites[@]}") ||
        give_up 'cannot tell what the suites need'
    mapfile -t targets <<<"$needed"
fi
ninja -C "$build" "${targets[@]}" || give_up 'the build failed'
echo "test.sh: built in $((SECONDS - started)) s"

# run_suite SUITE: its verdict is in the log that the summary reads.
run_suite() {
    local parallel
    printf '\n== %s\n' "$1"
    # What measures, or starts a server and a client of its own, would disturb its neighbours. Which
    # of e2e do, test/e2e/meson.build says.
    case $1 in
        unit | tidy) parallel=$(nproc) ;;
        e2e) parallel=2 ;;
        *) parallel=1 ;;
    esac
    meson test -C "$build" --no-rebuild --suite "$1" --logbase "testlog-$1" \
        --num-processes "$parallel" --print-errorlogs || true
}

logs=()
for suite in "${suites[@]}"; do
    rm -f "$build/meson-logs/testlog-$suite".{json,txt}
    logs+=("$suite=$build/meson-logs/testlog-$suite.json")
done

# Most of the time of e2e and of ceph is waiting, for servers and clusters: side by side, and the
# benchmarks, which only show here that they work, behind ceph. What these say comes when they have
# ended.
beside=
said=$(mktemp)
on_exit() {
    touch "$said.ended"
    # Meson ends its tests, and they their clusters; an interrupt does not reach the background.
    if [ -n "$beside" ]; then
        pkill -TERM -P "$beside" || true
        wait "$beside" || true
    fi
    rm -f "$said" "$said.ended"
}
trap on_exit EXIT
left=" ${suites[*]} "
for suite in "${suites[@]}"; do
    left=${left#* }
    if [ "$suite" = ceph ] && [ -n "$beside" ]; then
        wait "$beside"
        beside=
        cat "$said"
        continue
    fi
    # bench is in that lane too.
    if [ "$suite" = bench ] && [ -n "$beside" ]; then continue; fi
    if [ "$suite" = e2e ] && [[ $left == *'ceph '* ]]; then
        printf '\n== ceph begins beside e2e\n'
        {
            run_suite ceph
            if [[ $left == *'bench '* ]] && [ ! -e "$said.ended" ]; then run_suite bench; fi
        } >"$said" 2>&1 &
        beside=$!
    fi
    run_suite "$suite"
done

printf '\n== %s s in all; logs in %s\n' "$((SECONDS - started))" "$build/meson-logs"
status=0
summary=$(/usr/bin/env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
    "$tree/test/support/summarize_tests.py" "$build" "${logs[@]}") || status=1
echo "$summary"
if [ -n "$counts" ]; then
    sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$summary" >"$counts"
    grep '^  ' <<<"$summary" >"$counts.failed" || true
fi
exit "$status"
