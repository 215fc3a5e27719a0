# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by test/bench/run: many small files as one dataset, many small datasets, and one dataset day by day.

# -- files of 1 to 8 KiB as one dataset --------------------------------------------------------

files_rows=(files100k)
files_peers=(restic borg)

files_prepare() {
	mkdir "$work/files"
	"$python" -B "$here/data.py" files "$work/files" "$files"
}

files_allmende() {
	pair_open
	workers=("${node_pid[$meissen]}")
	take files100k allmende "$allmende" -d "$meissen" publish meissen/files "$work/files" --tier members \
		--personal-data-checked 'made by a program'
	pair_close
}

files_restic() {
	restic_open
	restic_take files100k backup "$work/files"
	rm -rf -- "$work/restic"
}

files_borg() {
	borg_open
	borg_take files100k one "$work/files"
	rm -rf -- "$work/borg"
}

# -- datasets of one small file each -----------------------------------------------------------

# Meißen and its datasets stay over the rounds; each round another town joins.
sets_rows=(fetch25k)
sets_peers=(rsync)

sets_prepare() {
	pair_open
	sets_meissen=$meissen
	node_stop "$radebeul"
	"$python" -B "$here/client.py" publish "$meissen/control.sock" meissen/daten/d "$sets" 4
	mkdir "$work/sets"
	local number
	for ((number = 0; number < sets; number++)); do
		printf 'Ort;Wert\nMeißen;%d\nRadebeul;%d\n' "$number" $((number * 7919 % 1000))
	done | split -l 3 -a 5 -d - "$work/sets/d"
	mapfile -t sets_towns < <(cut -f 2 "$root/tools/municipalities.tsv" | grep -vx -e meissen -e radebeul)
}

sets_allmende() {
	local slug=${sets_towns[0]}
	sets_towns=("${sets_towns[@]:1}")
	meissen=$sets_meissen
	joined "$slug"
	"$python" -B "$here/client.py" known "$town/control.sock" "$sets"
	workers=("${node_pid[$meissen]}" "${node_pid[$town]}")
	take fetch25k allmende "$python" -B "$here/client.py" fetch "$town/control.sock" 'meissen/daten/**' \
		meissen/daten/d "$sets"
	node "$town" get meissen/daten/d00007 -o "$work/copy" >/dev/null
	cmp -- "$work/copy" "$work/sets/d00007"
	rm -f -- "$work/copy"
	node_stop "$town"
	rm -rf -- "$town"
	workers=()
}

sets_rsync() {
	rsync_open
	rsync_take fetch25k "$work/sets"
	rm -rf -- "$work/rsync"
}

# -- one small dataset after the other over the control interface ------------------------------

singles_rows=(publish1k)
singles_peers=()

singles_prepare() { :; }

singles_allmende() {
	local before
	pair_open
	node_stop "$radebeul" # what it hears and says has commits of its own
	workers=("${node_pid[$meissen]}")
	before=$(commits "$meissen")
	take publish1k allmende "$python" -B "$here/client.py" publish "$meissen/control.sock" meissen/daten/d "$singles"
	sample publish1k allmende commits "$(awk -v n="$(($(commits "$meissen") - before))" -v of="$singles" 'BEGIN { printf "%.1f", n / of }')"
	pair_close
}

# -- seven days of one table -------------------------------------------------------------------

days_rows=(rki)
days_peers=(restic rsync)

days_prepare() {
	mapfile -t days < <(find "${ALLMENDE_SHARED:-$root/../shared}/data/rki-inzidenz" -name '*.csv' 2>/dev/null | sort)
	if [ ${#days[@]} -lt 2 ]; then
		skipped+=("rki: no ../shared/data/rki-inzidenz; ALLMENDE_SHARED names another ../shared")
		return 1
	fi
	! "$smoke" || days=("${days[@]:0:3}")
	mkdir -p "$work/days"
}

# days_put N: day N is what stands there now, under one name.
days_put() {
	cp -- "${days[$1]}" "$work/days/inzidenz.csv"
}

# loopback: bytes so far.
loopback() {
	sed -n 's/^ *lo: *\([0-9]*\) .*/\1/p' /proc/net/dev
}

# days_over WHO STEP: the first day goes by itself; what the others put on the wire is one sample.
days_over() {
	local i before
	days_put 0
	"$2" 1
	before=$(loopback)
	for ((i = 1; i < ${#days[@]}; i++)); do
		days_put "$i"
		"$2" $((i + 1))
	done
	[ -z "${BENCH_OWN_NET:-}" ] || sample rki "$1" wire $(($(loopback) - before))
}

days_publish() {
	node "$meissen" publish meissen/inzidenz "$work/days/inzidenz.csv" --tier members >/dev/null
	node "$radebeul" wait "meissen/inzidenz@$1" >/dev/null
	node "$radebeul" get "meissen/inzidenz@$1" -o "$work/copy" >/dev/null
	cmp -- "$work/days/inzidenz.csv" "$work/copy"
	rm -f -- "$work/copy"
	[ "$1" != 1 ] || days_used=$(used "$meissen")
}

days_allmende() {
	pair_open
	node "$radebeul" subscribe meissen/inzidenz >/dev/null
	days_over allmende days_publish
	sample rki allmende store $(($(used "$meissen") - days_used))
	pair_close
}

days_backup() {
	restic_do backup "$work/days"
	[ "$1" != 1 ] || days_used=$(du -sb "$work/restic" | cut -f 1)
}
days_restic() {
	restic_open
	days_put 0
	days_backup 1
	local i
	for ((i = 1; i < ${#days[@]}; i++)); do
		days_put "$i"
		days_backup $((i + 1))
	done
	restic_grown rki "$days_used"
	rm -rf -- "$work/restic"
}

days_send() {
	rsync -a -e "$ssh" "$work/days/" "127.0.0.1:$work/rsync/"
	cmp -- "$work/days/inzidenz.csv" "$work/rsync/inzidenz.csv"
}
days_rsync() {
	rsync_open
	days_over rsync days_send
	rm -rf -- "$work/rsync"
}
