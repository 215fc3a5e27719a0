#!/usr/bin/env bash
# Five towns; somebody copies one's virtual machine, and both run. Both say so, and what was acknowledged before stays.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-five.sh"

five_nodes
clone=$work/clone
for slug in "${five[@]}"; do
	five_publish "$work/$slug" "$slug/plan" --tier members
done
five_held "$meissen"

say 'the machine is copied, and both run'
node_stop "$riesa"
cp -a -- "$riesa" "$clone"
sed -i "s/^listen = .*/listen = 127.0.0.1:$(port_free)/" "$clone/config"
node_start "$riesa"
five_publish "$riesa" riesa/erste --tier members
node_start "$clone"

say 'within a minute both say so, and others too'
told() {
	says "$1" 'another machine uses the key'
}
wait_for 60 told "$riesa" || wrong "the first does not say so: $(node "$riesa" status)"
wait_for 60 told "$clone" || wrong "the clone does not say so: $(node "$clone" status)"

say 'the clone is switched off, and what the administrator was told to type ends it'
node_stop "$clone"
rm -rf -- "$clone"
node_stop "$riesa"
node_start "$riesa"
signs() {
	[ "$(node_json "$riesa" .state start)" = signs ]
}
if ! wait_for 20 signs; then # what the clone alone had signed is gone with it
	node "$riesa" start >"$work/said"
	grep -q 'start confirm' "$work/said" || wrong "start does not say what to type: $(cat "$work/said")"
	node "$riesa" start confirm >/dev/null
fi
wait_for 60 signs || wrong "it does not sign again: $(node "$riesa" start), $(node "$riesa" status)"
wait_for 60 five_publish "$riesa" riesa/danach --tier members || wrong 'it does not publish again'
five_held "$meissen" "$work/nossen" "$riesa"
quiet() {
	! told "$riesa"
}
wait_for 90 quiet || wrong "it goes on saying so: $(node "$riesa" status)"
clean "$riesa"
