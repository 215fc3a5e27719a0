#!/usr/bin/env bash
# Five towns; the machine of one burns. With the sheet and a neighbour's address it is back, under its name.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

five_nodes
say 'all publish; Riesa shares one dataset by grant'
for slug in "${five[@]}"; do
	five_publish "$work/$slug" "$slug/plan" --tier members
	five_publish "$work/$slug" "$slug/plan"
done
five_publish "$riesa" riesa/kita --tier granted
node "$riesa" grant riesa/kita --to nossen --rights read >/dev/null
node "$riesa" grant riesa/kita --to meissen --rights read >/dev/null
five_held "$meissen" "$work/nossen"

say 'it burns down'
node_kill "$riesa"
rm -rf -- "$riesa"
for slug in meissen coswig; do
	five_publish "$work/$slug" "$slug/plan"
done

say 'what the administrator types'
node "$riesa" init --recover "$work/sheet" --from "$(address_of "$work/coswig")" --lost 0 --no-passphrase --listen 127.0.0.1:0 >"$work/said"
grep -q 'has a node in .* again' "$work/said" || wrong "init says: $(cat "$work/said")"
node_start "$riesa"
signs() {
	[ "$(node_json "$riesa" .state start)" = signs ]
}
wait_for 60 signs || wrong "it does not sign: $(node "$riesa" start)"
[ "$(states "$riesa")" = '0 lost, 1 active' ] || wrong "the nodes are: $(states "$riesa")"

say 'all that was acknowledged is there, and it goes on'
five_held "$riesa"
node "$riesa" subscribe '**' >/dev/null
five_publish "$riesa" riesa/plan
[ "${published[riesa/plan]%% *}" = 3 ] || wrong "the next version is ${published[riesa/plan]}"
five_publish "$riesa" riesa/kita
five_publish "$work/nossen" nossen/plan
five_held "$meissen" "$work/nossen" "$riesa"
clean "$riesa"

say 'and nothing is left to be done about it'
quiet() {
	! node_json "$riesa" '.actions[].text' status | grep -i 'lost\|recover\|not here'
}
wait_for 60 quiet || wrong "status goes on: $(node "$riesa" status)"
