#!/usr/bin/env bash
# What is derived from the catalogue follows it: published, fetched, narrowed, renamed, withdrawn. Whatever happens to
# DIR/derived, it is made anew; and nothing that is sealed stands in it.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes

# indexed DIR: what the open database says, a dataset a line: path, version, whether it is held, files.
indexed() {
	bounded 20 python3 - "$1/derived/open.sqlite" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for row in db.execute("SELECT path, number, held, (SELECT group_concat(name || '=' || size) FROM "
                      "(SELECT name, size FROM file f WHERE f.id = d.id ORDER BY name)) FROM dataset d ORDER BY path"):
    print(*("-" if cell is None else cell for cell in row))
PYTHON
}
# becomes DIR LINE...: within some seconds it says these lines and no other.
becomes() {
	local dir=$1 want i
	shift
	want=$(printf '%s\n' "$@")
	for i in $(seq 1 100); do
		[ "$(indexed "$dir" 2>/dev/null)" != "$want" ] || return 0
		sleep 0.1
	done
	wrong "$dir: the index says \"$(indexed "$dir")\" instead of \"$want\""
}

mkdir "$work/data"
printf 'kita;plaetze\nA;12\n' >"$work/data/plaetze.csv"
printf '{}' >"$work/data/lage.geojson"

say 'a publication is there, here and, once it is known and once it is held, there'
node "$meissen" publish meissen/kita "$work/data" --tier open --title 'Kindertagesstätten' >/dev/null
becomes "$meissen" 'meissen/kita 1 1 lage.geojson=2,plaetze.csv=18'
becomes "$radebeul" 'meissen/kita 1 0 -'
node "$radebeul" get meissen/kita -o "$work/got" >/dev/null
becomes "$radebeul" 'meissen/kita 1 1 lage.geojson=2,plaetze.csv=18'

say 'the next version, and one of another tier'
printf 'B;3\n' >>"$work/data/plaetze.csv"
rm "$work/data/lage.geojson"
node "$meissen" publish meissen/kita "$work/data" --allow-shrink >/dev/null
node "$meissen" publish meissen/streng "$work/data" --tier members --title 'Streng Vertrauliches' >/dev/null
node "$meissen" publish meissen/luft "$work/data" --tier open --title 'Luftreinhalteplan' >/dev/null
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22' 'meissen/luft 1 1 plaetze.csv=22'
! grep -riq 'vertrauliches' "$meissen/derived" "$radebeul/derived" || wrong 'what is sealed stands in derived/'

say 'narrowed: gone from what is open'
node "$meissen" publish meissen/luft "$work/data" --tier members >/dev/null
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22'
forgotten() {
	! grep -riq 'luftreinhalte' "$1/derived"
}
wait_for 30 forgotten "$meissen" || wrong "derived/ has words of it: $(grep -ril 'luftreinhalte' "$meissen/derived")"

say 'deleted while the node runs, while it is stopped, and damaged'
rm -r "$meissen/derived"
node "$meissen" publish meissen/neu "$work/data" --tier open --title 'Neu' >/dev/null
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22' 'meissen/neu 1 1 plaetze.csv=22'
node_stop "$meissen"
rm -r "$meissen/derived"
node_start "$meissen"
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22' 'meissen/neu 1 1 plaetze.csv=22'
node_stop "$meissen"
head -c 100000 /dev/urandom >"$meissen/derived/open.sqlite"
node_start "$meissen"
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22' 'meissen/neu 1 1 plaetze.csv=22'

say 'what it says of before a crash is not believed'
node_stop "$meissen"
bounded 20 python3 - "$meissen/derived/open.sqlite" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE dataset SET number = 7, digest = x'00', path = 'meissen/falsch' WHERE path = 'meissen/neu'")
db.execute("DELETE FROM dataset WHERE path = 'meissen/kita'")
db.commit()
PYTHON
node_start "$meissen"
becomes "$meissen" 'meissen/kita 2 1 plaetze.csv=22' 'meissen/neu 1 1 plaetze.csv=22'

say 'withdrawn: gone here and there'
node "$meissen" withdraw meissen/kita --reason 'falsche Zahlen' --yes >/dev/null
becomes "$meissen" 'meissen/neu 1 1 plaetze.csv=22'
becomes "$radebeul" 'meissen/neu 1 0 -'
