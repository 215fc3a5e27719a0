#!/usr/bin/env bash
# A node that is nearly full serves itself first: from 85 % of its size limit on foreign data waits, own data is taken,
# and everybody is told; with more room the rest comes by itself.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes --no-passphrase
node_stop "$radebeul"
echo 'size-limit = 64M' >>"$radebeul/config"
node_start "$radebeul"

say 'own data up to the limit'
head -c 50000000 /dev/urandom >"$work/large"
node "$radebeul" publish radebeul/gross "$work/large" --tier members >/dev/null
if node "$radebeul" status --check >"$work/check"; then wrong "70 % are not told: $(cat "$work/check")"; fi
head -c 9000000 /dev/urandom >"$work/more"
node "$radebeul" publish radebeul/mehr "$work/more" --tier members >/dev/null
node "$radebeul" --json status >"$work/status" || true
jq -e '.store.percent >= 85 and .store.percent < 100 and .store.foreign_refused and .store.limit_bytes == 67108864' "$work/status" \
	>/dev/null || wrong "not full: $(jq -c .store "$work/status")"
jq -e '.actions[0] | .topic == "space" and .severity == "critical" and
	(.text | test("^size limit [0-9]+ % of 67 MB: foreign data refused, own accepted$"))' "$work/status" >/dev/null ||
	wrong "the first action is another one: $(jq -c .actions "$work/status")"
code=0
node "$radebeul" status --check >"$work/check" || code=$?
{ [ "$code" = 2 ] && grep -q '^CRITICAL - size limit' "$work/check"; } || wrong "status --check: $code $(cat "$work/check")"

say 'foreign data waits'
head -c 2000000 /dev/urandom >"$work/foreign"
publish meissen/fremd "$work/foreign" --tier members >/dev/null
held_back() { [ "$(node_json "$radebeul" .members.held_back status)" = 1 ]; }
wait_for 30 held_back || wrong "it is not told that meissen waits for room: $(node "$radebeul" --json status)"
node "$radebeul" status | grep -q '^HELD .*: 1 record waits for room$' || wrong "status: $(node "$radebeul" status)"
node "$radebeul" subscribe 'meissen/**' >/dev/null
sleep 2
if is_known "$radebeul" meissen/fremd 1; then wrong 'a foreign version is taken note of'; fi
[ "$(node_json "$radebeul" '[.fetches[].bytes] | add // 0' status)" = 0 ] || wrong 'foreign data is fetched'
printf 'own\n' >"$work/small"
node "$radebeul" publish radebeul/klein "$work/small" --tier members >/dev/null || wrong 'own data is refused'

say 'nothing is published beyond the limit'
head -c 30000000 /dev/urandom >"$work/last"
code=0
node "$radebeul" publish radebeul/letztes "$work/last" --tier members 2>"$work/errors" || code=$?
{ [ "$code" = 1 ] && grep -q 'size limit' "$work/errors"; } || wrong "publish: $code $(cat "$work/errors")"
[ "$(node_json "$radebeul" .store.used_bytes status)" -lt 80000000 ] || wrong "the limit is none: $(node "$radebeul" --json status)"
# what was stored of it is dropped, and there is room again for a small one
again() { node "$radebeul" publish radebeul/klein "$work/table" --tier members >/dev/null 2>&1; }
printf 'own, changed\n' >"$work/table"
wait_for 60 again || wrong "no room again: $(node "$radebeul" --json status)"

say 'with more room the rest comes by itself'
node_stop "$radebeul"
sed -i 's/^size-limit.*/size-limit = 1G/' "$radebeul/config"
node_start "$radebeul"
get_same meissen/fremd@1 "$work/foreign"
clean "$radebeul"

say 'copies are dropped to make room'
node "$radebeul" space >"$work/space"
grep -Eq '^meissen	1	[0-9]{7}$' "$work/space" || wrong "space: $(cat "$work/space")"
head -n 1 "$work/space" | grep -q '^radebeul	' || wrong 'the most does not stand first'
drop() {
	local code=0
	node "$radebeul" drop "$@" >"$work/out" 2>"$work/errors" || code=$?
	return "$code"
}
is_here() { node_json "$radebeul" ".datasets[] | select(.dataset == \"$1\" and .held) | .dataset" ls >/dev/null; }
{ drop 'meissen/**' --yes && grep -q '^1 version stays, as subscriptions ask for it' "$work/out"; } || wrong "drop: $(cat "$work/out" "$work/errors")"
is_here meissen/fremd || wrong 'what a subscription asks for is dropped'
node "$radebeul" unsubscribe 'meissen/**' >/dev/null
if drop '**'; then wrong 'drop does not want --yes'; fi
{ grep -q '^1 version, .* would be dropped' "$work/out" && grep -q 'say --yes' "$work/errors"; } || wrong "drop: $(cat "$work/out" "$work/errors")"
is_here meissen/fremd || wrong 'dropped without --yes'
before=$(node_json "$radebeul" .store.used_bytes status)
drop '**' --yes || wrong "drop: $(cat "$work/out" "$work/errors")"
if is_here meissen/fremd; then wrong 'it is still here'; fi
is_here radebeul/gross || wrong 'own data is dropped'
smaller() { [ "$(node_json "$radebeul" .store.used_bytes status)" -lt $((before - 1500000)) ]; }
wait_for 30 smaller || wrong 'there is not more room'
get_same meissen/fremd@1 "$work/foreign"
clean "$radebeul"

say 'what cannot fit is not begun, and smaller ones pass'
node_stop "$radebeul"
sed -i 's/^size-limit.*/size-limit = 80M/' "$radebeul/config"
node_start "$radebeul"
node "$radebeul" subscribe 'meissen/**' >/dev/null
head -c 20000000 /dev/urandom >"$work/huge"
publish meissen/gross "$work/huge" --tier members >/dev/null
publish meissen/klein "$work/foreign" --tier members >/dev/null
get_same meissen/klein@1 "$work/foreign"
waits() { node "$radebeul" status | grep -Eq '^Fetching .*meissen/gross@1  0 B of 20 MB, waiting for 2[0-9] MB of room, [0-9.]+ MB are left'; }
wait_for 30 waits || wrong "status: $(node "$radebeul" status)"
node "$radebeul" --json status >"$work/status" || true
jq -e '[.actions[] | select(.topic == "space" and (.text | test("^meissen/gross@1 waits for 2[0-9] MB of room, and ")))] | length == 1' \
	"$work/status" >/dev/null || wrong "no action: $(jq -c .actions "$work/status")"
jq -e '.store | .used_bytes < 0.85 * .limit_bytes' "$work/status" >/dev/null || wrong "beyond 85 %: $(jq -c .store "$work/status")"
node "$radebeul" space | grep -Eq '^meissen/gross@1	0	20[0-9]{6}	2[0-9] MB of room$' || wrong "space: $(node "$radebeul" space)"
code=0
node "$radebeul" get meissen/gross -o "$work/never" 2>"$work/errors" || code=$?
{ [ "$code" = 1 ] && grep -q 'needs 2[0-9] MB, and ' "$work/errors"; } || wrong "get: $code $(cat "$work/errors")"
publish meissen/gross "$work/foreign" --tier members --allow-shrink >/dev/null
publish meissen/klein "$work/table" --tier members --allow-shrink >/dev/null
get_same meissen/klein@2 "$work/table"
clean "$radebeul"
