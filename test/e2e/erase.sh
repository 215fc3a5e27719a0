#!/usr/bin/env bash
# A dataset is taken back that three nodes of one organisation have published: nobody finds any of it, and a signed report says
# who has erased it and where a copy is left.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes
second=$work/meissen-2
third=$work/meissen-3
set=meissen/kita/plaetze
copy=$work/folder/$set/kinder.csv

# further DIR: one more node of Meißen.
further() {
	local request
	request=$(node "$1" init --node "$(node "$meissen" node offer)" --listen 127.0.0.1:0 --no-passphrase)
	node "$1" node accept "$(node "$meissen" node add "$request" --roles publish,admin)" >/dev/null
	node_start "$1"
	wait_for 60 node_is_member "$1" || wrong "$1 is no member"
}

say 'three nodes of one organisation publish versions of it'
further "$second"
further "$third"
mkdir "$work/folder"
node "$radebeul" subscribe 'meissen/**' --to "$work/folder" >/dev/null
number=0
for dir in "$second" "$third" "$meissen"; do
	number=$((number + 1))
	echo "Kinder, Liste $number" >"$work/kinder.csv"
	[ "$(node_json "$dir" .version publish "$set" "$work/kinder.csv" --tier members)" = "$number" ] || wrong "no version $number"
	for other in "$meissen" "$second" "$third" "$radebeul"; do
		wait_for 60 is_known "$other" "$set" "$number" || wrong "$other does not know version $number"
	done
done
for version in 1 2 3; do
	node "$radebeul" get "$set@$version" -o "$work/got" >/dev/null || wrong "version $version cannot be got"
	rm "$work/got"
done
written() {
	grep -q 'Liste 3' "$copy" 2>/dev/null
}
wait_for 60 written || wrong 'it is not in the folder'
node "$meissen" node retire 1 --yes >/dev/null
node "$meissen" node lost 2 --yes >/dev/null

say 'one copy is edited where it lies'
node_stop "$radebeul"
echo 'eine Zeile von Hand' >>"$copy"

say 'one node withdraws all of them, also those of the retired and the lost one'
node "$meissen" withdraw "$set" --erase --reason 'Namen von Kindern' --yes >"$work/said"
grep -q 'versions up to 3' "$work/said" || wrong "not all are withdrawn: $(cat "$work/said")"
node "$meissen" withdraw "$set" --report "$work/early.txt" >/dev/null
grep -A1 'have not answered' "$work/early.txt" | grep -q 'Stadt Radebeul, node 0' || wrong "who has not answered is not named: $(cat "$work/early.txt")"
node_start "$radebeul"
left() {
	[ "$(node_json "$meissen" '.outstanding | map("\(.slug) \(.folders)") | join(",")' withdraw "$set")" = 'radebeul 1' ]
}
wait_for 60 left || wrong "the sender does not see where it is left: $(node "$meissen" --json withdraw "$set")"
node "$meissen" withdraw "$set" | grep -q '^Left at .*Stadt Radebeul: in 1 folder, changed' || wrong "nor do people: $(node "$meissen" withdraw "$set")"
[ -e "$copy" ] || wrong 'what somebody has edited was removed'

say 'nobody lists or gives any version'
for dir in "$meissen" "$radebeul"; do
	! node "$dir" ls | grep -q "$set" || wrong "$dir lists it"
	for ref in "$set" "$set@1" "$set@2" "$set@3"; do
		status=0
		node "$dir" get "$ref" -o - --timeout 3 >"$work/said" 2>&1 || status=$?
		[ "$status" = 4 ] && grep -q 'withdrawn by Stadt Meißen' "$work/said" || wrong "$dir gives $ref: $status, $(cat "$work/said")"
	done
done

say 'a person takes the copy away and says so, and then all have confirmed'
rm "$copy"
node "$radebeul" withdraw "$set" --gone >/dev/null
confirmed() {
	[ "$(node_json "$meissen" '"\(.confirmed | map(.slug) | sort | unique | join(",")) \(.outstanding | map(.slug) | unique | join(","))"' \
		withdraw "$set")" = 'meissen,radebeul ' ]
}
wait_for 60 confirmed || wrong "not all have confirmed: $(node "$meissen" --json withdraw "$set")"

say 'the report is checked where there is no node'
federation=$(node_json "$meissen" .id federation)
node "$meissen" withdraw "$set" --report "$work/report.txt" >/dev/null
status=0
node "$meissen" withdraw "$set" --report "$work/report.txt" >"$work/said" 2>&1 || status=$?
[ "$status" = 1 ] && grep -q 'is there already' "$work/said" || wrong "a report is written over: $(cat "$work/said")"
check() {
	"$allmende" -d "$work/nowhere" withdraw-check "$@"
}
check "$work/report.txt" --federation "$federation" >"$work/said" || wrong "the report is refused: $(cat "$work/said")"
for words in 'Dataset *meissen/kita/plaetze, versions up to 3' 'Reason *Namen von Kindern' 'Stadt Radebeul, node 0: 20' \
	'Signed by node 0 of Stadt Meißen'; do
	grep -q "$words" "$work/said" || wrong "the report does not say \"$words\": $(cat "$work/said")"
done
check "$work/early.txt" --federation "$federation" | grep -q 'have not answered' || wrong 'the early report is refused'
sed 's/$/\r/; s/^Reason/\n&/' "$work/report.txt" >"$work/mailed.txt"
check "$work/mailed.txt" --federation "$federation" >/dev/null || wrong 'what mail does to lines ends the proof'
# refused CODE WORDS FILE [FEDERATION]
refused() {
	local code=$1 words=$2 file=$3 status=0
	check "$file" --federation "${4:-$federation}" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$code" ] && grep -q -- "$words" "$work/said" || wrong "$file: $status, $(cat "$work/said")"
}
sed 's/Namen von Kindern/Tippfehler/' "$work/report.txt" >"$work/changed.txt"
refused 3 'not the one that was signed' "$work/changed.txt"
awk '/BEGIN ALLMENDE/ { inside = 1 } inside && ++n == 3 { sub(/A/, "B") || sub(/./, "A") } { print }' "$work/report.txt" >"$work/flipped.txt"
status=0
check "$work/flipped.txt" --federation "$federation" >"$work/said" 2>&1 || status=$?
[ "$status" != 0 ] || wrong 'a damaged report is believed'
refused 3 'another federation' "$work/report.txt" "${federation//[0-8]/9}"
head -n 5 "$work/report.txt" >"$work/short.txt"
refused 1 'BEGIN and END' "$work/short.txt"
refused 4 'cannot read' "$work/none.txt"
refused 2 'no id' "$work/report.txt" meissen
status=0
node "$radebeul" withdraw "$set" --report "$work/theirs.txt" >"$work/said" 2>&1 || status=$?
[ "$status" = 3 ] && grep -q 'ask there' "$work/said" || wrong "who has not withdrawn it reports: $status, $(cat "$work/said")"
