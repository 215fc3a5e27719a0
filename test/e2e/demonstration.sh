#!/usr/bin/env bash
# The demonstration holds with the third-party tables and with invented ones, and takes files named by
# the user; it leaves nothing behind and says what failed.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

export TMPDIR="$work/tmp"
mkdir "$work/tmp" "$work/leer" "$work/mit Blank"
echo 'Grüße aus Meißen' >"$work/mit Blank/Grüße & Wünsche.txt"
cd "$work/mit Blank"

shows() {
	grep -q -- "$1" "$work/out" || wrong "the demonstration does not say \"$1\""
}

say 'invented tables, a file of the user'
bounded 250 "$root/tools/demo" "$build" --exit --data "$work/leer" 'Grüße & Wünsche.txt' >"$work/out" 2>&1 ||
	wrong "it failed: $(cat "$work/out")"
shows 'invented'
shows 'meissen/dateien/gruesse-wuensche.txt@1'
shows '14 of 14 identical'
shows 'Every step held'
[ "$(grep -c 'On purpose now, to be refused: ' "$work/out")" = 5 ] || wrong 'a mistake on purpose is not announced'

say 'it leaves nothing behind'
[ -z "$(ls -A "$TMPDIR")" ] || wrong "left behind: $(ls -A "$TMPDIR")"

say 'without --exit it goes on until Ctrl-C, and keeps the directories'
set -m # a process group of its own, as on a terminal
"$root/tools/demo" "$build" --data "$work/leer" >"$work/out" 2>&1 &
demo=$!
set +m
helper_pids+=("$demo")
wait_for 240 grep -q 'The nodes are running' "$work/out" || wrong "it does not run: $(cat "$work/out")"
kill -INT -- "-$demo"
wait "$demo" || wrong "it did not end cleanly: $(cat "$work/out")"
[ -d "$(sed -n 's/.* are kept: //p' "$work/out")/meissen" ] || wrong 'the directories are not kept'

say 'a file that is not there is named'
if "$root/tools/demo" "$build" --exit "$work/nicht da" >"$work/out" 2>&1; then
	wrong 'a missing file was taken'
fi
shows 'nicht da'

if [ -r "${ALLMENDE_SHARED:-$root/../shared}/data/schulen-sachsen.json" ]; then
	say 'the tables of ../shared'
	bounded 250 "$root/tools/demo" "$build" --exit >"$work/out" 2>&1 ||
		wrong "it failed: $(cat "$work/out")"
	shows '13 of 13 identical'
	! grep -q invented "$work/out" || wrong 'it invented tables although there are some'
else
	echo '[  SKIPPED ] tables_of_shared'
fi
