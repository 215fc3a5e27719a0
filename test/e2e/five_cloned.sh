#!/usr/bin/env bash
# Five towns; somebody copies one's virtual machine, and both run, and both publish, also the same dataset. Both say so.
# Whichever is switched off: what was acknowledged is there for all. The argument says which stays: original or clone.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

five_nodes
clone=$work/clone
case ${3:-original} in
clone) stays=$clone off=$riesa ;;
*) stays=$riesa off=$clone ;;
esac
for slug in "${five[@]}"; do
	five_publish "$work/$slug" "$slug/plan" --tier members
done
five_held "$meissen"

# both_publish DATASET: a new version of it at either machine at the same time; what is acknowledged is written down, as
# "DIR DATASET FILE". One that signs nothing any more says so, and has acknowledged nothing.
both_publish() {
	local dir pids=()
	for dir in "$riesa" "$clone"; do
		count=$((count + 1))
		head -c 3000 /dev/urandom >"$work/contents.$count"
		publish_one "$dir" "$1" "$work/contents.$count" &
		pids+=($!)
	done
	wait "${pids[@]}"
}

publish_one() {
	if node_patience=20 node "$1" publish "$2" "$3" --tier members >"$3.said" 2>&1; then
		printf '%s %s %s\n' "$1" "$2" "$3" >>"$work/acknowledged"
	fi
}

# is_there DIR DATASET FILE: under whichever number.
is_there() {
	local number
	for number in $(seq 12); do
		if node "$1" get "$2@$number" -o "$work/found" --timeout 2 >/dev/null 2>&1 && cmp -s -- "$3" "$work/found"; then
			rm -f -- "$work/found"
			return 0
		fi
		rm -f -- "$work/found"
	done
	return 1
}

say 'the machine is copied, and both run'
node_stop "$riesa"
cp -a -- "$riesa" "$clone"
sed -i "s/^listen = .*/listen = 127.0.0.1:$(port_free)/" "$clone/config"
node_start "$riesa"
five_publish "$riesa" riesa/erste --tier members
node_start "$clone"

say 'both publish'
: >"$work/acknowledged"
for dataset in riesa/plan riesa/neu riesa/plan riesa/dritte; do
	both_publish "$dataset"
done
for dir in "$riesa" "$clone"; do
	grep -q "^$dir " "$work/acknowledged" || wrong "${dir##*/} has published nothing: $(cat "$work"/*.said)"
done

say 'within a minute both say so, and others too'
told() {
	says "$1" 'another machine uses the key'
}
wait_for 60 told "$riesa" || wrong "the first does not say so: $(node "$riesa" status)"
wait_for 60 told "$clone" || wrong "the clone does not say so: $(node "$clone" status)"

say 'what is going to be switched off has told the others'
while read -r dir dataset file; do
	[ "$dir" = "$off" ] || continue
	wait_for 90 is_there "$meissen" "$dataset" "$file" || wrong "$dataset of ${dir##*/} does not come to the others"
done <"$work/acknowledged"

say "one of them is switched off (${stays##*/} stays), and what the administrator was told to type ends it"
node_stop "$off"
rm -rf -- "$off"
node_stop "$stays"
node_start "$stays"
signs() {
	[ "$(node_json "$stays" .state start)" = signs ]
}
if ! wait_for 20 signs; then
	node "$stays" start >"$work/said"
	grep -q 'start confirm' "$work/said" || wrong "start does not say what to type: $(cat "$work/said")"
	node "$stays" start confirm >/dev/null
fi
wait_for 90 signs || wrong "it does not sign again: $(node "$stays" start), $(node "$stays" status)"
wait_for 60 five_publish "$stays" riesa/danach --tier members || wrong 'it does not publish again'

say 'all that either has acknowledged is there'
five_held "$meissen" "$work/nossen" "$stays"
while read -r dir dataset file; do
	for at in "$meissen" "$work/nossen" "$stays"; do
		wait_for 60 is_there "$at" "$dataset" "$file" ||
			wrong "acknowledged by ${dir##*/}, and missing at ${at##*/}: $dataset, $(node "$at" log "$dataset" 2>&1)"
	done
done <"$work/acknowledged"
quiet() {
	! told "$stays"
}
wait_for 90 quiet || wrong "it goes on saying so: $(node "$stays" status)"
clean "$stays"
