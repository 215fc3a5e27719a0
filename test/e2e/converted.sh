#!/usr/bin/env bash
# Tables by their addresses, in the forms that programs like: read by Python, and by LibreOffice where it is installed. What is
# open is made once and kept; what is not lies nowhere; what is withdrawn goes.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
base=http://127.0.0.1:$port/d/meissen
derived=$meissen/derived/files
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null

# fetch STATUS URL FILE
fetch() {
	local status
	status=$(bounded 60 python3 - "$2" "$3" <<'PYTHON'
import sys, urllib.request, urllib.error
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=50)
except urllib.error.HTTPError as error:
    answer = error
open(sys.argv[2], "wb").write(answer.read())
print(answer.status)
PYTHON
	)
	[ "$status" = "$1" ] || wrong "$2 is answered with $status instead of $1: $(head -c 300 "$3")"
}
kept() {
	find "$derived" -type f -not -name path 2>/dev/null | wc -l
}

mkdir "$work/kita"
# As an office writes it: Windows-1252, semicolons, decimal commas, CR LF.
python3 - "$work/kita" <<'PYTHON'
import sys
rows = ["Ort;Plätze;Quote;Stand;AGS;PLZ;Tel;offen;Bemerkung;x_25833;y_25833",
        "Meißen;1.012;0,5;30.04.2026;14627140;01662;03521 1;ja;=HYPERLINK(\"x\");392364,5;5668872",
        "\"Weinböhla, Süd\";7;-1,25;01.05.2026;14627310;01689;+49 1;nein;@SUM(A1);;"]
open(sys.argv[1] + "/plätze.csv", "wb").write("\r\n".join(rows).encode("cp1252"))
open(sys.argv[1] + "/gleich.csv", "w").write("a;b\n1;2\n")
open(sys.argv[1] + "/gleich.json", "w").write('"wie veröffentlicht"\n')
with open(sys.argv[1] + "/groß.csv", "w", encoding="utf-8-sig") as large:
    large.write("nr,name,wert\n")
    for i in range(100000):
        large.write(f"{i},Straße {i},{i / 4}\n")
PYTHON
node "$meissen" publish meissen/kita "$work/kita" --tier open --title 'Plätze' >/dev/null

say 'JSON, and what the table is'
fetch 200 "$base/kita/files/pl%C3%A4tze.json" "$work/json"
fetch 200 "$base/kita/files/pl%C3%A4tze.schema.json" "$work/schema"
fetch 200 "$base/kita/files/pl%C3%A4tze.geojson" "$work/geojson"
python3 - "$work" <<'PYTHON'
import json, sys
first, second = json.load(open(sys.argv[1] + "/json"))
assert first == {"Ort": "Meißen", "Plätze": 1012, "Quote": 0.5, "Stand": "2026-04-30", "AGS": "14627140", "PLZ": "01662",
                 "Tel": "03521 1", "offen": True, "Bemerkung": '=HYPERLINK("x")', "x_25833": 392364.5,
                 "y_25833": 5668872}, first
assert second["Ort"] == "Weinböhla, Süd" and second["offen"] is False and second["x_25833"] is None, second
schema = json.load(open(sys.argv[1] + "/schema"))
assert schema["encoding"] == "Windows-1252" and schema["delimiter"] == ";" and schema["rows"] == 2, schema
assert [field["type"] for field in schema["fields"]] == ["string", "integer", "number", "date", "string", "string", "string",
                                                         "boolean", "string", "number", "integer"], schema
places = json.load(open(sys.argv[1] + "/geojson"))["features"]
lon, lat = places[0]["geometry"]["coordinates"]
assert abs(lon - 13.460688898) < 1e-8 and abs(lat - 51.161150415) < 1e-8, places
assert places[1]["geometry"] is None and places[1]["properties"]["Ort"] == "Weinböhla, Süd"
PYTHON
fetch 404 "$base/kita/files/gleich.geojson" "$work/none"
grep -q 'no columns of coordinates' "$work/none" || wrong "no reason: $(cat "$work/none")"
fetch 200 "$base/kita/files/gleich.json" "$work/own"
same "$work/kita/gleich.json" "$work/own"
fetch 404 "$base/kita/files/none.json" "$work/none"

say 'SQLite and a spreadsheet'
fetch 200 "$base/kita/files/pl%C3%A4tze.sqlite" "$work/table.sqlite"
fetch 200 "$base/kita/files/pl%C3%A4tze.xlsx" "$work/table.xlsx"
python3 - "$work" <<'PYTHON'
import sqlite3, sys, zipfile
rows = sqlite3.connect(sys.argv[1] + "/table.sqlite").execute('SELECT * FROM data ORDER BY "Plätze" DESC').fetchall()
assert rows[0] == ("Meißen", 1012, 0.5, "2026-04-30", "14627140", "01662", "03521 1", 1, '=HYPERLINK("x")', 392364.5,
                   5668872), rows
assert rows[1][2] == -1.25 and rows[1][9] is None, rows
sheet = zipfile.ZipFile(sys.argv[1] + "/table.xlsx").read("xl/worksheets/sheet1.xml").decode()
assert "<f>" not in sheet and "<v>1012</v>" in sheet and "HYPERLINK(&quot;x&quot;)" in sheet.replace('"', "&quot;"), sheet
PYTHON

if command -v soffice >/dev/null; then
	say 'LibreOffice reads it'
	bounded 120 soffice "-env:UserInstallation=file://$work/office" --headless --convert-to 'csv:Text - txt - csv (StarCalc):59,34,76' \
		--outdir "$work/out" "$work/table.xlsx" >/dev/null 2>&1 || wrong 'LibreOffice does not open the spreadsheet'
	grep -q '^Meißen;1012;0[,.]5;2026-04-30;14627140;01662;03521 1;TRUE;.*HYPERLINK' "$work/out/table.csv" ||
		wrong "LibreOffice reads $(cat "$work/out/table.csv")"
else
	echo 'skipped: LibreOffice is not installed (libreoffice-calc)'
fi

say 'what is large is made once'
fetch 200 "$base/kita/files/gro%C3%9F.sqlite" "$work/large.sqlite"
python3 -c 'import sqlite3, sys; r = sqlite3.connect(sys.argv[1]).execute("SELECT count(*), sum(wert) FROM data").fetchone(); assert r == (100000, sum(i / 4 for i in range(100000))), r' \
	"$work/large.sqlite" || wrong 'another table'
fetch 200 "$base/kita/files/gro%C3%9F.csv" "$work/large.csv"
same "$work/kita/groß.csv" "$work/large.csv"
is_copied() {
	find "$derived" -name '*.copy' -size +2000k | grep -q .
}
wait_for 20 is_copied || wrong 'no copy was made for the kernel to send'
fetch 200 "$base/kita/files/gro%C3%9F.csv" "$work/large.csv"
same "$work/kita/groß.csv" "$work/large.csv"
before=$(kept)
[ "$before" -ge 7 ] || wrong "only $before files are kept"
node_stop "$meissen" && node_start "$meissen"
fetch 200 "$base/kita/files/gro%C3%9F.sqlite" "$work/again.sqlite"
same "$work/large.sqlite" "$work/again.sqlite"
[ "$(kept)" = "$before" ] || wrong 'a start loses what is kept'

say 'it may be deleted at any time'
rm -r "$derived"
fetch 200 "$base/kita/files/pl%C3%A4tze.xlsx" "$work/again.xlsx"
same "$work/table.xlsx" "$work/again.xlsx"
[ "$(kept)" -ge 1 ] || wrong 'nothing is kept any more'

say 'checksums of what is open'
# summed FILE: the index knows its SHA-256.
summed() {
	bounded 20 python3 - "$meissen/derived/open.sqlite" "$work/kita/$1" "$1" <<'PYTHON'
import hashlib, sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
row = db.execute("SELECT sha256 FROM file WHERE name = ?", (sys.argv[3],)).fetchone()
sys.exit(not row or row[0] != hashlib.sha256(open(sys.argv[2], "rb").read()).digest())
PYTHON
}
for name in plätze.csv groß.csv gleich.json; do
	wait_for 20 summed "$name" || wrong "the checksum of $name is not known"
done
node_stop "$meissen"
rm "$meissen"/derived/open.sqlite*
node_start "$meissen"
wait_for 20 summed groß.csv || wrong 'a new index has no checksums'

say 'what is not open lies nowhere, and is for whom it is'
node "$meissen" publish meissen/intern "$work/kita" --tier members >/dev/null
fetch 404 "$base/intern/files/pl%C3%A4tze.json" "$work/none"
before=$(kept)
for ending in json geojson sqlite xlsx; do
	bounded 30 python3 - "$meissen/control.sock" "/d/meissen/intern/files/pl%C3%A4tze.$ending" "$work/intern.$ending" <<'PYTHON' ||
import http.client, socket, sys
connection = http.client.HTTPConnection("localhost", timeout=25)
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
connection.request("GET", sys.argv[2])
answer = connection.getresponse()
open(sys.argv[3], "wb").write(answer.read())
sys.exit(answer.status != 200)
PYTHON
		wrong "the administrator does not get $ending: $(head -c 300 "$work/intern.$ending")"
done
same "$work/json" "$work/intern.json"
[ "$(kept)" = "$before" ] || wrong 'something that is not open is kept'

say 'a version that is not open any more, and a withdrawal, take it along'
node "$meissen" publish meissen/kita "$work/kita/gleich.csv" --tier members --allow-shrink >/dev/null
[ "$(kept)" = 0 ] || wrong "$(kept) files are left of a version that is not for everybody any more"
fetch 404 "$base/kita/files/gleich.csv" "$work/none"
node "$meissen" publish meissen/weg "$work/kita" --tier open >/dev/null
fetch 200 "$base/weg/files/pl%C3%A4tze.xlsx" "$work/weg.xlsx"
[ "$(kept)" -ge 1 ] || wrong 'nothing is kept'
node "$meissen" withdraw meissen/weg --reason 'ein Versuch' --yes >/dev/null
[ "$(kept)" = 0 ] || wrong 'a withdrawal leaves what was made of it'
fetch 410 "$base/weg/files/pl%C3%A4tze.xlsx" "$work/none"
grep -q 'ein Versuch' "$work/none" || wrong "it is not said why: $(cat "$work/none")"
# and also after a start, but of nothing that was never open, or not any more
node_stop "$meissen" && node_start "$meissen"
fetch 410 "$base/weg/files/leer" "$work/none"
fetch 410 "$base/weg" "$work/none"
node "$meissen" withdraw meissen/kita --reason 'nicht für alle' --yes >/dev/null
fetch 404 "$base/kita" "$work/none"
