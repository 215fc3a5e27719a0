#!/usr/bin/env bash
# A town hall gets a second machine, with three lines of text; it reads and publishes; then it is given away.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes
second=$work/meissen-2
third=$work/meissen-3

say 'what is no offer, no request, no answer'
status=0
node "$second" init --node hello --no-passphrase 2>"$work/said" || status=$?
[ "$status" = 2 ] && grep -q 'allmende node offer' "$work/said" || wrong "no sentence for a wrong offer: $(cat "$work/said")"
[ ! -e "$second" ] || wrong 'a wrong offer left a directory'
status=0
node "$meissen" node add hello 2>"$work/said" || status=$?
[ "$status" = 2 ] && grep -q 'allmende2n-' "$work/said" || wrong "no sentence for a wrong request: $(cat "$work/said")"

say 'three lines make a node'
offer=$(node "$meissen" node offer)
request=$(node "$second" init --node "$offer" --listen 127.0.0.1:0 --no-passphrase)
status=0
"$allmended" -d "$second" 2>"$work/said" || status=$?
[ "$status" != 0 ] && grep -q 'waits to be taken in' "$work/said" || wrong "it starts before it is somebody: $(cat "$work/said")"
status=0
node "$second" node accept "$request" 2>"$work/said" || status=$?
[ "$status" = 2 ] || wrong 'its own request is no answer'
answer=$(node "$meissen" node add "$request" --roles publish,admin)
[ -s "$second/keys/handover" ] || wrong 'there is no key that the answer is sealed to'
node "$second" node accept "$answer" >/dev/null
[ ! -e "$second/keys/handover" ] || wrong 'an answer that is found later can be opened'
status=0
node "$second" node accept "$answer" 2>"$work/said" || status=$?
[ "$status" = 2 ] && grep -q 'waits for no answer' "$work/said" || wrong "accepted twice: $status, $(cat "$work/said")"
node_start "$second"
wait_for 60 node_is_member "$second" || wrong 'the second node is no member'

say 'it reads what the first may read, and publishes in the same name'
echo 'a,b' >"$work/table.csv"
node "$radebeul" publish radebeul/plan "$work/table.csv" --tier members >/dev/null
wait_for 60 node "$second" get radebeul/plan -o "$work/copy.csv" >/dev/null 2>&1 || wrong 'the second node cannot read'
same "$work/table.csv" "$work/copy.csv"
node "$second" publish meissen/zweite "$work/table.csv" --tier members >/dev/null
wait_for 60 node "$radebeul" get meissen/zweite -o "$work/copy2.csv" >/dev/null 2>&1 || wrong 'nobody reads what the second publishes'
same "$work/table.csv" "$work/copy2.csv"
[ "$(node_json "$meissen" '[.nodes[] | "\(.index) \(.state) \(.roles | join("+")) \(.self)"] | join(", ")' node list)" = \
	'0 active publish+admin+key true, 1 active publish+admin false' ] || wrong 'node list tells something else'

say 'what is hidden: the second draws its path, the first makes the key'
hidden=meissen/personal/stellenplan
status=0
node "$second" publish "$hidden" "$work/table.csv" --tier hidden 2>"$work/said" || status=$?
[ "$status" = 6 ] && grep -q 'has been asked' "$work/said" || wrong "a node without keys publishes: $status, $(cat "$work/said")"
hides() {
	node "$second" publish "$hidden" "$work/table.csv" --tier hidden >"$work/said" 2>&1
}
wait_for 60 hides || wrong "the key does not come: $(cat "$work/said")"
grep -q 'What others learn of a hidden dataset' "$work/said" || wrong 'who hides something is not told what others learn'
[ "$(node_json "$second" '"\(.version) \(.unchanged)"' publish "$hidden" "$work/table.csv")" = '1 true' ] || wrong 'the same again makes a version'
wait_for 60 node "$meissen" get "$hidden" -o "$work/copy3.csv" >/dev/null 2>&1 || wrong 'the other node of its owner does not read it'
same "$work/table.csv" "$work/copy3.csv"
# refused CODE WORDS COMMAND...: with this exit code and sentence.
refused() {
	local code=$1 words=$2 status=0
	shift 2
	node "$@" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$code" ] && grep -q -- "$words" "$work/said" || wrong "$*: $status, $(cat "$work/said")"
}
refused 3 'becomes "granted"' "$meissen" publish "$hidden" "$work/table.csv" --tier granted
refused 3 'nothing becomes hidden' "$meissen" publish meissen/zweite "$work/table.csv" --tier hidden
refused 2 'by its owner alone' "$meissen" grant "$hidden" --to radebeul --rights write

say 'others count it and do not name it; who may read it names it'
counts() {
	[ "$(node_json "$radebeul" .datasets.hidden status)" = 1 ]
}
wait_for 60 counts || wrong 'status does not count it'
! node "$radebeul" ls | grep -e '~' -e personal || wrong 'it is listed'
refused 4 'no dataset' "$radebeul" show "$hidden"
node "$second" grant "$hidden" --to radebeul --rights read >/dev/null
wait_for 60 node "$radebeul" get "$hidden" -o "$work/copy4.csv" >/dev/null 2>&1 || wrong 'a reader does not read it by its name'
same "$work/table.csv" "$work/copy4.csv"
node "$radebeul" ls | grep -q "$hidden" || wrong 'a reader does not see it'
refused 3 'by its owner alone' "$radebeul" publish "$hidden" "$work/table.csv"

say 'its owner and its reader call it by its name, logs do not'
refused 1 "read of $hidden" "$second" revoke --from radebeul --below "$hidden"
for dir in "$second" "$radebeul"; do
	node "$dir" who "$hidden" --at "$(date +%F)" >"$work/said"
	grep -qE 'Stadt Radebeul \(read\), by grant g-[A-Z2-7]{8} of Stadt Meißen, until' "$work/said" || wrong "who --at: $(cat "$work/said")"
	grep -qE 'Stadt Radebeul, key 1 of meissen/~' "$work/said" || wrong 'the key is not told'
	node "$dir" audit --dataset "$hidden" >"$work/said"
	grep -qE 'version 1 of meissen/~[a-z2-7]{26} \(hidden\)' "$work/said" || wrong 'the log does not find it by its name'
	! node "$dir" audit | grep -F personal || wrong "the log of ${dir##*/} names it"
done

say 'what it has said is taken over'
wait_for 60 node "$meissen" show meissen/zweite >/dev/null 2>&1 || wrong 'the first does not hear what the second publishes'
node "$meissen" takeover --node 1 --since 2020-01-01 >"$work/said"
grep -q 'not known here of before that day' "$work/said" && grep -q 'meissen/zweite@1: allmende takeover meissen/zweite@1' "$work/said" ||
	wrong "what came too late is not named: $(cat "$work/said")"
node "$meissen" takeover --node 1 >"$work/said"
grep -q 'can be retired' "$work/said" || wrong "something is missing: $(cat "$work/said")"

say 'a retired node is shut out'
status=0
node "$meissen" node retire 1 >/dev/null 2>"$work/said" || status=$?
[ "$status" = 1 ] && grep -q -- --yes "$work/said" || wrong 'it retires without --yes'
node "$meissen" node retire 1 --yes >/dev/null
alone() {
	[ "$(node_json "$second" .peers.linked status)" = 0 ]
}
wait_for 60 alone || wrong 'the retired node is still linked'
knows_it_is_out() { node "$second" status | grep -q 'was retired by the log'; }
wait_for 60 knows_it_is_out || wrong 'the retired node is not told'
node "$second" status >"$work/said"
[ "$(grep -c 'was retired by the log' "$work/said")" = 1 ] || wrong "status of a retired node: $(cat "$work/said")"
! grep -q 'no other node is linked' "$work/said" || wrong 'a retired node is told to look for links'
[ "$(node_json "$radebeul" .version show meissen/zweite)" = 1 ] || wrong 'what the retired node published went with it'
echo 'c,d' >>"$work/table.csv"
node "$radebeul" publish radebeul/plan "$work/table.csv" >/dev/null
sleep 1
[ "$(node_json "$second" .version show radebeul/plan)" = 1 ] || wrong 'a retired node hears news'
