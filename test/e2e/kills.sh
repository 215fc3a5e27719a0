#!/usr/bin/env bash
# kill -9 at any time, spread over backup, restore, recover, withdraw, erase and folders: nothing half-done is visible, and
# a repeat goes on. KILLS: how often each; fifteen are about a hundred kills.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

kills=${KILLS:-$([ "$small" = true ] && echo 3 || echo 5)}

# after_ms N MAX: a time to wait before the kill, spread over MAX milliseconds.
after_ms() {
	printf '0.%03d' $(((RANDOM % ($2 / kills + 1) + $2 * ($1 - 1) / kills) % 1000))
}

# killed SECONDS COMMAND...: ends it without a word; whatever it did stays.
killed() {
	local seconds=$1
	shift
	(
		timeout -s KILL "$seconds" "$@" >/dev/null 2>&1 </dev/null &
		wait $!
	) 2>/dev/null || true
}

two_nodes
address=$(sed -n 's/^listen = //p' "$meissen/config")
node "$radebeul" recovery-sheet -o "$work/sheet" >/dev/null
folder=$work/folder
mkdir "$folder" "$work/data"
node "$meissen" subscribe 'radebeul/**' --to "$folder" >/dev/null
testdata "$work/big" 3000000 1 2>/dev/null || head -c 3000000 /dev/urandom >"$work/big"
node "$radebeul" publish radebeul/gross "$work/big" --tier members >/dev/null

# whole DIR VERSION: a folder is one version, all of it, or not there.
whole() {
	[ -e "$1" ] || return 0
	[ "$(find "$1" -name 'part*' | wc -l)" = 30 ] && [ "$(cat "$1"/part* | sort -u | wc -l)" = 1 ]
}

say "backup and restore, $kills times each"
backup=$work/backup
for n in $(seq "$kills"); do
	head -c 400000 /dev/urandom >"$work/night"
	node "$radebeul" publish radebeul/nacht "$work/night" >/dev/null
	killed "$(after_ms "$n" 120)" "$allmende" -d "$radebeul" backup "$backup" --clear-keys
	killed "$(after_ms "$n" 60)" "$allmende" -d "$work/restored" restore "$backup"
	if [ -e "$work/restored" ]; then # whole, or not there; a repeat says so or goes on
		"$allmende" -d "$work/restored" restore "$backup" >"$work/said" 2>&1 ||
			grep -q 'holds a node already\|not empty\|is there\|no backup' "$work/said" ||
			wrong "a restore that was killed cannot be repeated: $(cat "$work/said")"
	fi
	rm -rf -- "$work/restored"
done
node "$radebeul" backup "$backup" --clear-keys >/dev/null || wrong 'no backup after kills'
node "$work/restored" restore "$backup" >/dev/null || wrong 'no restore after kills'
[ -z "$(find "$work" -maxdepth 1 -name '.*restor*' -o -maxdepth 1 -name 'restored.*')" ] || wrong "a killed restore leaves $(ls -a "$work")"
rm -rf -- "$work/restored"

say "folders: the receiver is killed while it writes, $kills times"
for n in $(seq "$kills"); do
	rm -rf -- "$work/data"
	mkdir "$work/data"
	for part in $(seq 30); do
		echo "version $n" >"$work/data/part$part"
	done
	node "$radebeul" publish radebeul/viele "$work/data" --tier members >/dev/null
	sleep "$(after_ms "$n" 300)"
	node_kill "$meissen"
	whole "$folder/radebeul/viele" || wrong "half a version is visible: $(cat "$folder/radebeul/viele"/part* | sort | uniq -c)"
	node_start "$meissen"
done
newest() {
	[ "$(cat "$folder/radebeul/viele"/part* 2>/dev/null | sort -u)" = "version $kills" ] && whole "$folder/radebeul/viele"
}
wait_for 60 newest || wrong "the last version does not come: $(cat "$folder/radebeul/viele"/part* | sort | uniq -c)"
[ -z "$(find "$folder/radebeul" -mindepth 1 -name '.*' ! -name '.allmende*here')" ] || wrong "something half is left: $(find "$folder/radebeul")"

say "withdraw and erase: both ends are killed, $kills times"
for n in $(seq "$kills"); do
	set=radebeul/weg-$n
	node "$radebeul" publish "$set" "$work/data" --tier members >/dev/null
	there() {
		[ -e "$folder/$set/part30" ]
	}
	wait_for 60 there || wrong "$set does not arrive"
	"$allmende" -d "$radebeul" withdraw "$set" --erase --reason 'ein Versehen' --yes >"$work/said" 2>&1 &
	client=$!
	sleep "$(after_ms "$n" 40)"
	node_kill "$radebeul"
	acknowledged=false
	! wait "$client" || acknowledged=true
	sleep "$(after_ms "$n" 100)"
	node_kill "$meissen"
	whole "$folder/$set" || wrong "half a copy is left: $(ls "$folder/$set")"
	node_start "$radebeul"
	node_start "$meissen"
	gone() { # a repeat: it was done, or is done now
		node "$radebeul" withdraw "$set" --erase --reason 'ein Versehen' --yes >/dev/null 2>&1 ||
			node "$radebeul" withdraw "$set" >/dev/null 2>&1
	}
	if [ "$acknowledged" = true ]; then
		! node "$radebeul" show "$set" >/dev/null 2>&1 || wrong "$set was acknowledged as withdrawn, and is there"
	fi
	wait_for 60 gone || wrong "$set cannot be withdrawn"
	erased() {
		[ ! -e "$folder/$set" ] && ! node "$meissen" show "$set" >/dev/null 2>&1 &&
			[ "$(node_json "$radebeul" '.outstanding | length' withdraw "$set")" = 0 ] &&
			node_json "$radebeul" '.confirmed[] | select(.slug == "meissen")' withdraw "$set" >/dev/null
	}
	wait_for 90 erased || wrong "$set is not erased: $(node "$radebeul" withdraw "$set"), $(find "$folder/$set" 2>&1)"
done

say "recover, $kills times"
node_kill "$radebeul"
mv -- "$radebeul" "$work/burnt"
recover=("$allmende" -d "$radebeul" init --recover "$work/sheet" --from "$address" --lost all --no-passphrase --listen 127.0.0.1:0)
for n in $(seq "$kills"); do
	killed "$(after_ms "$n" 400)" "${recover[@]}"
done
if ! "${recover[@]}" >"$work/said" 2>&1; then # one of them was quicker than the kill
	grep -q 'holds the node of' "$work/said" || wrong "recovery cannot be repeated: $(cat "$work/said")"
fi
node_start "$radebeul" || wrong 'what was recovered does not start'
for n in $(seq "$kills"); do
	sleep "$(after_ms "$n" 500)"
	node_kill "$radebeul"
	node_start "$radebeul"
done
back() {
	node "$radebeul" get radebeul/gross -o "$work/copy" >/dev/null 2>&1
}
wait_for 60 back || wrong "the data is not back: $(node "$radebeul" status)"
same "$work/big" "$work/copy"
signs() {
	[ "$(node_json "$radebeul" .state start)" = signs ]
}
wait_for 60 signs || wrong "it does not sign: $(node "$radebeul" start)"
[ "$(node_json "$radebeul" '.nodes | map(select(.state == "active")) | length' node list)" = 1 ] || wrong "the nodes are: $(node "$radebeul" node list)"
node "$radebeul" publish radebeul/danach "$work/night" --tier members >/dev/null || wrong 'it does not publish'
clean "$radebeul"
clean "$meissen"
