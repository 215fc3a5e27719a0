#!/usr/bin/env bash
# Starts: all at once, alone, with an old copy of the directory; what waits meanwhile is not lost.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

state() {
	node_json "$meissen" .state start
}

state_is() {
	[ "$(state)" = "$1" ]
}

waits_for() {
	node_json "$meissen" '.waiting[]' start | grep -qx "$1"
}

version_is() {
	[ "$(node_json "$1" '.versions[0].version' log "$2" 2>/dev/null)" = "$3" ]
}

both_stop() {
	node_stop "$meissen"
	node_stop "$radebeul"
}

# give_up COMMAND...: it is made to end after some seconds, and has not been successful.
give_up() {
	! node_patience=3 node "$meissen" "$@" >"$work/said" 2>&1 || wrong "it did not wait: $*"
}

two_nodes
testdata "$work/one" 50000 1 2>/dev/null || head -c 50000 /dev/urandom >"$work/one"
head -c 60000 /dev/urandom >"$work/two"
head -c 70000 /dev/urandom >"$work/three"

say 'all start at once: it takes no time'
[ "$(publish meissen/plan "$work/one")" = 1 ] || wrong 'version 1 was not made'
both_stop
node_start "$meissen"
node_start "$radebeul"
begun=$(now_ms)
[ "$(publish meissen/plan "$work/two")" = 2 ] || wrong 'version 2 was not made'
[ $(($(now_ms) - begun)) -lt $((8000 * patience)) ] || wrong 'the start took too long'
get_same meissen/plan@2 "$work/two"

say 'alone: what is published waits, also over a stop'
both_stop
node_start "$meissen"
state_is waits || wrong "the state is $(state)"
give_up publish meissen/plan "$work/three"
give_up grant meissen/plan --to radebeul --rights read
waits_for meissen/plan || wrong 'the publication does not wait'
node_json "$meissen" '.actions[].text' status | grep -q '1 publication waits' ||
	wrong 'status says nothing of it'
node_kill "$meissen"
node_start "$meissen"
waits_for meissen/plan || wrong 'the publication was lost by the start'
version_is "$meissen" meissen/plan 2 || wrong 'it was published unsigned'
node_start "$radebeul"
wait_for 30 version_is "$radebeul" meissen/plan 3 || wrong 'it was not published'
get_same meissen/plan@3 "$work/three"
state_is signs || wrong "the state is $(state)"
clean "$meissen"

say 'an old copy of the directory: nothing that was withdrawn comes back, and no number is used twice'
publish meissen/weg "$work/one" >/dev/null
wait_for 30 version_is "$radebeul" meissen/weg 1 || wrong 'it did not become known'
node_stop "$meissen"
cp -a -- "$meissen" "$work/copy-of-meissen"
node_start "$meissen"
[ "$(publish meissen/plan "$work/one")" = 4 ] || wrong 'version 4 was not made'
node "$meissen" withdraw meissen/weg --reason 'ein Versehen' --yes >/dev/null
wait_for 30 version_is "$radebeul" meissen/plan 4 || wrong 'version 4 did not become known'
node_stop "$meissen"
rm -rf -- "$meissen"
mv -- "$work/copy-of-meissen" "$meissen"
node_start "$meissen"
# What was made before the own records had come back would be another version 4: it is refused. Who
# comes later makes version 5 at once.
if ! node "$meissen" publish meissen/plan "$work/two" >"$work/said" 2>&1; then
	grep -q 'publish it again\|publish again' "$work/said" || wrong "it is not said what to do: $(cat "$work/said")"
	publish meissen/plan "$work/two" >/dev/null
fi
version_is "$meissen" meissen/plan 5 || wrong 'version 5 was not made'
state_is signs || wrong "the state is $(state)"
get_same meissen/plan@5 "$work/two"
for dir in "$meissen" "$radebeul"; do
	! node "$dir" --json ls 'meissen/weg' | grep -q '"meissen/weg"' || wrong "meissen/weg is back in $dir"
done

say 'nobody else can be reached: somebody says that it is right'
both_stop
node_start "$meissen"
node "$meissen" start | grep -q 'is of 20' || wrong 'the day of the last head is not shown'
node "$meissen" start confirm >/dev/null
[ "$(publish meissen/plan "$work/three")" = 6 ] || wrong 'version 6 was not made'
node_start "$radebeul"
get_same meissen/plan@6 "$work/three"
clean "$meissen"
clean "$radebeul"

say 'a second machine with the same key: all say so, and nothing acknowledged is lost'
node_stop "$meissen"
clone=$work/clone
cp -a -- "$meissen" "$clone"
sed -i "s/^listen = .*/listen = 127.0.0.1:$(port_free)/" "$clone/config"
node_start "$meissen"
wait_for 30 state_is signs || wrong "the state is $(state)"
node_start "$clone"
says() {
	node_json "$1" '.actions[].text' status | grep -q "$2"
}
for dir in "$meissen" "$clone"; do
	wait_for 60 says "$dir" 'another machine uses the key of this node' || wrong "${dir##*/} does not notice: $(node "$dir" status)"
done
wait_for 60 says "$radebeul" 'two machines use the key of node 0 of Stadt Meißen' || wrong 'the others do not notice'
status=0
node "$clone" status --check >"$work/said" || status=$?
[ "$status" = 2 ] || wrong "--check: $status, $(cat "$work/said")"
made=()
for dir in "$meissen" "$clone"; do
	if node_patience=3 node "$dir" publish "meissen/von-${dir##*/}" "$work/one" --tier members >/dev/null 2>&1; then
		made+=("meissen/von-${dir##*/}")
	fi
done
# What the clone has told nobody goes with it: while both run, they take each other's sessions.
if ! wait_for 20 version_is "$radebeul" meissen/von-clone 1; then
	made=("${made[@]/meissen\/von-clone/}")
fi
node_stop "$clone"
for dataset in ${made[@]+"${made[@]}"}; do
	[ -n "$dataset" ] || continue
	wait_for 60 version_is "$radebeul" "$dataset" 1 || wrong "$dataset was acknowledged and is gone"
done
