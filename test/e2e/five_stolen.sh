#!/usr/bin/env bash
# Five towns; one has two machines, and the first, with the root key on it, is stolen. The second one gets the root by the sheet
# and shuts the first one out.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

five_nodes
second=$work/riesa-2
say 'Riesa has a second machine'
request=$(node "$second" init --node "$(node "$riesa" node offer)" --listen "127.0.0.1:$(port_free)" --no-passphrase)
node "$second" node accept "$(node "$riesa" node add "$request" --roles publish,admin,key)" >/dev/null
node_start "$second"
wait_for 60 node_is_member "$second" || wrong 'the second machine is no member'
for slug in "${five[@]}"; do
	five_publish "$work/$slug" "$slug/plan" --tier members
done
five_publish "$second" riesa/zweite --tier members
five_publish "$riesa" riesa/kita --tier granted
node "$riesa" grant riesa/kita --to meissen --rights read >/dev/null
five_held "$meissen" "$second"

say 'a further node holds what its organisation has, without being asked to'
held() {
	[ "$(node_json "$second" '[.datasets[] | select(.own and (.held | not))] | length' ls)" = 0 ]
}
wait_for 60 held || wrong "the second machine lacks: $(node "$second" ls)"

say 'the first is stolen, and runs elsewhere'
node_kill "$riesa"
mv -- "$riesa" "$work/stolen"

say 'what the administrator types at the second'
status=0
node "$second" node lost 0 --yes >"$work/said" 2>&1 || status=$?
[ "$status" != 0 ] && grep -q 'root take SHEET' "$work/said" || wrong "without the root: $status, $(cat "$work/said")"
node "$meissen" recovery-sheet -o "$work/other" >/dev/null
status=0
node "$second" root take "$work/other" >"$work/said" 2>&1 || status=$?
[ "$status" = 3 ] && grep -q 'another organisation' "$work/said" || wrong "another's sheet: $status, $(cat "$work/said")"
[ "$(node_json "$second" .here root)" = false ] || wrong 'the root of another is here'
grep -A1 '^Root seed' "$work/sheet" | sed 's/Root seed//' | node "$second" root take - >"$work/said" || wrong "the sheet is not taken: $(cat "$work/said")"
[ "$(node_json "$second" .here root)" = true ] || wrong 'the root is not here'
node "$second" node lost 0 --yes >"$work/said" || wrong "it cannot shut out: $(cat "$work/said")"
grep -q 'takeover --node 0 --since' "$work/said" || wrong "it is not said how what it had published stays: $(cat "$work/said")"
node "$second" takeover --node 0 --since "$(date -d tomorrow +%F)" >"$work/said" || wrong "it cannot take over: $(cat "$work/said")"

say 'the thief is out'
node_start "$work/stolen"
wait_for 60 says "$work/stolen" 'given up as lost' || wrong "the stolen machine is not told: $(node "$work/stolen" status)"
refuses "$work/stolen" riesa/plan || wrong 'the stolen machine publishes'
for slug in meissen nossen; do
	[ "$(node_json "$work/$slug" '.version' show riesa/plan)" = 1 ] || wrong 'the stolen machine is heard'
done

say 'the second goes on for all of Riesa'
five_publish "$second" riesa/plan
five_publish "$second" riesa/kita
five_held "$meissen" "$second"
five_publish "$work/nossen" nossen/plan
sleep 1
! node "$work/stolen" show nossen/plan@2 >/dev/null 2>&1 || wrong 'the stolen machine hears news'
[ "$(states "$second")" = '0 lost, 1 active' ] || wrong "the nodes are: $(states "$second")"
