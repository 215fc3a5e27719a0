#!/usr/bin/env bash
# Nodes are killed at seeded moments, ten times while they publish and ten times while they receive.
# Nothing that was acknowledged is lost, the store is sound after each start, and all arrives in the end.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

rounds=6
bytes=$((24 * 1000 * 1000))
"$small" && bytes=$((8 * 1000 * 1000))

# doze MILLISECONDS
doze() {
	sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"
}

two_nodes

RANDOM=20261120 # from here on: the moments of the kills
say 'how long one publication takes'
testdata 1 "$bytes" mixed >"$work/v1.bin"
started=$(now_ms)
publish meissen/gross "$work/v1.bin" --tier members >/dev/null
took=$(($(now_ms) - started))
acknowledged=1 # the version that stands for sure
say "$took ms"

say 'killed while publishing'
torn=0
for ((round = 1; round <= rounds; round++)); do
	file=$work/v$((acknowledged + 1)).bin
	testdata "$((round + 1))" "$bytes" mixed >"$file"
	"$allmende" -d "$meissen" publish meissen/gross "$file" >"$work/answer" 2>>"$work/publish.log" &
	publisher=$!
	doze $((RANDOM % (took + took / 5 + 1)))
	node_kill "$meissen"
	kill "$publisher" 2>/dev/null || true # it would wait for the node, and begin again
	if wait "$publisher"; then
		acknowledged=$((acknowledged + 1))
	else
		torn=$((torn + 1))
	fi
	node_start "$meissen"
	clean "$meissen"
	current=$(node_json "$meissen" .version show meissen/gross)
	# Killed between the commit and the answer: there, although nobody was told.
	if [ "$current" = $((acknowledged + 1)) ]; then
		acknowledged=$current
	fi
	[ "$current" = "$acknowledged" ] || wrong "version $acknowledged was acknowledged, $current is there"
	rm -f -- "$work/own"
	node "$meissen" get "meissen/gross@$current" -o "$work/own"
	same "$work/v$acknowledged.bin" "$work/own"
done
[ "$torn" -gt 0 ] || wrong 'no publication was ever interrupted: the test tests nothing'
say "$torn of $rounds publications interrupted, $acknowledged versions"
get_same meissen/gross@1 "$work/v1.bin"

say 'how long one transfer takes'
node "$radebeul" subscribe 'meissen/**' >/dev/null
"$small" && bytes=$((24 * 1000 * 1000))
testdata 100 "$bytes" noise >"$work/weg-0.bin"
publish meissen/weg-0 "$work/weg-0.bin" --tier members >/dev/null
started=$(now_ms)
node "$radebeul" wait meissen/weg-0@1 --timeout 120 >/dev/null
took=$(($(now_ms) - started))
say "$took ms"

say 'killed while receiving'
interrupted=0
held=0
number=0
while [ "$interrupted" -lt "$rounds" ]; do
	number=$((number + 1))
	[ "$number" -le 60 ] || wrong "only $interrupted transfers were interrupted"
	testdata "$((100 + number))" "$bytes" noise >"$work/weg-$number.bin"
	publish "meissen/weg-$number" "$work/weg-$number.bin" --tier members >/dev/null
	# As often as it takes, in the midst of the same transfer.
	while [ "$interrupted" -lt "$rounds" ]; do
		doze $((RANDOM % (took + 1)))
		state=$(node_json "$radebeul" .held show "meissen/weg-$number" 2>/dev/null) || state=unknown
		[ "$state" != true ] || break
		victim=$radebeul
		[ $((RANDOM % 3)) -gt 0 ] || victim=$meissen
		node_kill "$victim"
		interrupted=$((interrupted + 1))
		node_start "$victim"
		clean "$victim"
		# What had been complete is complete.
		for ((i = 0; i <= held; i++)); do
			[ "$(node_json "$radebeul" .held show "meissen/weg-$i")" = true ] ||
				wrong "meissen/weg-$i was held before the crash"
		done
	done
	node "$radebeul" wait "meissen/weg-$number@1" --timeout 120 >/dev/null ||
		wrong "meissen/weg-$number did not arrive after the crashes"
	held=$number
done
say "$rounds interruptions of $number transfers"
for ((i = 0; i <= number; i++)); do
	get_same "meissen/weg-$i@1" "$work/weg-$i.bin"
done
get_same "meissen/gross@$acknowledged" "$work/v$acknowledged.bin"
clean "$radebeul"
