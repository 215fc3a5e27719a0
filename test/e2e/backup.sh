#!/usr/bin/env bash
# A node is copied while it runs, and comes back of the copy: it takes back what it has said since, and says nothing before.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

backup=$work/backup
version_is() {
	[ "$(node_json "$1" '.versions[0].version' log "$2" 2>/dev/null)" = "$3" ]
}
# refused CODE WORDS DIR ARGUMENT...
refused() {
	local code=$1 words=$2 status=0
	shift 2
	node "$@" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$code" ] && grep -q -- "$words" "$work/said" || wrong "$*: $status, $(cat "$work/said")"
}
new_bytes() {
	node_json "$meissen" .new_bytes backup "$backup" --clear-keys
}

two_nodes
testdata "$work/big" 3000000 1 2>/dev/null || head -c 3000000 /dev/urandom >"$work/big"
for n in 1 2 3; do
	head -c 20000 /dev/urandom >"$work/data$n"
done
publish meissen/gross "$work/big" >/dev/null
[ "$(publish meissen/plan "$work/data1")" = 1 ] || wrong 'version 1 was not made'

say 'keys that lie in clear are not copied by accident'
refused 2 --clear-keys "$meissen" backup "$backup"
[ ! -e "$backup" ] || wrong 'a refused backup left a folder'

say 'the second backup writes what is new'
first=$(new_bytes)
[ "$first" -gt 3000000 ] || wrong "the first backup has $first bytes"
publish meissen/nacht "$work/data1" >/dev/null
second=$(new_bytes)
[ "$second" -lt $((first / 2)) ] || wrong "the second backup writes $second bytes of $first"
refused 2 'another node' "$radebeul" backup "$backup" --clear-keys

say 'cut short at any time there is a whole one'
for after in 0.01 0.04; do
	head -c 1000000 /dev/urandom >"$work/night"
	publish meissen/nacht "$work/night" >/dev/null
	(timeout -s KILL "$after" "$allmende" -d "$meissen" backup "$backup" --clear-keys >/dev/null 2>&1) 2>/dev/null || true
	rm -rf -- "$work/try"
	node "$work/try" restore "$backup" >/dev/null || wrong "no backup after a kill at $after s"
done
new_bytes >/dev/null

say 'it goes on, and is lost'
[ "$(publish meissen/plan "$work/data2")" = 2 ] || wrong 'version 2 was not made'
publish meissen/neu "$work/data2" --tier members >/dev/null
node "$radebeul" subscribe 'meissen/**' >/dev/null
for ref in plan@2 neu@1; do
	wait_for 30 node "$radebeul" wait "meissen/$ref" --timeout 5 >/dev/null 2>&1 || wrong "$ref did not arrive"
done
config=$(cat "$meissen/config")
node_stop "$meissen"
mv -- "$meissen" "$work/burnt"

say 'what is no whole copy is said so'
mkdir -p "$work/torn/keys"
head -c 20000 /dev/urandom >"$work/torn/data.mdb"
: >"$work/torn/lock"
status=0
"$allmended" -d "$work/torn" >"$work/said" 2>&1 || status=$?
[ "$status" != 0 ] && grep -q 'no whole copy.*allmende backup' "$work/said" && ! grep -q 'anew' "$work/said" ||
	wrong "a torn store: $(cat "$work/said")"
refused 2 'is no backup' "$meissen" restore "$work/torn"
cp -a -- "$backup" "$work/spoilt"
block=$(find "$work/spoilt/blocks" -type f -size 256k | head -n 1)
printf X | dd of="$block" conv=notrunc bs=1 seek=1000 status=none
refused 1 'a block is damaged' "$meissen" restore "$work/spoilt"
[ ! -e "$meissen" ] || wrong 'a spoilt backup left a directory'

say 'of the backup: nothing is signed before the others have shown what came after it'
node_stop "$radebeul"
node "$meissen" restore "$backup" >"$work/said"
grep -q 'signs nothing until' "$work/said" || wrong "restore says: $(cat "$work/said")"
refused 1 'holds a node already\|not empty\|is there' "$meissen" restore "$backup"
[ "$(cat "$meissen/config")" = "$config" ] || wrong 'the settings are others'
node_start "$meissen"
[ "$(node_json "$meissen" .state start)" = waits ] || wrong 'it signs at once'
node_json "$meissen" '.actions[].text' status | grep -q 'restored from a backup' || wrong 'status does not say that it was restored'
! node_patience=3 node "$meissen" publish meissen/plan "$work/data3" >/dev/null 2>&1 || wrong 'it acknowledges before'
node_start "$radebeul"
wait_for 60 version_is "$meissen" meissen/neu 1 || wrong 'what came after the backup is not back'
signs() {
	[ "$(node_json "$meissen" .state start)" = signs ]
}
wait_for 60 signs || wrong "it does not sign: $(node "$meissen" start)"
! node_json "$meissen" '.actions[].text' status | grep -q 'restored from' || wrong 'status goes on saying it'

say 'nothing acknowledged is missing, and what is the same stays the same'
[ "$(node_json "$meissen" '"\(.version) \(.unchanged)"' publish meissen/gross "$work/big")" = '1 true' ] ||
	wrong 'what has not changed since the backup is a version'
if ! publish meissen/plan "$work/data3" >/dev/null 2>&1; then
	publish meissen/plan "$work/data3" >/dev/null
fi
wait_for 30 version_is "$radebeul" meissen/plan 3 || wrong "the next version is not 3: $(node "$radebeul" log meissen/plan)"
get_same meissen/plan@3 "$work/data3"
node "$radebeul" get meissen/plan@2 -o "$work/two" >/dev/null
same "$work/data2" "$work/two"
clean "$meissen"
