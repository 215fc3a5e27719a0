#!/usr/bin/env bash
# A small disk that fills up, by the node and by others: foreign data waits before it is full, what is refused is
# refused with a sentence, the node lives through a full disk, and with room it goes on by itself.
if [ -z "${ALLMENDE_DISK_NS:-}" ]; then
	unshare -rm true 2>/dev/null || exit 77 # nothing may be mounted here
	ALLMENDE_DISK_NS=1 exec unshare -rm bash "$0" "$@"
fi
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=64m tmpfs "$disk"
radebeul=$disk/radebeul
two_nodes --no-passphrase

say 'a disk that is nearly full'
head -c 2000000 /dev/urandom >"$work/foreign"
head -c 57000000 /dev/zero >"$disk/others"
node "$radebeul" subscribe 'meissen/**' >/dev/null
publish meissen/fremd "$work/foreign" --tier members >/dev/null
held_back() { [ "$(node_json "$radebeul" .members.held_back status)" = 1 ]; }
wait_for 30 held_back || wrong "foreign data is not held back: $(node "$radebeul" --json status)"
printf 'own\n' >"$work/small"
node "$radebeul" publish radebeul/klein "$work/small" --tier members >/dev/null || wrong 'own data is refused'

say 'a disk that others have filled'
head -c 30000000 /dev/urandom >"$work/large"
linked() { grep -c 'peer connected: radebeul' "$meissen.log" || true; } # the other log lies on the full disk
links=$(linked)
cat /dev/zero >"$disk/more" 2>/dev/null || true
[ "$(df --output=avail "$disk" | tail -n 1)" -eq 0 ] || wrong 'the disk is not full'
code=0
node "$radebeul" publish radebeul/gross "$work/large" --tier members 2>"$work/errors" || code=$?
[ "$code" = 1 ] || wrong "published on a full disk: $code"
[ -s "$work/errors" ] || wrong 'no sentence says why'
grep -q 'disk is full' "$work/errors" || wrong "publish: $(cat "$work/errors")"
node "$radebeul" ls >/dev/null || wrong 'the node does not answer on a full disk'
node "$radebeul" log radebeul/klein >/dev/null || wrong 'the node does not answer on a full disk'
node "$radebeul" status | grep -Eq '^  disk 9[0-9] % of .*: (foreign data refused|nothing is stored)' || wrong "status: $(node "$radebeul" status)"
refused() {
	local code=0 said=$1
	shift
	"$@" >/dev/null 2>"$work/errors" || code=$?
	{ [ "$code" = 1 ] && grep -Eiq "$said" "$work/errors"; } || wrong "$*: $code $(cat "$work/errors")"
}
refused 'has room for 0 B: make room' node "$radebeul" get radebeul/klein -o "$disk/copy"
refused 'no space left' node "$radebeul" recovery-sheet -o "$disk/sheet"
refused 'no space left' node "$radebeul" backup "$disk/backup" --clear-keys
refused 'no space left' node "$disk/another" init --name 'Stadt Riesa' --slug riesa --ags 14627230 --no-passphrase
# what comes to others goes on, over the same links, and a restart finds its way
for i in 1 2 3; do
	printf '%s\n' "$i" >"$work/table"
	publish "meissen/klein$i" "$work/table" --tier members >/dev/null
	sleep 1
done
[ "$(linked)" = "$links" ] || wrong "a full disk has ended sessions: $(linked) instead of $links"
node_stop "$radebeul"
node_start "$radebeul"
is_linked() { [ "$(node_json "$radebeul" .peers.linked status)" = 1 ]; }
wait_for 30 is_linked || wrong 'no link after a restart'
rm "$disk/more"

say 'own data up to the end, and not beyond'
code=0
node "$radebeul" publish radebeul/gross "$work/large" --tier members 2>"$work/errors" || code=$?
[ "$code" = 1 ] || wrong "publish: $code"
[ -s "$work/errors" ] || wrong 'no sentence says why'
[ "$(node_json "$radebeul" .store.free_bytes status)" -gt 0 ] || wrong 'the disk is full'

say 'with room it goes on'
rm "$disk/others"
printf 'own, changed\n' >"$work/small"
again() { node "$radebeul" publish radebeul/klein "$work/small" --tier members >/dev/null 2>&1; }
wait_for 60 again || wrong "nothing is published: $(node "$radebeul" --json status)"
# what was held back is asked for with the next comparison
wait_for 150 is_known "$radebeul" meissen/fremd 1 || wrong "what was held back does not come: $(node "$radebeul" --json status)"
get_same meissen/fremd@1 "$work/foreign"
clean "$radebeul"
nodes_stop
umount "$disk"
