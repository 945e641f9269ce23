#!/bin/bash
# A real one-node Ceph cluster (monitor, manager, OSDs, radosgw) on loopback, for tests.
# Needs no root, init system or container; up in about 20 s, about 450 MiB of memory.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: ceph.sh COMMAND DIR

  up DIR            makes a new cluster in DIR (must be empty or absent) and starts it
  down DIR          stops it; DIR stays, with its logs
  kill-rgw DIR      kills radosgw at once, as a crash would
  start-rgw DIR     starts radosgw again, on the same port, and waits until it answers
  restart-rgw DIR   kill-rgw, then start-rgw
  kill-osd DIR      kills the OSD at once; with STORE=bluestore its data stay
  start-osd DIR     starts it again and waits until it is up
  status DIR        the cluster's status

Environment of up: STORE=memstore|bluestore (memstore), ACCESS_KEY (benchaccess),
SECRET_KEY (benchsecret), OSDS=1 how many, WAIT_S=120 how long a daemon may take, RGW=yes|no (yes),
OWNER_PID: the cluster is stopped when that process is gone, however it ended.

Afterwards DIR/env has, for a shell to read: CEPH_CONF, S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY.
All daemons have their pids in DIR/run and their logs in DIR/log; nothing outside DIR is touched.
TEXT
}

die() {
    echo "ceph.sh: $*" >&2
    exit 1
}

say() { echo "ceph.sh: $*"; }

[ $# -eq 2 ] || { usage >&2; exit 2; }
command=$1
if [ "$command" = up ]; then mkdir -p "$2"; fi
dir=$(cd "$2" 2>/dev/null && pwd) || die "no folder $2"
conf=$dir/ceph.conf
wait_s=${WAIT_S:-120}

# Whatever cluster the caller's environment names, it is not this one.
unset CEPH_ARGS CEPH_KEYRING CEPH_LIB
export CEPH_CONF=$conf

# pid_of NAME: the daemon's process id if it runs and is really ours.
pid_of() {
    local pid
    pid=$(cat "$dir/run/$1.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    # A number that was given away again belongs to a process without our folder in its environment
    # or command line.
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "CEPH_CONF=$conf" || return 1
    echo "$pid"
}

# stop NAME SECONDS: asks, waits, kills.
stop() {
    local pid
    pid=$(pid_of "$1") || return 0
    kill "$pid" 2>/dev/null || return 0
    for ((i = 0; i < $2 * 10; ++i)); do
        running "$pid" || return 0
        sleep 0.1
    done
    say "$1 did not end in $2 s: killed"
    kill -9 "$pid" 2>/dev/null || true
}

# A zombie counts as ended: it is its parent's business.
running() {
    local state
    state=$(sed 's/^.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 1
    [ -n "$state" ] && [ "$state" != Z ]
}

show_log() {
    local file=$dir/log/$1.log
    [ -s "$file" ] && { echo "--- last lines of $file"; tail -n 20 "$file"; } >&2
    [ -s "$dir/log/$1.out" ] && { echo "--- $dir/log/$1.out"; tail -n 20 "$dir/log/$1.out"; } >&2
    return 0
}

# wait_until WHAT NAME COMMAND...: until the command succeeds; NAME is the daemon to blame.
wait_until() {
    local what=$1 name=$2 until=$((SECONDS + wait_s))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$until" ]; then
            show_log "$name"
            die "$what: not after $wait_s s"
        fi
        if [ -f "$dir/run/$name.pid" ] && ! pid_of "$name" >/dev/null; then
            show_log "$name"
            die "$what: $name died"
        fi
        sleep 0.2
    done
}

# run_daemon NAME COMMAND...: the daemon forks itself; what it says before goes to a file.
run_daemon() {
    local name=$1
    shift
    if ! "$@" >"$dir/log/$name.out" 2>&1; then
        show_log "$name"
        die "$name did not start"
    fi
}

# Three ports that are free now, from below the range that outgoing connections use.
free_ports() {
    /usr/bin/python3 - <<'PY'
import random, socket
first = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
found = []
for port in random.sample(range(max(2000, first - 20000), first), 200):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
    found.append(port)
    if len(found) == 3:
        break
print(*found)
PY
}

rgw_answers() { curl -s -o "$dir/log/rgw.answer" --max-time 2 "$(cat "$dir/rgw_url")/"; }
osds_are_up() {
    local made=("$dir"/osd[0-9]*)
    timeout 10 ceph osd stat | grep -q "[^0-9]${#made[@]} up"
}
mgr_is_active() { timeout 10 ceph mgr stat | grep -q '"available": true'; }
mon_answers() { timeout 10 ceph -s; }

start_rgw() {
    local port
    port=$(sed 's/.*://' "$dir/rgw_url")
    rm -f "$dir/run/client.rgw.pid"
    run_daemon client.rgw radosgw -n client.rgw \
        --rgw-frontends="beast endpoint=127.0.0.1:$port" --rgw-thread-pool-size=32
    wait_until "radosgw answers at $(cat "$dir/rgw_url")" client.rgw rgw_answers
}

# kill_daemon NAME: as a crash would.
kill_daemon() {
    local pid
    pid=$(pid_of "$1") || die "$1 is not running"
    kill -9 "$pid"
    while running "$pid"; do sleep 0.05; done
    rm -f "$dir/run/$1.pid"
}

run_osd() {
    rm -f "$dir/run/osd.$1.pid"
    run_daemon "osd.$1" ceph-osd -i "$1" --keyring "$dir/osd$1/keyring"
}

start_osd() {
    run_osd 0
    wait_until 'the OSD is up' osd.0 osds_are_up
}

# make_osd NUMBER SETUP_LOG: a new one, not started.
make_osd() {
    local key uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    key=$(ceph-authtool --gen-print-key)
    mkdir -p "$dir/osd$1"
    ceph osd new "$uuid" "$1" -i - <<<"{\"cephx_secret\": \"$key\"}" >>"$2" 2>&1 ||
        die "no OSD could be registered: see $2"
    quietly ceph-authtool --create-keyring "$dir/osd$1/keyring" --name "osd.$1" --add-key "$key"
    quietly ceph-osd -i "$1" --mkfs --osd-uuid "$uuid" --keyring "$dir/osd$1/keyring"
}

write_conf() {
    local mon_addrs=$1 store=$2 classes
    # Debian 13's OSD looks for them below its working folder.
    classes=$(find /usr/lib /usr/lib64 -maxdepth 2 -type d -name rados-classes 2>/dev/null |
        head -n 1) || true
    cat >"$conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = $mon_addrs
public_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = $dir/keyring
run_dir = $dir/run
log_file = $dir/log/\$name.log
admin_socket = $dir/run/\$name.\$pid.asok
pid_file = $dir/run/\$name.pid
mon_data = $dir/mon
mgr_data = $dir/mgr
osd_data = $dir/osd\$id
rgw_data = $dir/rgw
osd_objectstore = $store
${classes:+osd_class_dir = $classes}
memstore_device_bytes = 8589934592
bluestore_block_size = 10737418240
bluestore_cache_size = 268435456
osd_fast_shutdown = false
# A killed client is missed soon: tests wait for it.
osd_client_watch_timeout = 10
osd_memory_target = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_allow_pool_delete = true
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 2
mon_data_avail_crit = 1
# Buckets are emptied soon, and their index keeps one shape while a test counts.
rgw_gc_obj_min_wait = 10
rgw_gc_processor_period = 10
rgw_dynamic_resharding = false
rgw_crypt_require_ssl = false
CONF
}

owner_is_there() {
    [ -z "${OWNER_PID:-}" ] || kill -0 "$OWNER_PID" 2>/dev/null ||
        die "process $OWNER_PID, for which this was started, is gone"
}

up() {
    local tool ports mon_addrs number
    for tool in ceph ceph-mon ceph-mgr ceph-osd radosgw radosgw-admin rbd curl; do
        command -v "$tool" >/dev/null || die "no $tool: run scripts/install-deps.sh test"
    done
    [ ! -e "$conf" ] || die "$dir has a cluster already: down it and remove the folder"
    if [ "${#dir}" -gt 80 ]; then
        die "the path $dir is too long for the daemons' sockets (at most 80 characters)"
    fi
    case ${STORE:-memstore} in
        memstore | bluestore) ;;
        *) die "STORE=$STORE: memstore or bluestore" ;;
    esac
    # Whatever fails from here on leaves no daemon behind.
    trap 'status=$?; [ "$status" -eq 0 ] || down; exit "$status"' EXIT
    mkdir -p "$dir"/{mon,mgr,rgw,log,run}
    # From here on, because this may be killed too. Whether the owner went while daemons were
    # started, too early for these, is looked at in the end.
    # shellcheck disable=SC2016
    [ -z "${OWNER_PID:-}" ] || setsid --fork bash -c \
        'while kill -0 "$1" 2>/dev/null; do sleep 1; done; exec "$2" down "$3"' \
        - "$OWNER_PID" "$(realpath "${BASH_SOURCE[0]}")" "$dir" </dev/null >/dev/null 2>&1
    read -r -a ports <<<"$(free_ports)"
    [ ${#ports[@]} -eq 3 ] || die 'found no three free ports'
    mon_addrs="[v2:127.0.0.1:${ports[0]},v1:127.0.0.1:${ports[1]}]"
    echo "http://127.0.0.1:${ports[2]}" >"$dir/rgw_url"
    write_conf "$mon_addrs" "${STORE:-memstore}"

    # All that is said while keys and stores are made goes to one file, shown if a step fails.
    local setup=$dir/log/setup.out
    quietly() { "$@" >>"$setup" 2>&1 || { tail -n 20 "$setup" >&2; die "failed: $*"; }; }
    quietly ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    quietly ceph-authtool "$dir/keyring" --gen-key -n client.admin --cap mon 'allow *' \
        --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
    quietly monmaptool --create --addv a "$mon_addrs" \
        --fsid "$(sed -n 's/^fsid = //p' "$conf")" "$dir/monmap"
    quietly ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
    run_daemon mon.a ceph-mon -i a
    wait_until 'the monitor answers' mon.a mon_answers
    ceph auth get-or-create mgr.x mon 'allow profile mgr' osd 'allow *' mds 'allow *' \
        >>"$dir/keyring" 2>>"$setup" || die "no key for the manager: see $setup"
    run_daemon mgr.x ceph-mgr -i x

    for ((number = 0; number < ${OSDS:-1}; ++number)); do
        make_osd "$number" "$setup"
        run_osd "$number"
    done
    wait_until 'the OSDs are up' osd.0 osds_are_up
    wait_until 'the manager is active' mgr.x mgr_is_active
    quietly ceph osd pool create rbd 8 8
    quietly rbd pool init rbd

    if [ "${RGW:-yes}" = no ]; then
        echo "CEPH_CONF=$conf" >"$dir/env"
        owner_is_there
        say "up after $SECONDS s: CEPH_CONF=$conf"
        return
    fi
    ceph auth get-or-create client.rgw mon 'allow rw' osd 'allow rwx' >>"$dir/keyring" \
        2>>"$setup" || die "no key for radosgw: see $setup"
    start_rgw
    quietly radosgw-admin user create --uid=bench --display-name=bench --max-buckets=100000 \
        --access-key="${ACCESS_KEY:-benchaccess}" --secret-key="${SECRET_KEY:-benchsecret}"
    cat >"$dir/env" <<ENV
CEPH_CONF=$conf
S3_ENDPOINT=$(cat "$dir/rgw_url")
S3_ACCESS_KEY=${ACCESS_KEY:-benchaccess}
S3_SECRET_KEY=${SECRET_KEY:-benchsecret}
ENV
    owner_is_there
    say "up after $SECONDS s: CEPH_CONF=$conf, S3 at $(cat "$dir/rgw_url")"
}

down() {
    stop client.rgw 10
    local one
    for one in "$dir"/osd[0-9]*; do
        stop "osd.${one##*/osd}" 15
    done
    stop mgr.x 10
    stop mon.a 10
}

case $command in
    up) up ;;
    down) down ;;
    kill-rgw) kill_daemon client.rgw ;;
    start-rgw) start_rgw ;;
    restart-rgw) kill_daemon client.rgw; start_rgw ;;
    kill-osd) kill_daemon osd.0 ;;
    start-osd) start_osd ;;
    status) exec timeout 20 ceph -s ;;
    *) usage >&2; exit 2 ;;
esac
