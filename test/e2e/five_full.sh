#!/usr/bin/env bash
# Five towns; the disk of one is full, of its own data and others' files, and somebody makes room.
if [ -z "${ALLMENDE_DISK_NS:-}" ]; then
	if ! unshare -rm true 2>/dev/null; then
		echo 'nothing may be mounted on this machine, so no disk can be made full'
		exit 77
	fi
	ALLMENDE_DISK_NS=1 exec unshare -rm bash "$0" "$@"
fi
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

mkdir "$riesa"
mount -t tmpfs -o size=64m tmpfs "$riesa"
mkdir "$riesa/node"
disk=$riesa riesa=$riesa/node
five_nodes() { # Riesa's directory lies on the small disk
	local slug dir
	node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" --no-passphrase
	node_start "$meissen"
	node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
	for slug in "${five[@]:1}"; do
		dir=$work/$slug
		[ "$slug" != riesa ] || dir=$riesa
		node_join "$dir" "$(node_invite "$meissen" "$slug")" --listen "127.0.0.1:$(port_free)" --no-passphrase ||
			wrong "$slug did not join"
		node "$dir" subscribe '**' >/dev/null
	done
	node "$meissen" subscribe '**' >/dev/null
	node "$riesa" recovery-sheet -o "$work/sheet" >/dev/null
}
five_nodes
for slug in meissen radebeul coswig nossen; do
	five_publish "$work/$slug" "$slug/plan" --tier members
done
five_publish "$riesa" riesa/plan --tier members
five_held "$meissen" "$riesa"

say 'the disk fills up'
cat /dev/zero >"$disk/others" 2>/dev/null || true
head -c 4000000 /dev/urandom >"$work/large"
status=0
node "$riesa" publish riesa/gross "$work/large" --tier members >"$work/said" 2>&1 || status=$?
[ "$status" = 1 ] && grep -qi 'full\|room\|space' "$work/said" || wrong "publish on a full disk: $status, $(cat "$work/said")"
told() {
	says "$riesa" 'disk [0-9]* % of'
}
wait_for 60 told || wrong "status does not say so: $(node "$riesa" status)"
node "$riesa" ls >/dev/null || wrong 'it does not answer'

say 'the others go on, and hear from each other'
five_publish "$work/nossen" nossen/plan
five_publish "$meissen" meissen/neu --tier members
five_held "$work/coswig"
node_kill "$riesa"
node_start "$riesa" || wrong 'it does not start on a full disk'

say 'somebody makes room, and it goes on by itself'
rm "$disk/others"
goes_on() {
	five_publish "$riesa" riesa/danach --tier members 2>/dev/null
}
wait_for 90 goes_on || wrong "it does not publish: $(node "$riesa" status)"
five_held "$meissen" "$riesa"
quiet() {
	! told
}
wait_for 90 quiet || wrong "it goes on saying so: $(node "$riesa" status --check)"
clean "$riesa"
nodes_stop
umount "$disk"
