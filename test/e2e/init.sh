#!/usr/bin/env bash
# init that is killed at any moment, that is said twice, and with other words.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

words=(init --name 'Stadt Meißen' --slug meissen --ags 14627140 --no-passphrase --listen 127.0.0.1:0)

# init_in DIR: in a process of its own, which it becomes; the paths of sheets are relative, as people
# write them.
init_in() {
	cd "$1" && exec "$allmende" -d node "${words[@]}" --recovery-sheet first.txt --next-root-sheet second.txt
}

say 'killed at any moment of it: it is said once more, and all is as if it had been said once'
rounds=40
! $small || rounds=10
cut=0
mkdir "$work/whole"
begun=$(now_ms)
(init_in "$work/whole") >/dev/null
took=$(($(now_ms) - begun))
for i in $(seq "$rounds"); do
	place=$work/$i
	mkdir "$place"
	init_in "$place" >/dev/null 2>&1 &
	pid=$!
	# Most of them early: the first one may have been slow by accident.
	sleep "$(awk -v ms=$((took * i * i / rounds / rounds)) 'BEGIN { print ms / 1000 }')"
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	[ ! -e "$place/node/unfinished" ] || cut=$((cut + 1))
	if [ -e "$place/node/unfinished" ]; then
		! "$allmended" -d "$place/node" 2>"$work/said" || wrong 'half a node was started'
		grep -q 'cut short there; run it again' "$work/said" || wrong "the daemon says: $(cat "$work/said")"
	fi
	(init_in "$place") >"$work/said" 2>&1 || wrong "after a kill ($i): $(cat "$work/said")"
	grep -qx '  allmended -d node --detach' "$work/said" || grep -q 'has a node in node already' "$work/said" || wrong "how it is started: $(cat "$work/said")"
	[ ! -e "$place/node/unfinished" ] || wrong "it was not finished ($i)"
	# made, or there already; the sheets belong to it either way
	[ -s "$place/first.txt" ] && [ -s "$place/second.txt" ] || wrong "a sheet is missing ($i)"
	node "$place/node" recovery-sheet -o "$place/again.txt" >/dev/null
	# the seed has two lines; below the id stands the minute in which each was written
	for sheet in first again; do
		grep '^Organisation id' "$place/$sheet.txt"
		grep -A1 '^Root seed' "$place/$sheet.txt"
	done >"$work/lines"
	[ "$(wc -l <"$work/lines")" = 6 ] && [ "$(sort -u "$work/lines" | wc -l)" = 3 ] || wrong "the sheet is not that of the node ($i)"
	[ "$(grep '^Organisation id' "$place/second.txt")" = "$(grep '^Organisation id' "$place/again.txt")" ] ||
		wrong "the second sheet is not that of the node ($i)"
done
[ "$cut" -gt 0 ] || wrong 'no init was cut short: the test has tried nothing'
node_start "$work/1/node"

say 'a sheet of somebody else is not taken for what was left'
place=$work/foreign
mkdir -p "$place/node"
touch "$place/node/unfinished"
cp "$work/1/first.txt" "$place/first.txt"
! (init_in "$place") >"$work/said" 2>&1 || wrong 'it wrote over a sheet'
grep -q 'first.txt exists already' "$work/said" || wrong "it says: $(cat "$work/said")"
same "$work/1/first.txt" "$place/first.txt"

say 'the same words again do no harm, also while the node runs; with others it is said whose it is'
before=$(sha256sum "$work/1/node/config" "$work/1/node/keys/"* "$work/1/first.txt")
(init_in "$work/1") >"$work/said" || wrong 'the same words are refused'
grep -q 'has a node in node already: nothing was changed' "$work/said" || wrong "it says: $(cat "$work/said")"
[ "$(node_json "$work/1/node" .made "${words[@]}" 2>&1 || true)" = false ] || wrong '--json does not say that nothing was made'
status=0
node "$work/1/node" init --name 'Stadt Riesa' --slug riesa --ags 14627230 --no-passphrase 2>"$work/said" || status=$?
[ "$status" = 1 ] && grep -q 'holds the node of Stadt Meißen (meissen, 14627140) already' "$work/said" ||
	wrong "with other words: $status, $(cat "$work/said")"
[ "$before" = "$(sha256sum "$work/1/node/config" "$work/1/node/keys/"* "$work/1/first.txt")" ] || wrong 'something was changed'

say 'two at once: one makes it'
place=$work/both
mkdir "$place"
one=0 two=0
(cd "$place" && exec "$allmende" -d node "${words[@]}") >"$work/one" 2>&1 &
pid=$!
(cd "$place" && exec "$allmende" -d node "${words[@]}") >"$work/two" 2>&1 || two=$?
wait "$pid" || one=$?
[ "$one" = 0 ] || [ "$two" = 0 ] || wrong "neither: $(cat "$work/one" "$work/two")"
node_start "$place/node"

say '--advertise stands in the settings, and a wrong one is refused'
node "$work/told" "${words[@]}" --advertise node.meissen.example:7420 --advertise '[2001:db8::1]:7420' >/dev/null
grep -qx 'advertise = node.meissen.example:7420 \[2001:db8::1\]:7420' "$work/told/config" || wrong "$(cat "$work/told/config")"
node_start "$work/told"
status=0
node "$work/none" "${words[@]}" --advertise node.meissen.example 2>"$work/said" || status=$?
[ "$status" = 2 ] && [ ! -e "$work/none" ] || wrong "a wrong address: $status, $(cat "$work/said")"

say 'it leaves the terminal once it answers, and says there what is wrong'
node_init "$work/detached" riesa --listen 127.0.0.1:0 --passphrase-file <(echo geheim)
code=0
bounded 60 "$allmended" -d "$work/detached" --detach --passphrase-file <(echo falsch) 2>"$work/said" || code=$?
[ "$code" = 3 ] || wrong "a wrong passphrase: exit code $code"
grep -q passphrase "$work/said" || wrong 'nobody says that the passphrase is wrong'
bounded 60 "$allmended" -d "$work/detached" --detach --passphrase-file <(echo geheim) >"$work/said"
helper_pids+=("$(sed -n 's/.*as process \([0-9]*\) .*/\1/p' "$work/said")")
"$allmende" -d "$work/detached" status >/dev/null || wrong 'it does not answer, though it said that it is ready'
grep -q ' ready: ' "$work/detached/allmended.log" || wrong 'the log does not say that it is ready'
code=0
bounded 60 "$allmended" -d "$work/detached" --detach --passphrase-file <(echo geheim) 2>"$work/said" || code=$?
[ "$code" = 1 ] && grep -q 'is using' "$work/said" || wrong "started twice: exit code $code"
