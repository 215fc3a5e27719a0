# shellcheck shell=bash disable=SC2034
# Sourced by what measures: programs, a directory, an end that stops all that was begun, and the measuring itself.
# The caller has read its words with bench_word; then it calls bench_open.

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
build= # the directory with the programs; else a release build is made
# shellcheck source=tools/lib.sh
. "$here/../../tools/lib.sh"
# shellcheck source=tools/lib-nodes.sh
. "$root/tools/lib-nodes.sh"

smoke=false              # few of everything, to see that it works
missed=0                 # figures that are not what they are to be
python=/usr/bin/python3  # what stands before it in PATH may take long to begin
[ -x "$python" ] || python=python3

# bench_word WORD...: takes a word that all of them know; `took` is how many. False when it is none.
bench_word() {
	took=1
	case $1 in
	--smoke) smoke=true ;;
	--build)
		[ $# -ge 2 ] || return 1
		build=$2
		took=2
		;;
	*) return 1 ;;
	esac
}

bench_build() {
	local log targets
	packages_ensure build
	build=$root/build-bench
	log=$(mktemp)
	step_run "$log" build_configured build-bench -Dbuildtype=release ||
		die "configuring $build" 'see the lines above'
	mapfile -t targets < <(meson introspect --targets "$build" |
		jq -r --arg build "$(realpath -- "$build")/" '.[] | select(.type == "executable") | .filename[0]
			| ltrimstr($build) | select(test("^(allmende|allmended|test/e2e/.*|test/bench/.*)$"))')
	step_run "$log" ninja -C "$build" "${targets[@]}" || die "building in $build" 'see the lines above'
	rm -f -- "$log"
}

# bench_open: the programs are there; `work` is a directory, which goes in the end.
bench_open() {
	[ -n "$build" ] || bench_build
	allmende=$build/allmende
	allmended=$build/allmended
	work=$(mktemp -d "${TMPDIR:-/tmp}/allmende-bench-XXXXXX")
	trap bench_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

helper_pids=()
bench_close() {
	local status=$? pid
	trap '' INT TERM
	for pid in "${helper_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	nodes_stop || status=1
	[ "$status" = 0 ] || [ "$missed" != 0 ] || tail -n 20 -- "$work"/*.log "$work"/*/*.log >&2 2>/dev/null || true
	rm -rf -- "$work"
	exit "$status"
}

# -- figures of one kind -----------------------------------------------------------------------

# figure WHAT VALUE UNIT LIMIT: prints it, and counts it when it is not below its limit.
figure() {
	local verdict=
	if awk -v value="$2" -v limit="$4" 'BEGIN { exit value < limit }'; then
		verdict='   missed'
		missed=$((missed + 1))
	fi
	printf '   %-60s %10s %s (below %s)%s\n' "$1" "$2" "$3" "$4" "$verdict"
}

# said WHAT VALUE UNIT: one that has no limit.
said() {
	printf '   %-60s %10s %s\n' "$@"
}

median_of() {
	printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
maximum_of() {
	printf '%s\n' "$@" | sort -n | tail -n 1
}

# cpu_ms PID: what a process has used so far.
cpu_ms() {
	local stat fields
	stat=$(<"/proc/$1/stat")
	read -ra fields <<<"${stat##*) }"
	echo $(((fields[11] + fields[12]) * 1000 / $(getconf CLK_TCK)))
}

# anon_kib PID
anon_kib() {
	sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# metrics_of DIR PATTERN...: for each the sum of the node's metrics whose names match.
metrics_of() {
	local sums=() pattern text
	text=$(curl -sS --max-time 30 --unix-socket "$1/control.sock" http://node/metrics)
	shift
	for pattern in "$@"; do
		sums+=("$(awk -v pattern="^allmende_($pattern)\$" '$1 ~ pattern { sum += $2 } END { print sum + 0 }' <<<"$text")")
	done
	echo "${sums[*]}"
}

# -- samples of a table: what table.py makes medians and ratios of -----------------------------

samples= # a file; a line each: row, who, what, value
workers=() # pids of the daemons that work for what is measured

# sample ROW WHO WHAT VALUE
sample() {
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$samples"
}

# take ROW WHO COMMAND...: runs it, and keeps what it took. What was written before is on the disk by then.
take() {
	local row=$1 who=$2 pid words=() us cpu_us kib bytes
	shift 2
	for pid in "${workers[@]}"; do
		words+=(-p "$pid")
	done
	"$smoke" || sync -f "$work"
	"$build/test/bench/bench-measure" "${words[@]}" -o "$work/took" \
		timeout --kill-after=10 1800 "$@" >"$work/out" 2>&1 || {
		tail -n 20 -- "$work/out" >&2
		die "$row: $*" 'see the lines above'
	}
	read -r us cpu_us kib bytes <"$work/took"
	sample "$row" "$who" time "$us"
	sample "$row" "$who" cpu "$cpu_us"
	sample "$row" "$who" memory "$kib"
	[ -z "${BENCH_OWN_NET:-}" ] || sample "$row" "$who" wire "$bytes"
	progress '%-12s %-10s %8d ms %8d ms CPU %6d MiB %12d bytes on lo' "$row" "$who" \
		$((us / 1000)) $((cpu_us / 1000)) $((kib / 1024)) "$bytes"
}

# progress FORMAT WORD...: to people; the table alone is standard output.
progress() {
	# shellcheck disable=SC2059
	printf "   $1\n" "${@:2}" >&2
}

# machine: what it is measured on, in one line.
machine() {
	printf '%s, %d cores, %d GiB, %s, Linux %s, %s on %s\n' \
		"$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		$(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1000000)) \
		"$(. /etc/os-release && printf '%s' "$PRETTY_NAME")" "$(uname -r)" \
		"$(stat -f -c %T "$work")" "$work"
}

# counted NAMES PROGRAM ARGUMENT...: of lines ROW;SIZE;VALUE... of the program one a value, ROW;SIZE;NAME;VALUE; a value that is
# called "-" is left out.
counted() {
	local names=$1
	shift
	if [ ! -x "$1" ]; then
		echo "left out: $1, which is not there" >&2
		return
	fi
	"$@" | awk -F ';' -v OFS=';' -v names="$names" '
		BEGIN { split(names, name, " ") }
		$2 ~ /^[0-9]+$/ { for (i = 3; i <= NF; i++) if (name[i - 2] ~ /[a-z]/) print $1, $2, name[i - 2], $i }'
}

# -- nodes ------------------------------------------------------------------------------------

# pair_open: Meißen founds, Radebeul joins, both new; they are the workers.
pair_open() {
	rm -rf -- "$work/nodes"
	mkdir "$work/nodes"
	meissen=$work/nodes/meissen
	node_init "$meissen" meissen
	node_start "$meissen"
	node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
	joined radebeul
	radebeul=$town
	workers=("${node_pid[$meissen]}" "${node_pid[$radebeul]}")
}

# joined SLUG: one more, in `town`.
joined() {
	town=$work/nodes/$1
	node_join "$town" "$(node_invite "$meissen" "$1")" || die "$1 joins" "look into $town.log"
}

pair_close() {
	nodes_stop
	workers=()
	rm -rf -- "$work/nodes"
}

# commits DIR: how many its store has had that wrote something: of LMDB's two meta pages the later transaction.
commits() {
	local page
	for page in 0 4096; do
		od -An -t u8 -j $((page + 144)) -N 8 "$1/data.mdb"
	done | sort -n | tail -n 1
}

# used DIR: bytes in its store.
used() {
	node_json "$1" .store.used_bytes status
}
