#!/usr/bin/env bash
# A machine is gone without sheet and backup: its member is removed, and a new organisation gets the short name.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes
new=$work/new

say 'what the first Radebeul publishes, grants and is granted'
echo 'old' >"$work/old"
mkdir "$work/folder"
node "$meissen" subscribe 'radebeul/**' --to "$work/folder" >/dev/null
node "$radebeul" publish radebeul/plan "$work/old" --tier members >/dev/null
echo 'older' >"$work/older"
node "$radebeul" publish radebeul/plan "$work/older" >/dev/null
node "$radebeul" publish radebeul/nur/frueher "$work/old" --tier members >/dev/null
node "$radebeul" publish radebeul/kita "$work/old" --tier granted >/dev/null
node "$radebeul" grant radebeul/kita --to meissen --rights read >/dev/null
node "$meissen" publish meissen/geheim "$work/old" --tier granted >/dev/null
node "$meissen" grant meissen/geheim --to radebeul --rights read >/dev/null
for dataset in plan@2 kita nur/frueher; do
	wait_for 30 node "$meissen" wait "radebeul/$dataset" --timeout 5 >/dev/null 2>&1 || wrong "$dataset did not arrive"
done
wait_for 30 node "$radebeul" get meissen/geheim -o "$work/read" >/dev/null 2>&1 || wrong 'the first is granted nothing'
node_stop "$radebeul"

say 'the name is taken until its member is removed'
invite() {
	node_json "$meissen" .invitation federation invite --name 'Stadt Radebeul' --slug radebeul --ags 14627210 --auto-approve
}
status=0
invite >/dev/null 2>"$work/said" || status=$?
[ "$status" != 0 ] && grep -q 'in the federation already' "$work/said" || wrong "two of one name: $(cat "$work/said")"
node "$meissen" federation remove radebeul --yes >/dev/null
node_join "$new" "$(invite)" || wrong 'the new organisation did not join'

say 'nothing of the old one goes by the name any more'
! node "$meissen" ls | grep radebeul/ || wrong 'ls lists what the old one published'
status=0
node "$meissen" get radebeul/nur/frueher -o - --timeout 3 >"$work/said" 2>&1 || status=$?
[ "$status" = 4 ] || wrong "get gives what the old one published: $status, $(cat "$work/said")"
[ "$(node_json "$meissen" '[.grants[] | select(.good)] | length' grants)" = 0 ] || wrong "an old grant counts: $(node "$meissen" grants)"

say 'what the new one publishes is found, read, and written to the folder'
for n in 1 2 3; do
	echo "new $n" >"$work/new.$n"
	[ "$(node_json "$new" .version publish radebeul/plan "$work/new.$n" --tier members)" = "$n" ] || wrong "no version $n"
	written() {
		same=$(cat "$work/folder/radebeul/plan/new.$n" "$work/folder/radebeul/plan" 2>/dev/null)
		[ "$same" = "new $n" ]
	}
	wait_for 60 written || wrong "version $n is not written: $(find "$work/folder"), $(node "$meissen" status)"
	[ "$(node "$meissen" get radebeul/plan -o - --timeout 10)" = "new $n" ] || wrong "get gives something else than version $n"
done
! node "$meissen" log radebeul/plan | grep -q former || wrong 'the log lists versions of the old one'

say 'its keys, grants and withdrawals are its own'
node "$new" publish radebeul/kita "$work/new.1" --tier granted >/dev/null
status=0
known() {
	node "$meissen" show radebeul/kita >/dev/null 2>&1
}
wait_for 30 known || wrong 'the granted dataset is not known'
node "$meissen" get radebeul/kita -o - --timeout 3 >"$work/said" 2>&1 || status=$?
[ "$status" = 3 ] || wrong "the grant of the old one gives the new one's data: $status, $(cat "$work/said")"
node "$new" grant radebeul/kita --to meissen --rights read >/dev/null
reads() {
	[ "$(node "$meissen" get radebeul/kita -o - --timeout 3 2>"$work/said")" = 'new 1' ]
}
wait_for 60 reads || wrong "a grant of the new one gives nothing: $(cat "$work/said")"
status=0
node "$new" get meissen/geheim -o - --timeout 3 >"$work/said" 2>&1 || status=$?
[ "$status" = 3 ] || wrong "the new one reads what the old one was granted: $status, $(cat "$work/said")"
node "$new" withdraw radebeul/plan --erase --reason 'a mistake' --yes >/dev/null
withdrawn() {
	! node "$meissen" show radebeul/plan >/dev/null 2>&1 && [ ! -e "$work/folder/radebeul/plan" ]
}
wait_for 60 withdrawn || wrong "it cannot withdraw: $(node "$meissen" status)"

say 'the old machine comes up: it is out'
node_start "$radebeul"
out() {
	node "$radebeul" status | grep -q 'no member'
}
wait_for 60 out || wrong "it does not hear that it was removed: $(node "$radebeul" status)"
! node_patience=5 node "$radebeul" publish radebeul/plan "$work/old" >"$work/said" 2>&1 || wrong 'the removed one publishes'
! node "$meissen" show radebeul/plan >/dev/null 2>&1 || wrong 'the removed one is heard'
