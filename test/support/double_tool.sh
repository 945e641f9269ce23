#!/bin/sh
# A tool that does one operation of a store and ends: the store is a folder, so that it starts at
# once. After STORE comes the lie it tells where it is asked to do LIE's operation; "honest": none.
#
#   double_tool.sh STORE LIE put|get|get_range|head|list|delete KEY [OFFSET LENGTH]
#
# Further arguments are for whoever looks for it among the processes.
store=$1 lie=$2 operation=$3 key=$4
file=$store/$key

# Another process of its group, that keeps its pipes. It has the same arguments, for who looks.
leave_child() {
    sh -c 'sleep 1000; :' "$0" "$@" &
}

case $operation.$lie in
    put.ignores) exit 0 ;;
    put.half) head -c 100 > /dev/null; exit 0 ;;
    put.closed) exec < /dev/null; exit 0 ;;
    get.nothing) exit 0 ;;
    get.more) cat "$file"; echo more; exit 0 ;;
    get.less) head -c 10 "$file"; exit 0 ;;
    get.content) tr '\000-\377' '\001-\377\000' < "$file"; exit 0 ;;
    get.endless) exec yes ;;
    get.floods) yes "much to say" | head -c 3000000 >&2; echo "no more" >&2; exit 3 ;;
    get.secret) echo "key $AWS_SECRET_ACCESS_KEY is mine" >&2; exit 7 ;;
    get.signal) kill -SEGV $$ ;;
    get.alone) mkdir "$store/taken" || exit 9; cat "$file"; rmdir "$store/taken"; exit ;;
    get.child) leave_child "$@"; exec cat "$file" ;;
    get.hangs) trap '' TERM; leave_child "$@"; while :; do sleep 1; done ;;
    head.size) echo "size: 1"; exit 0 ;;
    head.silent) exit 0 ;;
    list.short) exit 0 ;;
esac

case $operation in
    put) mkdir -p "${file%/*}" && exec cat > "$file" ;;
    get) exec cat "$file" ;;
    get_range) tail -c "+$(($5 + 1))" "$file" | head -c "$6" ;;
    head) echo "size: $(stat -c %s "$file")" ;;
    list) find "$store" -type f -path "$store/$key*" ;;
    delete) exec rm "$file" ;;
esac
