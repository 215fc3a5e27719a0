#!/usr/bin/env bash
# What is said of a dataset: by options, by a file beside it, by the settings; what stays, what is cleared, what is
# refused; and what the other town sees of it.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes

# refused CODE PHRASE COMMAND...
refused() {
	local code=$1 phrase=$2 got=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$code" ] || wrong "$* ended with $got instead of $code: $(cat "$work/err")"
	grep -qF -- "$phrase" "$work/err" || wrong "$* does not say \"$phrase\": $(cat "$work/err")"
}

# told DATASET FILTER WANTED
told() {
	local got
	got=$(node "$meissen" --json show "$1" | jq -c "$2")
	[ "$got" = "$3" ] || wrong "$1: $2 is $got instead of $3"
}

plaetze=meissen/kita/plaetze
printf 'kita;plaetze\nA;3\n' >"$work/plaetze.csv"

say 'by options; codes are kept, however they are written, and the organisation gives its place'
publish $plaetze "$work/plaetze.csv" --tier open --title 'Freie Kita-Plätze' --keyword kita --keyword plätze \
	--theme EDUC --theme soci --license http://dcat-ap.de/def/licenses/dl-by-de/2.0 --attribution 'Stadt Meißen' \
	--contact kita@meissen.example --contact-phone '+49 3521 467-0' --bbox 13.4312345,51.11,13.55,51.2 \
	--from 2026-01-01 --to 2026-12 --frequency DAILY --identifier kita-1 --hvd c_f2b50efd \
	--contributor freistaatSachsen --language de --landing-page https://meissen.example/kita >/dev/null
told $plaetze '[.themes, .license, .keywords]' '[["EDUC","SOCI"],"dl-by-de/2.0",["kita","plätze"]]'
told $plaetze .contact '{"email":"kita@meissen.example","phone":"+49 3521 467-0"}'
told $plaetze .place.bbox '[13.4312345,51.11,13.55,51.2]'
told $plaetze '[.contributor_ids, .languages, .time.to]' \
	'[["http://dcat-ap.de/def/contributors/freistaatSachsen"],["DEU"],"2026-12"]'
ags=$(node "$meissen" --json federation members | jq -r '.members[] | select(.slug == "meissen") | .ags')
told $plaetze '[.place.key, .political_level]' "[\"$ags\",\"municipality\"]"
told $plaetze '.issued == .modified' true
node "$meissen" show $plaetze >"$work/out"
grep -q '^Licence  *dl-by-de/2.0 (Data licence Germany' "$work/out" || wrong "show: $(cat "$work/out")"
grep -q '^Bounds  *west 13.4312345, south 51.11,' "$work/out" || wrong "show: $(cat "$work/out")"

say 'the other town reads the same in the signed record'
wait_for 30 is_known "$radebeul" $plaetze 1 || wrong 'version 1 did not become known'
filter='[.title, .themes, .license, .attribution, .contact, .place, .time, .hvd_categories, .issued, .modified]'
[ "$(node "$radebeul" --json show $plaetze | jq -c "$filter")" = \
	"$(node "$meissen" --json show $plaetze | jq -c "$filter")" ] || wrong 'Radebeul reads something else'

say 'what is not said stays; words alone are a version, and leave "modified"; "" clears'
modified=$(node "$meissen" --json show $plaetze | jq .modified)
sleep 1.1
[ "$(publish $plaetze "$work/plaetze.csv" --attribution '' --contact-phone '' --frequency WEEKLY)" = 2 ] ||
	wrong 'words alone made no version'
told $plaetze '[.attribution, .contact, .frequency]' '[null,{"email":"kita@meissen.example"},"WEEKLY"]'
told $plaetze .modified "$modified"
node "$meissen" publish $plaetze "$work/plaetze.csv" >"$work/out"
grep -q unchanged "$work/out" || wrong "the same again: $(cat "$work/out")"
node "$meissen" publish $plaetze "$work/plaetze.csv" --frequency WEEKLY --theme EDUC --theme SOCI --dry-run >"$work/out"
grep -q 'would be unchanged' "$work/out" || wrong "a dry run: $(cat "$work/out")"
node "$meissen" publish $plaetze "$work/plaetze.csv" --frequency DAILY --dry-run >"$work/out"
grep -q 'would get a version' "$work/out" || wrong "a dry run: $(cat "$work/out")"
echo 'B;5' >>"$work/plaetze.csv"
publish $plaetze "$work/plaetze.csv" >/dev/null
[ "$(node "$meissen" --json show $plaetze | jq .modified)" != "$modified" ] || wrong '"modified" did not change'
publish $plaetze "$work/plaetze.csv" --issued 2019-05-01 >/dev/null
told $plaetze .issued '"2019-05-01T00:00:00Z"'

say 'from a file beside the data; options are above it'
cat >"$work/plaetze.csv.metadata.json" <<'END'
{"title": "Plätze", "contact": "Schulamt", "place": {"name": "Meißen"}, "provenance": "gemeldet\nvon den Trägern",
 "access_rights": "PUBLIC", "keywords": []}
END
node "$meissen" publish $plaetze "$work/plaetze.csv" --title 'Freie Plätze' --contact-url https://meissen.example >/dev/null \
	2>"$work/err"
grep -q 'metadata taken from .*plaetze.csv.metadata.json' "$work/err" || wrong "it does not say so: $(cat "$work/err")"
told $plaetze '[.title, .access_rights, .keywords, .place.name]' '["Freie Plätze","PUBLIC",null,"Meißen"]'
told $plaetze .contact '{"name":"Schulamt","email":"kita@meissen.example","url":"https://meissen.example"}'
told $plaetze '.file_list | map(.name)' '["plaetze.csv"]'
mkdir "$work/ordner"
cp "$work/plaetze.csv" "$work/ordner"
echo '{"title": "Ein Ordner"}' >"$work/ordner.metadata.json"
publish meissen/ordner "$work/ordner/" >/dev/null 2>&1
told meissen/ordner '[.title, (.file_list | map(.name))]' '["Ein Ordner",["plaetze.csv"]]'
node "$meissen" publish meissen/zwei "$work/plaetze.csv" "$work/ordner" --metadata "$work/ordner.metadata.json" \
	>/dev/null 2>"$work/err" && wrong 'two files of one name were published'
cp "$work/plaetze.csv" "$work/b.csv"
node "$meissen" publish meissen/zwei "$work/plaetze.csv" "$work/b.csv" >/dev/null 2>"$work/err"
grep -q 'is not taken, as several files are named' "$work/err" || wrong "it does not say so: $(cat "$work/err")"
told meissen/zwei .title '""'
publish meissen/zwei "$work/plaetze.csv" "$work/b.csv" --metadata "$work/ordner.metadata.json" >/dev/null
told meissen/zwei .title '"Ein Ordner"'

say 'what is wrong is said before anything goes out'
again() { node "$meissen" publish $plaetze "$work/plaetze.csv" "$@"; }
refused 2 '"themes": "ENVY" is no theme; the nearest are ENVI (Environment)' again --theme ENVY
refused 2 'the nearest are dl-by-de/2.0' again --license dl-by-de-2.0
refused 2 'where "ä" was meant' again --title 'Kita-PlÃ¤tze'
refused 2 'where "–" was meant' again --keyword '2020 â€“ 2026'
refused 2 '"contact.email"' again --contact-email niemand
refused 2 'is not a date such as' again --from 31.12.2026
refused 2 '"place.bbox"' again --bbox 1,2,3
echo '{"licence": "cc-zero"}' >"$work/m.json"
refused 1 '"licence" is no name of metadata; there are title,' again --metadata "$work/m.json"
echo '{"license": "cc-null"}' >"$work/m.json"
refused 1 '"cc-null" is no licence' again --metadata "$work/m.json"
echo '{"title": "a", "title": "b"}' >"$work/m.json"
refused 1 'line 1: this is not JSON: duplicate' again --metadata "$work/m.json"
echo '[]' >"$work/m.json"
refused 1 'holds no JSON object' again --metadata "$work/m.json"
refused 4 'No such file' again --metadata "$work/nichts.json"
head -c 70000 /dev/zero | tr '\0' ' ' >"$work/m.json"
refused 1 'more than 65536 bytes' again --metadata "$work/m.json"
rm "$work/plaetze.csv.metadata.json"

say 'settings say what nobody says, and a change of them arrives'
cat >>"$meissen/config" <<'END'
license = cc-by/4.0
contact-email = opendata@meissen.example
publisher-url = https://www.stadt-meissen.de
END
kill -HUP "${node_pid[$meissen]}"
wait_for 10 grep -q 'contact-email' "$meissen.log" || wrong "the settings were not taken: $(tail -3 "$meissen.log")"
publish meissen/neu "$work/b.csv" >/dev/null
told meissen/neu '[.license, .contact.email, .publisher.url]' \
	'["cc-by/4.0","opendata@meissen.example","https://www.stadt-meissen.de"]'
publish $plaetze "$work/plaetze.csv" --provenance neu >/dev/null
told $plaetze '[.license, .contact.email]' '["dl-by-de/2.0","kita@meissen.example"]'
sed -i 's/^contact-email.*/contact-email = daten@meissen.example/; s/^license.*/license = frei/' "$meissen/config"
refused 2 'license: "license": "frei" is no licence; the nearest are' "$allmended" --check-config -d "$meissen"
sed -i 's/^license.*/license = cc-zero/' "$meissen/config"
kill -HUP "${node_pid[$meissen]}"
wait_for 10 grep -q 'license, contact-email\|contact-email, license' "$meissen.log" || wrong "the settings were not taken: $(tail -3 "$meissen.log")"
publish meissen/neu "$work/b.csv" --title Neu --license cc-by/4.0 >/dev/null
told meissen/neu '[.license, .contact]' '["cc-by/4.0",{"email":"daten@meissen.example"}]'
# a contact is one thing: no address of another office behind a name
publish meissen/neu "$work/b.csv" --contact-name Rathaus >/dev/null
told meissen/neu .contact '{"name":"Rathaus"}'

clean "$meissen"
