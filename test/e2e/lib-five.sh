# shellcheck shell=bash
# Sourced beside lib.sh: five towns, of which something happens to Riesa. What anybody was told is published is written down,
# and looked for at the end.

five=(meissen radebeul riesa coswig nossen)
riesa=$work/riesa
declare -A published=() # by dataset, the last that was acknowledged: "VERSION FILE"
count=0

# five_nodes [INIT-ARGUMENT...]: Meißen founds, the others join; all subscribe to all, Riesa has a sheet.
five_nodes() {
	local slug
	[ $# -gt 0 ] || set -- --no-passphrase
	node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" "$@"
	node_start "$meissen"
	node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
	for slug in "${five[@]:1}"; do
		node_join "$work/$slug" "$(node_invite "$meissen" "$slug")" --listen "127.0.0.1:$(port_free)" "$@" ||
			wrong "$slug did not join"
	done
	for slug in "${five[@]}"; do
		node "$work/$slug" subscribe '**' >/dev/null
	done
	node "$riesa" recovery-sheet -o "$work/sheet" >/dev/null
}

# address_of DIR: where a node can be dialled.
address_of() {
	sed -n 's/^listen = //p' "$1/config"
}

# five_publish DIR DATASET [OPTION...]: new contents; what is acknowledged is written down.
five_publish() {
	local dir=$1 dataset=$2 file version
	shift 2
	count=$((count + 1))
	file=$work/contents.$count
	head -c 3000 /dev/urandom >"$file"
	version=$(node_json "$dir" .version publish "$dataset" "$file" "$@") || return 1
	published[$dataset]="$version $file"
}

# five_held DIR...: at these nodes all is that was acknowledged.
five_held() {
	local dir dataset ref file
	for dir in "$@"; do
		for dataset in "${!published[@]}"; do
			ref=$dataset@${published[$dataset]%% *} file=${published[$dataset]#* }
			wait_for 60 node "$dir" get "$ref" -o "$work/held" --timeout 5 >/dev/null 2>&1 ||
				wrong "acknowledged, and missing at ${dir##*/}: $ref, $(node "$dir" get "$ref" -o - --timeout 1 2>&1 | head -c 300)"
			cmp -s -- "$file" "$work/held" || wrong "acknowledged, and another at ${dir##*/}: $ref"
			rm -f -- "$work/held"
		done
	done
}

# says DIR WORDS: status of the node has them, and so has what a monitor asks.
says() {
	node "$1" status >"$work/status" 2>/dev/null && grep -qi -- "$2" "$work/status" || return 1
	node "$1" status --check >"$work/status" 2>/dev/null || true
	grep -q '^\(WARNING\|CRITICAL\)' "$work/status"
}

# states DIR: "0 lost, 1 active".
states() {
	node_json "$1" '[.nodes[] | "\(.index) \(.state)"] | join(", ")' node list
}

# refuses DIR DATASET: it publishes nothing.
refuses() {
	! node_patience=5 node "$1" publish "$2" "$work/sheet" >"$work/said" 2>&1
}
