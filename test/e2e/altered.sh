#!/usr/bin/env bash
# A bit that turns over, on the way or on the disk, is never delivered: the dataset is named, the chunk is
# fetched again, and what is read is identical.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Radebeul knows Meißen only by the address of a line that alters what it carries.
flips=5
echo 1 >"$work/target"
"$helpers/flip_proxy" "$work/port" "$work/target" 20261120 "$flips" >"$work/flips.log" 2>&1 &
helper_pids+=($!)
wait_for 10 test -s "$work/port"

node_init "$meissen" meissen
echo "advertise = 127.0.0.1:$(cat "$work/port")" >>"$meissen/config"
node_start "$meissen"
node_json "$meissen" '.node.listen | split(":") | last' status >"$work/target"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
invitation=$(node_invite "$meissen" radebeul)
node "$radebeul" init --join - --dial-only --no-passphrase >"$radebeul.log" <<<"$invitation"
node_start "$radebeul"
if ! wait_for 120 node_is_member "$radebeul" || ! node_alive "$radebeul"; then
	wrong 'Radebeul did not become a member'
fi

say 'altered on the way'
node "$radebeul" subscribe 'meissen/**' >/dev/null
count=0
# Every connection that carries enough gets its flip: publish until all of them were made.
while [ "$(grep -c flipped "$work/flips.log" || true)" -lt "$flips" ]; do
	count=$((count + 1))
	[ "$count" -le 20 ] || wrong 'the altered line was not used'
	testdata "$count" 6000000 noise >"$work/on-the-way-$count.bin"
	publish "meissen/unterwegs-$count" "$work/on-the-way-$count.bin" --tier members >/dev/null
	node "$radebeul" wait "meissen/unterwegs-$count@1" --timeout 120 >/dev/null ||
		wrong 'the transfer was not completed'
done
for ((i = 1; i <= count; i++)); do
	get_same "meissen/unterwegs-$i@1" "$work/on-the-way-$i.bin"
done
clean "$radebeul"

say 'altered on the disk, found by reading'
testdata 99 4000000 mixed >"$work/rot.bin"
publish meissen/rott "$work/rot.bin" --tier members >/dev/null
node "$radebeul" wait meissen/rott@1 --timeout 60 >/dev/null
node_stop "$radebeul"
[ "$("$helpers/spoil" "$radebeul" meissen/rott 3)" = 3 ] || wrong 'nothing was spoiled'
node_stop "$meissen" # nobody to fetch from: what is damaged must not be delivered
node_start "$radebeul"
if node_patience=20 node "$radebeul" get meissen/rott@1 -o "$work/spoiled" 2>"$work/get.err"; then
	wrong 'spoiled data was delivered'
fi
[ ! -e "$work/spoiled" ] || wrong 'spoiled data was left behind'

is_named() {
	node "$radebeul" status | grep -q meissen/rott
}
wait_for 10 is_named || wrong "the damaged dataset is not named: $(node "$radebeul" status)"

say 'the neighbour is back: it is fetched again'
node_start "$meissen"
node_json "$meissen" '.node.listen | split(":") | last' status >"$work/target"
is_whole() {
	node "$radebeul" get meissen/rott@1 -o "$work/whole" 2>/dev/null
}
wait_for 90 is_whole || wrong "the damaged chunk was not fetched again: $(node "$radebeul" --json status)"
same "$work/rot.bin" "$work/whole"
clean "$radebeul"

say 'altered on the disk, found by verify'
node_stop "$radebeul"
"$helpers/spoil" "$radebeul" meissen/rott 2 >/dev/null
node_start "$radebeul"
node "$radebeul" verify >"$work/verify.out" && wrong 'verify did not see it'
grep -q meissen/rott "$work/verify.out" || wrong "verify does not name the dataset: $(cat "$work/verify.out")"
is_clean() {
	node_json "$radebeul" .clean verify >/dev/null 2>&1
}
wait_for 90 is_clean || wrong 'the damaged chunks were not fetched again'
get_same meissen/rott@1 "$work/rot.bin"
