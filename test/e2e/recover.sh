#!/usr/bin/env bash
# A machine is gone: its organisation comes back by the recovery sheet, and the lost machine stays out.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes
address=$(sed -n 's/^listen = //p' "$meissen/config")

# refused CODE WORDS ARGUMENT...: init ends with this code and sentence, and leaves nothing.
new=$work/new
refused() {
	local code=$1 words=$2 status=0
	shift 2
	node "$new" init --no-passphrase "$@" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$code" ] && grep -q -- "$words" "$work/said" || wrong "init $*: $status, $(cat "$work/said")"
	[ ! -e "$new" ] || wrong "init $* left a directory"
}

say 'what is published and granted, a sheet, and then the machine is gone'
echo 'a,b' >"$work/one.csv"
node "$radebeul" recovery-sheet -o "$work/sheet" >/dev/null
node "$radebeul" root next -o "$work/second" >/dev/null
grep -q '^Federation id' "$work/sheet" || wrong 'the sheet does not say which federation it is'
node "$meissen" subscribe 'radebeul/**' >/dev/null
node "$radebeul" publish radebeul/plan "$work/one.csv" --tier members >/dev/null
node "$radebeul" publish radebeul/kita/plaetze "$work/one.csv" --tier granted >/dev/null
node "$radebeul" publish radebeul/nur/hier "$work/one.csv" --tier granted >/dev/null
node "$radebeul" grant radebeul/kita --to meissen --rights read >/dev/null
for dataset in plan kita/plaetze; do
	wait_for 30 node "$meissen" wait "radebeul/$dataset" --timeout 5 >/dev/null 2>&1 || wrong "$dataset did not arrive"
done

say 'it is rehearsed: sheet, passphrase, a member'
node "$radebeul" status | grep -q '^Recovery  *never rehearsed' || wrong 'status does not say that it was never rehearsed'
node "$meissen" recovery-sheet -o "$work/other" >/dev/null
status=0
node "$radebeul" rehearse "$work/other" --from "$address" >"$work/said" 2>&1 || status=$?
[ "$status" = 3 ] && grep -q 'the sheet of Stadt Meißen' "$work/said" || wrong "another's sheet: $status, $(cat "$work/said")"
node "$radebeul" status | grep -q 'never rehearsed' || wrong 'what has failed was a rehearsal'
node "$radebeul" rehearse "$work/sheet" --from "$address" >"$work/said" || wrong "the rehearsal fails: $(cat "$work/said")"
grep -q 'the keys open by the sheet' "$work/said" && grep -q 'of 3 own datasets' "$work/said" || wrong "rehearse says: $(cat "$work/said")"
node "$radebeul" status | grep -q '^Recovery  *rehearsed on 20' || wrong 'status does not say when'
node_stop "$radebeul"
mv -- "$radebeul" "$work/stolen"

say 'what does not suffice is said, with what to do'
refused 2 --from --recover "$work/sheet"
refused 2 'second sheet' --recover "$work/second" --from "$address"
refused 1 'cannot reach' --recover "$work/sheet" --from 127.0.0.1:1 --lost all
grep -v '^Federation' "$work/sheet" >"$work/early"
refused 2 --federation --recover "$work/early" --from "$address" --lost all
federation=$(sed -n 's/^Federation id *//p' "$work/sheet")
refused 1 'another federation' --recover "$work/early" --federation "${federation//[0-8]/9}" --from "$address" --lost all
refused 2 'has nodes that may act: 0.*--lost all' --recover "$work/sheet" --from "$address"
refused 2 'no such node' --recover "$work/sheet" --from "$address" --lost 7

say 'the seed is typed, and the organisation is back'
grep -A1 '^Root seed' "$work/sheet" | sed 's/Root seed//' |
	node "$new" init --recover - --federation "$federation" --from "$address" --lost 0 --no-passphrase --listen 127.0.0.1:0 >"$work/said"
grep -q 'Stadt Radebeul (radebeul, 14627210) has a node in .* again' "$work/said" && grep -q 'Node 0 is given up as lost' "$work/said" ||
	wrong "what was done is not said: $(cat "$work/said")"
node_start "$new"
node_is_member "$new" || wrong 'it is no member'
states() {
	[ "$(node_json "$1" '[.nodes[] | "\(.index) \(.state)"] | join(", ")' node list)" = '0 lost, 1 active' ]
}
states "$new" || wrong 'the lost node is not out'

say 'catalogue, data, keys and grants are back'
for dataset in plan kita/plaetze; do
	wait_for 60 node "$new" get "radebeul/$dataset" -o "$work/copy" --timeout 5 >/dev/null 2>&1 || wrong "$dataset is not back"
	same "$work/one.csv" "$work/copy"
	rm -- "$work/copy"
done
[ "$(node_json "$new" '[.grants[] | select(.good)] | length' grants)" = 1 ] || wrong "the grant is not back: $(node "$new" --json grants)"
gone() {
	node_json "$new" '.actions[].text' status | grep -q 'data of 1 own dataset is not here.*radebeul/nur/hier'
}
wait_for 30 gone || wrong "what is lost is not named: $(node "$new" status)"

say 'what it publishes is the next version, for the same readers'
echo 'c,d' >"$work/two.csv"
[ "$(node_json "$new" .version publish radebeul/plan "$work/two.csv")" = 2 ] || wrong 'no version 2'
node "$new" publish radebeul/kita/plaetze "$work/two.csv" >/dev/null
for dataset in plan kita/plaetze; do
	wait_for 60 node "$meissen" get "radebeul/$dataset@2" -o "$work/copy" --timeout 5 >/dev/null 2>&1 || wrong "$dataset@2 does not arrive"
	same "$work/two.csv" "$work/copy"
	rm -- "$work/copy"
done

say 'the lost machine comes up: it is told, and is out'
node_start "$work/stolen"
out() {
	node "$work/stolen" status | grep -q 'is out\|was retired\|given up as lost'
}
wait_for 60 out || wrong "the lost machine does not hear that it is out: $(node "$work/stolen" status)"
! node_patience=5 node "$work/stolen" publish radebeul/plan "$work/one.csv" >"$work/said" 2>&1 || wrong 'the lost machine publishes'
[ "$(node_json "$meissen" .version show radebeul/plan)" = 2 ] || wrong 'the lost machine is heard'
