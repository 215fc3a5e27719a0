#!/usr/bin/env bash
# Five towns; one's machine is set back to the snapshot of yesterday, which nobody tells it.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

five_nodes
for slug in "${five[@]}"; do
	five_publish "$work/$slug" "$slug/plan" --tier members
done
five_held "$riesa" "$meissen"
node_stop "$riesa"
cp -a -- "$riesa" "$work/snapshot"
node_start "$riesa"
say 'a day goes by'
five_publish "$riesa" riesa/plan
five_publish "$riesa" riesa/neu --tier members
five_publish "$work/nossen" nossen/plan
echo weg >"$work/weg"
node "$riesa" publish riesa/weg "$work/weg" --tier members >/dev/null
five_held "$meissen" "$work/coswig"
wait_for 60 is_known "$meissen" riesa/weg 1 || wrong 'riesa/weg did not arrive'
node "$riesa" withdraw riesa/weg --erase --reason 'ein Versehen' --yes >/dev/null
withdrawn() {
	! node "$meissen" show riesa/weg >/dev/null 2>&1
}
wait_for 60 withdrawn || wrong 'the withdrawal did not arrive'

say 'it is set back while it does not run, and comes up without a word'
node_kill "$riesa"
rm -rf -- "$riesa"
cp -a -- "$work/snapshot" "$riesa"
node_start "$riesa"
five_publish "$riesa" riesa/plan || wait_for 60 five_publish "$riesa" riesa/plan || wrong "it does not publish: $(node "$riesa" status)"
[ "${published[riesa/plan]%% *}" = 3 ] || wrong "a version that was acknowledged is replaced by ${published[riesa/plan]}"

say 'nothing acknowledged is missing, and what was withdrawn stays so'
five_held "$riesa" "$meissen" "$work/nossen"
! node "$riesa" show riesa/weg >/dev/null 2>&1 || wrong 'what was withdrawn is back'
withdrawn || wrong 'what was withdrawn is back at others'
[ "$(node_json "$riesa" .state start)" = signs ] || wrong "it does not sign: $(node "$riesa" start)"
clean "$riesa"
