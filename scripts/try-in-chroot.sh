#!/bin/bash
# The commands of the README on a fresh machine: in a bare Debian, made with debootstrap.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/try-in-chroot.sh [OPTION]... SUITE [COMMAND]

Makes a bare Debian SUITE (bookworm: 12, trixie: 13), copies what is under version control here into
it, and runs COMMAND there, from the top of the tree. Without one: scripts/quickstart.sh, then
scripts/test.sh. Needs root, debootstrap, unshare, and a Debian mirror. The exit status is the
command's.

  --dir DIR      keep the system there, and go on with the one that is there; otherwise it is in a
                 temporary folder and removed afterwards
  --mirror URL   (http://deb.debian.org/debian)
TEXT
}

die() {
    echo "try-in-chroot: $*" >&2
    exit 1
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mirror=http://deb.debian.org/debian
dir=
while [ $# -gt 0 ]; do
    case $1 in
        --dir | --mirror)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            if [ "$1" = --dir ]; then dir=$2; else mirror=$2; fi
            shift 2
            ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 2 ;;
        *) break ;;
    esac
done
[ $# -ge 1 ] || { usage >&2; exit 2; }
suite=$1
shift
[ $# -gt 0 ] || set -- scripts/quickstart.sh '&&' scripts/test.sh

[ "$(id -u)" -eq 0 ] || die 'needs root'
for tool in debootstrap unshare chroot tar git; do
    command -v "$tool" >/dev/null || die "no $tool"
done

# Mounts are made in a name space of their own, so that nothing of them can stay behind, nor be
# reached by the removal below; the processes in one of their own end with it.
if [ -z "$dir" ]; then
    dir=$(mktemp -d /var/tmp/chopsticks-chroot-XXXXXX)
    trap 'rm -rf --one-file-system "$dir"' EXIT
fi
if [ ! -x "$dir/usr/bin/apt-get" ]; then
    echo "try-in-chroot: a bare $suite in $dir"
    mkdir -p "$dir"
    debootstrap --variant=minbase "$suite" "$dir" "$mirror" >"$dir.log" 2>&1 ||
        { tail -n 20 "$dir.log" >&2; die "debootstrap failed: see $dir.log"; }
    rm -f "$dir.log"
fi
cp /etc/resolv.conf "$dir/etc/resolv.conf"

mkdir -p "$dir/src/chopsticks"
# What an earlier tree had and this one has not would be there still; builds may go on.
find "$dir/src/chopsticks" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
(cd "$tree" && git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from - --ignore-failed-read -cf -) | tar -C "$dir/src/chopsticks" -xf -

export dir command="$*"
status=0
inside=
# Whoever ends this script ends what runs inside: --kill-child needs unshare itself to be killed.
trap '[ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null; exit 130' INT TERM HUP
unshare --mount --pid --fork --kill-child bash -c '
    set -e
    mount --make-rprivate /
    mount --rbind /dev "$dir/dev"
    mount -t proc proc "$dir/proc"
    # With its control groups, which tests make some of.
    mount --rbind /sys "$dir/sys"
    mount -t tmpfs tmpfs "$dir/tmp"
    exec chroot "$dir" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash -c "cd /src/chopsticks && $command"
' &
inside=$!
wait "$inside" || status=$?
inside=
echo "try-in-chroot: $suite: exit status $status"
exit "$status"
