#!/usr/bin/env bash
# A dataset comes from four nodes at once, each on a slow line: in much less than the time that one of them takes. It
# also comes when three of them die in the middle, when one hangs or has a line that is hardly one; and what was here
# before a crash is not fetched again.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# With sanitizers the lines are slower: they are to be what everybody waits for, and not the processor.
rate=$((20 * 1000 * 1000 / 8)) # bytes a second
bytes=$((16 << 20))
"$small" && rate=$((rate / 4)) bytes=$((bytes / 4))
holders=(meissen radebeul riesa coswig)
dataset=meissen/luftbild

# rate_set BYTES-A-SECOND SLUG...: of lines that begin from here on; 0: no bound.
rate_set() {
	local slug
	for slug in "${@:2}"; do
		echo "$1" >"$work/$slug.rate"
	done
}

# proxy_start SLUG: the line to this holder; $work/SLUG.proxy is its port, $work/SLUG.port the holder's own.
proxy_start() {
	"$helpers/slow_proxy" "$work/$1.proxy" "$work/$1.port" "$work/$1.rate" >"$work/$1.relayed" &
	helper_pids+=($!)
	wait_for 10 test -e "$work/$1.proxy" || wrong "no line to $1"
}

# holder_init SLUG COMMAND...: sets a holder up with COMMAND; others learn the address of its line only.
holder_init() {
	local slug=$1
	shift
	port_free >"$work/$slug.port"
	proxy_start "$slug"
	"$@" --listen "127.0.0.1:$(cat "$work/$slug.port")" --no-passphrase >>"$work/$slug.log"
	echo "advertise = 127.0.0.1:$(cat "$work/$slug.proxy")" >>"$work/$slug/config"
}

holder_join() {
	holder_init "$1" node "$work/$1" init --join - <<<"$(node_invite "$meissen" "$1")"
	node_start "$work/$1"
	node "$work/$1" subscribe 'meissen/**' >/dev/null
}

# linked_with DIR COUNT: so many links, and compared over each.
linked_with() {
	[ "$(node_json "$1" '[.peers[] | select(.linked and .synced)] | length' peers)" = "$2" ]
}

# fetcher_join SLUG COUNT: a node that nobody can dial, with links to so many holders.
fetcher_join() {
	node_join "$work/$1" "$(node_invite "$meissen" "$1")" --dial-only --no-passphrase ||
		wrong "$1 did not join"
	wait_for 30 linked_with "$work/$1" "$2" || wrong "$1 is not linked with $2 holders"
}

# fetched SLUG: bytes of the dataset that are there; all of them when it is held.
fetched() {
	node_json "$work/$1" '.fetches[] | select(.dataset == "'$dataset'") | .bytes' status 2>/dev/null || echo 0
}

# fetched_some SLUG: it is in the middle.
fetched_some() {
	[ "$(fetched "$1")" -gt $((bytes / 5)) ]
}

# took_ms SLUG: how long a node that has nothing takes for all.
took_ms() {
	local began
	began=$(now_ms)
	node "$work/$1" get "$dataset" -o "$work/$1.copy" >/dev/null || wrong "get at $1"
	printf '%s\n' $(($(now_ms) - began))
	same "$work/original" "$work/$1.copy"
}

fetcher_end() {
	node_stop "$work/$1"
	rm -rf -- "${work:?}/$1" "$work/$1.copy"
}

# relayed: bytes that have gone over lines that have ended.
relayed() {
	cat "$work"/*.relayed | awk '{ sum += $1 } END { print sum + 0 }'
}

is_held() {
	[ "$(node_json "$1" .held show "$dataset" 2>/dev/null)" = true ]
}

say 'four holders'
rate_set 0 "${holders[@]}"
testdata 20 "$bytes" noise >"$work/original"
holder_init meissen node_init "$meissen" meissen
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
publish "$dataset" "$work/original" --tier members >/dev/null
for slug in "${holders[@]:1}"; do
	holder_join "$slug"
done
for slug in "${holders[@]:1}"; do
	wait_for 60 is_held "$work/$slug" || wrong "$slug does not hold it"
	node_stop "$work/$slug"
done

rate_set "$rate" "${holders[@]}"
fetcher_join nossen 1
one=$(took_ms nossen)
fetcher_end nossen
say "from one: $one ms"

for slug in "${holders[@]:1}"; do
	node_start "$work/$slug"
done
fetcher_join strehla 4
four=$(took_ms strehla)
fetcher_end strehla
say "from four: $four ms, $((four * 100 / one)) % of it"
[ "$one" -gt $((bytes * 900 / rate)) ] || wrong 'one line was faster than it may be'
[ "$((four * 100))" -le "$((one * 35))" ] || wrong "four took $four ms, one took $one ms"

say 'killed while receiving'
fetcher_join lommatzsch 4
node "$work/lommatzsch" subscribe 'meissen/**' >/dev/null
wait_for 30 fetched_some lommatzsch || wrong 'nothing arrives'
before=$(fetched lommatzsch)
node_kill "$work/lommatzsch"
[ "$before" -lt "$bytes" ] && [ "$before" -gt 0 ] || wrong 'it was not in the middle'
sleep 0.3 # until its lines have ended
relayed_before=$(relayed)
node_start "$work/lommatzsch"
wait_for 60 is_held "$work/lommatzsch" || wrong 'it does not go on after a crash'
node_stop "$work/lommatzsch"
sleep 0.3
again=$(($(relayed) - relayed_before))
say "$before bytes were here, $again came over the lines afterwards, of $bytes"
[ "$again" -lt $((bytes - before + (1 << 20))) ] || wrong 'what was here was fetched again'
fetcher_end lommatzsch

say 'a line is forty times slower, and a holder hangs'
rate_set $((rate / 40)) riesa
fetcher_join niederau 4
began=$(now_ms)
node "$work/niederau" get "$dataset" -o "$work/niederau.copy" >/dev/null &
getter=$!
wait_for 30 fetched_some niederau || wrong 'nothing arrives'
kill -STOP "${node_pid[$work/coswig]}"
wait "$getter" || wrong 'it stops with a holder that hangs'
took=$(($(now_ms) - began))
kill -CONT "${node_pid[$work/coswig]}"
same "$work/original" "$work/niederau.copy"
say "$took ms"
[ "$took" -lt $((one * 3 / 2)) ] || wrong "$took ms, and from one good line it is $one ms"
rate_set "$rate" riesa
fetcher_end niederau

say 'three of four die in the middle'
fetcher_join groeditz 4
node "$work/groeditz" get "$dataset" -o "$work/groeditz.copy" >/dev/null &
getter=$!
wait_for 30 fetched_some groeditz || wrong 'nothing arrives'
for slug in meissen radebeul riesa; do
	node_kill "$work/$slug"
done
wait "$getter" || wrong 'it stops with three of its four sources'
same "$work/original" "$work/groeditz.copy"
clean "$work/groeditz"
