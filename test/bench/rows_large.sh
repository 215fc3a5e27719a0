# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by test/bench/run: one large file that is published, replicated, written, edited, and the same again.

large_rows=(publish512 again replicate edits restore)
large_peers=(restic rsync syncthing)

large_prepare() {
	mkdir -p "$work/data"
	"$build/test/e2e/testdata" 512 $((mib << 20)) mixed >"$work/data/last.bin"
}

# large_edit, large_unedit: as programs do that write into a file; every one sees the same bytes.
large_edit() {
	"$python" -B "$here/data.py" edit "$work/data/last.bin" "$work/was"
}
large_unedit() {
	"$python" -B "$here/data.py" unedit "$work/data/last.bin" "$work/was"
}

# large_get ROW DIR VERSION: written beside what is there, compared, and gone.
large_get() {
	take "$1" allmende "$allmende" -d "$2" get "meissen/last@$3" -o "$work/copy.bin"
	cmp -- "$work/data/last.bin" "$work/copy.bin"
	rm -f -- "$work/copy.bin"
}

# large_publish ROW
large_publish() {
	local before
	before=$(used "$meissen")
	workers=("${node_pid[$meissen]}")
	take "$1" allmende "$allmende" -d "$meissen" publish meissen/last "$work/data/last.bin" --tier members
	sample "$1" allmende store $(($(used "$meissen") - before))
}

large_allmende() {
	pair_open
	large_publish publish512
	if wanted restore; then
		large_get restore "$meissen" 1
	fi
	workers=("${node_pid[$meissen]}" "${node_pid[$radebeul]}")
	if wanted replicate edits; then
		large_get replicate "$radebeul" 1
	fi
	if wanted again edits; then
		large_edit
		large_publish again
		if wanted edits; then
			workers=("${node_pid[$meissen]}" "${node_pid[$radebeul]}")
			large_get edits "$radebeul" 2
		fi
		large_unedit
	fi
	pair_close
}

# restic_grown ROW BYTES: by so much more than these has the repository grown.
restic_grown() {
	sample "$1" restic store $(($(du -sb "$work/restic" | cut -f 1) - $2))
}

large_restic() {
	local before
	wanted publish512 again restore || return 0
	restic_open
	before=$(du -sb "$work/restic" | cut -f 1)
	restic_take publish512 backup "$work/data"
	restic_grown publish512 "$before"
	if wanted restore; then
		restic_take restore restore latest --target "$work/restored"
		cmp -- "$work/data/last.bin" "$work/restored$work/data/last.bin"
		rm -rf -- "$work/restored"
	fi
	if wanted again; then
		before=$(du -sb "$work/restic" | cut -f 1)
		large_edit
		restic_take again backup "$work/data"
		restic_grown again "$before"
		large_unedit
	fi
	rm -rf -- "$work/restic"
}

large_rsync() {
	wanted replicate edits || return 0
	rsync_open
	rsync_take replicate "$work/data"
	cmp -- "$work/data/last.bin" "$work/rsync/last.bin"
	if wanted edits; then
		large_edit
		rsync_take edits "$work/data"
		cmp -- "$work/data/last.bin" "$work/rsync/last.bin"
		large_unedit
	fi
	rm -rf -- "$work/rsync"
}

large_syncthing() {
	wanted replicate || return 0
	syncthing_open
	ln "$work/data/last.bin" "$syncthing_home/send/data/last.bin"
	syncthing_take replicate
	cmp -- "$work/data/last.bin" "$syncthing_home/receive/data/last.bin"
	syncthing_close
}
