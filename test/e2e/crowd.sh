#!/usr/bin/env bash
# However many programs sit at the control socket, in whatever way: who asks something short is answered.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# crowd KIND COUNT: comes, and stays until crowd_go.
crowd() {
	python3 "$root/test/e2e/crowd.py" "$meissen/control.sock" "$1" "$2" >"$work/crowd.$1" &
	helper_pids+=($!)
	wait_for 60 grep -q here "$work/crowd.$1" || wrong "the crowd does not come: $1"
}

crowd_go() {
	local pid
	for pid in "${helper_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	helper_pids=()
}

answered() {
	local begun
	begun=$(now_ms)
	node_patience=20 node "$meissen" status >"$work/said" 2>&1 || wrong "$1: status: $(cat "$work/said")"
	node_patience=20 node "$meissen" publish meissen/klein "$work/klein" --tier members >"$work/said" 2>&1 ||
		wrong "$1: publish: $(cat "$work/said")"
	[ $(($(now_ms) - begun)) -lt $((10000 * patience)) ] || wrong "$1: it took $(($(now_ms) - begun)) ms"
}

node_init "$meissen" meissen --no-passphrase --listen 127.0.0.1:0
echo klein >"$work/klein"
head -c 20000000 /dev/urandom >"$work/gross"
node_start "$meissen"
node "$meissen" federation create --name Probe >/dev/null
node "$meissen" publish meissen/gross "$work/gross" --tier members >/dev/null

for kind in silent half-head half-body half-upload idle wait fetch slow-reader; do
	say "200 of them: $kind"
	crowd "$kind" 200
	answered "$kind"
	crowd_go
done

say 'all of them at once'
for kind in silent half-head half-body half-upload idle wait fetch slow-reader; do
	crowd "$kind" 50
done
answered all
crowd_go

say 'more who wait than there is room for: all are told'
count=70
! $small || count=40
pids=()
for ((i = 0; i < count; i++)); do
	"$allmende" -d "$meissen" wait meissen/neu --timeout 120 >"$work/told.$i" 2>&1 &
	pids+=($!)
done
sleep 2
answered wait
node "$meissen" publish meissen/neu "$work/klein" --tier members >/dev/null
for pid in "${pids[@]}"; do
	wait "$pid" || wrong "one of $count was not told: $(cat "$work"/told.*)"
done

say 'the command that comes too early waits for the node, and says so'
node_stop "$meissen"
"$allmended" -d "$meissen" 2>>"$meissen.log" &
helper_pids=($!)
node "$meissen" show meissen/neu >/dev/null || wrong 'it did not wait for the start'

say 'who waits outlives a restart'
"$allmende" -d "$meissen" wait meissen/spaeter --timeout 100 >"$work/said" 2>&1 &
pid=$!
sleep 1
crowd_go
sleep 3
node_start "$meissen"
node "$meissen" publish meissen/spaeter "$work/klein" --tier members >/dev/null
wait "$pid" || wrong "it did not outlive it: $(cat "$work/said")"
grep -q 'waiting: ' "$work/said" || wrong 'it does not say that it waits'

say 'nobody is there: that is said soon'
node_stop "$meissen"
begun=$(now_ms)
status=0
node "$meissen" ls 2>"$work/said" || status=$?
[ "$status" = 1 ] && grep -q 'no daemon answers' "$work/said" || wrong "$status: $(cat "$work/said")"
[ $(($(now_ms) - begun)) -lt $((6000 * patience)) ] || wrong 'it took too long'
