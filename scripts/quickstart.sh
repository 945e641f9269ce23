#!/bin/bash
# From a fresh machine to a first result: installs what is missing, builds build/chopsticks, and
# benchmarks S3 against the embedded endpoint for ten seconds.
# Usage: scripts/quickstart.sh [OPTION]...
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/quickstart.sh [OPTION]...

Installs what the build needs (asks sudo if not root, says what), builds build/chopsticks, and runs
scenarios/quickstart.yaml against an S3 endpoint inside the process. Run it again: it is quick then.

  --build-dir DIR   build there instead of build/
  --skip-install    do not look for missing packages
  --meson-arg ARG   passed to meson setup, e.g. -Drbd=disabled; may be given several times
TEXT
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$tree/build
install=true
meson_args=()
while [ $# -gt 0 ]; do
    case $1 in
        --build-dir)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            mkdir -p "$2"
            build=$(cd "$2" && pwd)
            shift 2
            ;;
        --meson-arg)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            meson_args+=("$2")
            shift 2
            ;;
        --skip-install) install=false; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

step=
step() {
    step=$1
    printf '\n== %s\n' "$step"
}
on_exit() {
    status=$?
    if [ "$status" -ne 0 ]; then
        printf '\nquickstart: failed at: %s (exit status %d). %s\n' \
            "$step" "$status" "${hint:-}" >&2
    fi
    exit "$status"
}
trap on_exit EXIT

if $install; then
    step 'packages that the build needs'
    hint='The lines above say which package is the matter; --skip-install goes on without.'
    "$tree/scripts/install-deps.sh" build
fi

step "build in $build"
hint="The first error is above."
started=$SECONDS
"$tree/scripts/configure.sh" "$build" "${meson_args[@]}"
meson compile -C "$build" chopsticks
binary=$build/chopsticks
[ -x "$binary" ] || { echo "the build did not make $binary" >&2; exit 1; }
echo "built $binary in $((SECONDS - started)) s: $("$binary" --version)"

step 'ten seconds of S3 against the embedded endpoint'
hint='The last lines above are what chopsticks said about it.'
mkdir -p "$build/results"
result=$build/results/quickstart-$(date +%Y%m%d-%H%M%S).json
status=0
"$binary" run -f "$tree/scenarios/quickstart.yaml" --embedded --output "$result" || status=$?
# 3: it ran, but the generator was the limit. That is about this machine, and no failure of ours.
if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then exit "$status"; fi
[ -s "$result" ] || { echo "no result file at $result" >&2; exit 1; }

cat <<TEXT

The result file: $result
Next:
  $binary list                 what there is to run
  $binary run -f $tree/scenarios/mixed.yaml --endpoint http://HOST:PORT --access-key KEY
                               your own S3 (the secret key from AWS_SECRET_ACCESS_KEY)
  $tree/scripts/test.sh        all tests
TEXT
if [ "$status" -eq 3 ]; then
    echo "The run was marked invalid: the load generator was the limit here. The reasons are above."
fi
