#!/usr/bin/env bash
# A root key becomes another one: by the key of the second sheet, and by an announcement that is objected to.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes

# The seed on a sheet, as one line.
seed_of() {
	awk '/^(Next root|Root) seed/ { print $NF; getline; print $1 }' "$1" | tr -d '\n'
}
log_number() {
	node_json "$1" '.entries | map(select(.counts)) | .[0].number' root
}

say 'the second sheet is written once, and its seed leaves the machine'
status=0
node "$radebeul" root next 2>"$work/said" || status=$?
[ "$status" = 2 ] && grep -q -- '-o FILE' "$work/said" || wrong 'no sentence without a file'
node "$radebeul" root next -o "$work/second" >/dev/null
[ "$(stat -c %a "$work/second")" = 600 ] || wrong 'others can read the second sheet'
seed_of "$work/second" >"$work/seed"
[ "$(wc -c <"$work/seed")" = 68 ] || wrong "no seed on the second sheet: $(cat "$work/second")"
status=0
node "$radebeul" root next -o "$work/again" 2>"$work/said" || status=$?
[ "$status" != 0 ] && [ ! -e "$work/again" ] || wrong 'the seed is still on this machine'

say 'nothing is bound by a seed that is mistyped, or of another organisation'
tr 0-9A-Z 1-9A-Z0 <"$work/seed" >"$work/wrong"
status=0
node "$radebeul" root bind --seed-file "$work/wrong" -o "$work/third" 2>"$work/said" || status=$?
[ "$status" = 2 ] || wrong 'a mistyped seed is taken'
node "$meissen" root next -o "$work/of-meissen" >/dev/null
seed_of "$work/of-meissen" >"$work/wrong"
status=0
node "$radebeul" root bind --seed-file "$work/wrong" -o "$work/third" --yes 2>"$work/said" || status=$?
[ "$status" != 0 ] && grep -q 'second sheet' "$work/said" || wrong "another's seed is taken: $(cat "$work/said")"
rm -f "$work/third"

say 'the key of the second sheet becomes the root'
node "$radebeul" recovery-sheet -o "$work/first" >/dev/null
status=0
node "$radebeul" root bind --seed-file "$work/first" -o "$work/third" 2>"$work/said" || status=$?
[ "$status" = 2 ] && grep -q 'is the recovery sheet' "$work/said" || wrong "the first sheet: $status, $(cat "$work/said")"
status=0
node "$radebeul" root bind --seed-file "$work/second" -o "$work/third" >"$work/said" 2>&1 || status=$?
[ "$status" = 1 ] && grep -q -- --yes "$work/said" && [ ! -e "$work/third" ] || wrong "it binds without --yes: $(cat "$work/said")"
text=$(node_json "$radebeul" .text root bind --seed-file "$work/seed" -o "$work/third" --yes)
[ -s "$work/third" ] || wrong 'no new second sheet'
[ "$(seed_of "$work/third")" != "$(cat "$work/seed")" ] || wrong 'the next key is the same one'
node "$meissen" federation vote "$text" >"$work/said" || true
grep -q 'signed by the key that was to follow' "$work/said" || wrong "no words for the bind: $(cat "$work/said")"
node "$meissen" federation vote "$text" --yes >/dev/null
goes_on() {
	[ "$(log_number "$radebeul")" = 2 ]
}
wait_for 60 goes_on || wrong 'the log does not go on by the new root'
[ "$(node_json "$radebeul" .here root)" = true ] || wrong 'the new root is not here'
node "$radebeul" recovery-sheet -o "$work/sheet" >/dev/null
[ "$(seed_of "$work/sheet")" = "$(cat "$work/seed")" ] || wrong 'the recovery sheet has another root seed'
echo 'a,b' >"$work/table.csv"
node "$radebeul" publish radebeul/plan "$work/table.csv" --tier members >/dev/null
wait_for 60 node "$meissen" get radebeul/plan -o "$work/copy.csv" >/dev/null 2>&1 || wrong 'it cannot publish any more'

say 'what is announced is seen, and objected to'
text=$(node_json "$radebeul" .text root announce -o "$work/fourth" --yes)
node "$meissen" federation vote "$text" --yes >/dev/null
announced() {
	node "$radebeul" status | grep -q 'another root key of Stadt Radebeul is announced\|another root key of .* is announced'
}
wait_for 60 announced || wrong "nobody sees the announcement: $(node "$radebeul" status)"
status=0
node "$radebeul" root bind --yes 2>"$work/said" || status=$?
[ "$status" != 0 ] && grep -q '14 days' "$work/said" || wrong "it binds at once: $(cat "$work/said")"
node "$radebeul" root object >/dev/null
objects() {
	[ "$(node_json "$meissen" '.announced[0].objection' root)" = true ]
}
wait_for 60 objects || wrong 'the stewards do not hear of the objection'
node "$radebeul" root object --cancel >/dev/null

say 'a further node is made under the new root, which the charter alone knows'
second=$work/radebeul-2
offer=$(node_json "$radebeul" .offer node offer)
request=$(node "$second" init --node "$offer" --listen 127.0.0.1:0 --no-passphrase 2>/dev/null)
answer=$(node "$radebeul" node add "$request" --roles publish)
node "$second" node accept "$answer" >/dev/null 2>"$work/said" || wrong "it is not taken: $(cat "$work/said")"
node_start "$second"
wait_for 60 node_is_member "$second" || wrong 'the further node is no member'
can_publish() { node "$second" publish radebeul/zweite "$work/table.csv" >/dev/null 2>"$work/said"; }
wait_for 60 can_publish || wrong "it does not publish: $(cat "$work/said")"
wait_for 60 node "$meissen" get radebeul/zweite -o "$work/zweite.csv" >/dev/null 2>&1 || wrong 'others do not take what it publishes'
