#!/bin/bash
# Installs the Debian packages that a level needs, and nothing when they are there already.
# Usage: scripts/install-deps.sh [--dry-run] [build|test|lint]...      (default: build)
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/install-deps.sh [--dry-run] [LEVEL]...

Levels:
  build   what compiles Chopsticks and its unit tests (default)
  test    build, and what the whole test suite runs against: Ceph, nginx, boto3, s3cmd, wrk, ...
  lint    clang 19 with its formatter and linter, as .ci/run uses them

  --dry-run   only say what is missing

Runs apt-get through sudo when not root. Starts no service.
TEXT
}

# package: why. Of `one | other` the first that is installed or can be is taken, `>=` says from
# which version on; distributions name their Boosts differently.
build_packages='
g++: the compiler (GCC 12 or later)
meson: the build system
ninja-build: runs the build
pkg-config: finds the libraries below
libboost1.81-dev | libboost-dev>=1.81 | libboost1.83-dev: Asio and Beast (sockets, HTTP)
libssl-dev: TLS, and the hashes of S3 signatures
libcurl4-openssl-dev: the driver curl
nlohmann-json3-dev: result files
libyaml-cpp-dev: scenarios and workload configurations
libcli11-dev: the command line
libpugixml-dev: XML of S3
zlib1g-dev: compressed histograms
doctest-dev: unit tests
librbd-dev: the client library of Ceph block devices
librados-dev: that of objects in the pools of Ceph
libzmq3-dev: the connection of workers to a Locust master
libjs-dygraphs: charts of reports that can be zoomed
libradospp-dev: its C++ interface, which sends what it is given without a copy
'
test_packages='
ceph-mon: the Ceph cluster that the tests start on loopback: monitor
ceph-mgr: - manager
ceph-osd: - object store
ceph-common: - its command line
radosgw: - its S3 gateway
nginx-light: the server of the comparison with wrk
wrk: what the HTTP client is compared with
python3: end-to-end tests
python3-boto3: an independent S3 client
python3-locust: the master of distributed runs
python3-yaml: reads files for Kubernetes
python3-jsonschema: an independent check of result files
python3-selenium: drives the browser in which pages are looked at
chromium: that browser
chromium-driver: what it is driven by
s3cmd: another independent S3 client
awscli: - the command line of AWS
rclone: - rclone
restic: - backups
redis-server: what the example of a workload puts load on
redis-tools: redis-cli, an independent client of it
curl: asks servers whether they are up
jq: commands of the documentation
iproute2: tests in a network of their own
fio: what block I/O is compared with
prometheus: scrapes a run
valgrind: counts instructions
strace: counts system calls
'
lint_packages='
clang-19: the second compiler
libclang-rt-19-dev: its sanitizers
llvm-19: the functions in their reports
clang-tidy-19: finds what compilers let pass
clang-format-19: the format of the source
ccache: compiles again only what changed
'

die() {
    echo "install-deps: $*" >&2
    exit 1
}

dry_run=false
levels=()
for argument in "$@"; do
    case $argument in
        --dry-run) dry_run=true ;;
        -h | --help) usage; exit 0 ;;
        build | test | lint) levels+=("$argument") ;;
        *) usage >&2; die "unknown argument: $argument" ;;
    esac
done
[ ${#levels[@]} -gt 0 ] || levels=(build)

wanted=$build_packages
for level in "${levels[@]}"; do
    case $level in
        test) wanted+=$test_packages ;;
        lint) wanted+=$lint_packages ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-deps: this is no Debian system. Install the equivalents of these yourself, or let"
    echo "Meson fetch the libraries among them (it does so for those your system lacks):"
    sed '/^$/d; s/^/  /' <<<"$wanted"
    exit 1
fi

# new_enough VERSION LEAST: true without a least version too.
new_enough() { [ -z "$2" ] || dpkg --compare-versions "$1" ge "$2"; }

# candidate PACKAGE: the version that could be installed, or nothing.
candidate() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -vFx '(none)'
}

# choose ALTERNATIVES: sets `chosen` to the package to install, or to nothing if one is there.
# Without package lists, or where they know none, the first is named, and apt-get says the rest.
choose() {
    local alternative package least version
    local -a alternatives
    IFS='|' read -r -a alternatives <<<"${1// /}"
    for alternative in "${alternatives[@]}"; do
        package=${alternative%%>=*}
        least=${alternative#"$package"}
        version=${installed[$package]:-}
        if [ -n "$version" ] && new_enough "$version" "${least#>=}"; then
            chosen=
            return
        fi
    done
    chosen=${alternatives[0]%%>=*}
    [ ${#alternatives[@]} -gt 1 ] || return 0
    for alternative in "${alternatives[@]}"; do
        package=${alternative%%>=*}
        least=${alternative#"$package"}
        version=$(candidate "$package") || continue
        if new_enough "$version" "${least#>=}"; then
            chosen=$package
            return
        fi
    done
}

# find_missing: what `wanted` names and is not installed, as `missing`, and `reasons` to show.
find_missing() {
    local names alternatives why name version
    # One call for all names: an unknown or absent package is simply not in the answer.
    mapfile -t names < <(sed -n 's/:.*//p' <<<"$wanted" | tr '|' '\n' | sed 's/>=.*//; s/ //g' |
        sed '/^$/d' | sort -u)
    declare -gA installed=()
    while read -r name version; do
        installed[$name]=$version
    done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' "${names[@]}" \
        2>/dev/null | sed -n 's/^.i[ ]* //p' || true)
    missing=()
    reasons=()
    while IFS=: read -r alternatives why; do
        [ -n "$alternatives" ] || continue
        choose "$alternatives"
        [ -n "$chosen" ] || continue
        missing+=("$chosen")
        reasons+=("$(printf '  %-22s%s' "$chosen" "$why")")
    done <<<"$wanted"
}

chosen=
missing=()
reasons=()
find_missing
if [ ${#missing[@]} -eq 0 ]; then
    echo "install-deps: everything for ${levels[*]} is installed"
    exit 0
fi

echo "install-deps: for ${levels[*]} these packages are missing:"
printf '%s\n' "${reasons[@]}"
if $dry_run; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "needs root: run it as root, or install sudo"
    echo "install-deps: asking sudo for the right to install them"
    as_root=(sudo)
fi

# A package's own scripts may start what it installs (nginx does). This policy, which only exists
# while we install, forbids it; without a running init it also keeps them from failing.
policy=/usr/sbin/policy-rc.d
scratch=$(mktemp -d)
made_policy=false
clean_up() {
    if $made_policy; then "${as_root[@]}" rm -f "$policy"; fi
    rm -rf "$scratch"
}
trap clean_up EXIT
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$scratch/policy"
    "${as_root[@]}" install -m 755 "$scratch/policy" "$policy"
    made_policy=true
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q \
        -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

nginx_was_here=false
if dpkg-query -W -f '${db:Status-Abbrev}' nginx-common 2>/dev/null | grep -q '^.i'; then
    nginx_was_here=true
fi

# Lists are fetched only if those that are there do not know a package, or name a file that the
# mirror no longer has. Fresh ones may know another alternative.
install_missing() { apt install -y --no-install-recommends "${missing[@]}"; }
fetch_lists() {
    apt update || die "apt-get update failed: is the network there, and a mirror in sources.list?"
    find_missing
}
simulated() { apt-get -qq --simulate --no-install-recommends install "${missing[@]}" 2>&1; }
give_up() {
    local package unknown=()
    for package in "${missing[@]}"; do
        candidate "$package" >/dev/null || unknown+=("$package")
    done
    if [ ${#unknown[@]} -gt 0 ]; then
        die "this system's package lists do not have: ${unknown[*]}
  Chopsticks is tried on Debian 12 and 13. Install their equivalents yourself, or let Meson fetch
  the libraries among them, and go on with --skip-install."
    fi
    die "apt-get could not install: ${missing[*]}
  (python3-scipy and other packages built with an older Boost conflict with libboost1.81-dev;
  the lines above name the conflict if that is it)"
}
if ! simulated >/dev/null; then
    fetch_lists
    if ! problem=$(simulated); then
        echo "$problem" >&2
        give_up
    fi
fi
if ! install_missing; then
    echo "install-deps: trying again with fresh package lists"
    fetch_lists
    install_missing || give_up
fi

# Installed for their programs only: they shall not come up at the next boot either.
disable() {
    command -v systemctl >/dev/null || return 0
    "${as_root[@]}" systemctl disable "$1" >/dev/null 2>&1 ||
        echo "install-deps: note: could not disable the service $1; it may start at boot"
}
if ! $nginx_was_here && [[ " ${missing[*]} " == *" nginx-light "* ]]; then disable nginx; fi
if [[ " ${missing[*]} " == *" redis-server "* ]]; then disable redis-server; fi
if [[ " ${missing[*]} " == *" prometheus "* ]]; then disable prometheus; fi
echo "install-deps: done"
