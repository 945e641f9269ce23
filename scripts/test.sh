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

  --suite NAME        only this suite; may be given several times
  --build-dir DIR     build there instead of build/
  --skip-install      do not look for missing packages
  --meson-arg ARG     passed to meson setup, e.g. -Dwerror=true; may be given several times
  --counts FILE       write "PASSED FAILED" there, for whoever adds up several runs
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
[ ${#suites[@]} -gt 0 ] || suites=("${suites_all[@]}")

give_up() {
    echo "test.sh: $1" >&2
    [ -z "$counts" ] || echo "0 1" >"$counts"
    echo '0 passed, 1 failed'
    exit 1
}

if $install; then
    "$tree/scripts/install-deps.sh" test || give_up 'could not install what the tests need'
fi

started=$SECONDS
"$tree/scripts/configure.sh" "$build" "${meson_args[@]}" || give_up 'meson setup failed'
meson compile -C "$build" || give_up 'the build failed'
echo "test.sh: built in $((SECONDS - started)) s"

logs=()
for suite in "${suites[@]}"; do
    printf '\n== %s\n' "$suite"
    # What measures, or starts a server and a client of its own, would disturb its neighbours.
    case $suite in
        unit | tidy) parallel=$(nproc) ;;
        *) parallel=1 ;;
    esac
    log_base=testlog-$suite
    rm -f "$build/meson-logs/$log_base".{json,txt}
    meson test -C "$build" --no-rebuild --suite "$suite" --logbase "$log_base" \
        --num-processes "$parallel" --print-errorlogs || true
    logs+=("$suite=$build/meson-logs/$log_base.json")
done

printf '\n== %s s in all; logs in %s\n' "$((SECONDS - started))" "$build/meson-logs"
status=0
summary=$(/usr/bin/env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
    "$tree/test/support/summarize_tests.py" "$build" "${logs[@]}") || status=1
echo "$summary"
if [ -n "$counts" ]; then
    sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$summary" >"$counts"
fi
exit "$status"
