#!/usr/bin/env bash
# Before something goes out: what looks like data about persons is stopped, with a reason it goes and the log has it.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# refused CODE PHRASE COMMAND...
refused() {
	local code=$1 phrase=$2 got=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$code" ] || wrong "$* ended with $got instead of $code: $(cat "$work/err")"
	grep -qF -- "$phrase" "$work/err" || wrong "$* does not say \"$phrase\": $(cat "$work/err")"
}

two_nodes

list=$work/liste.csv
printf 'Vorname;Nachname;Geburtsdatum\nAnna;Muster;12.03.1985\nJan;Nowak;1.4.1986\n' >"$list"
printf 'a;b\n1;2\n' >"$work/harmlos.csv"

say 'what looks personal is not published to many'
for tier in open members; do
	refused 3 'liste.csv, column "Geburtsdatum": 2 of 2 values look like dates of birth beside names (line 2, "**.**.****")' \
		node "$meissen" publish "meissen/$tier" "$list" --tier "$tier"
	grep -qF -- '--personal-data-checked REASON' "$work/err" || wrong 'it does not say what to do'
	grep -qE '1985|Muster|Nowak|1986' "$work/err" "$work/out" && wrong 'it shows a value'
	refused 4 "meissen/$tier" node "$meissen" show "meissen/$tier"
done
refused 3 'dates of birth' node "$meissen" publish meissen/rohr - --name liste.csv --tier open <"$list"
refused 3 'dates of birth' node "$meissen" publish meissen/rohr --tier open --name x --from-command -- cat "$list"
refused 4 meissen/rohr node "$meissen" show meissen/rohr
refused 3 'it would be refused' node "$meissen" publish meissen/open "$list" "$work/harmlos.csv" --tier open --dry-run
grep -qF 'looked into for personal data: 2 files' "$work/out" || wrong 'it does not say what was looked into'
# Nothing of it waits anywhere.
[ "$(node_json "$meissen" '.uploads' status)" = 0 ] || wrong 'an upload is left'
# What is larger than a look reaches is stopped before all of it has gone.
{ cat "$list"; head -c 40000000 /dev/zero | tr '\0' 'x' | fold -w 70; } >"$work/gross.csv"
refused 3 'dates of birth' node "$meissen" publish meissen/gross "$work/gross.csv" --tier open

say 'to fewer it is a remark'
node "$meissen" publish meissen/amt "$list" --tier granted >"$work/out" 2>"$work/err" || wrong 'granted is stopped'
grep -qF 'dates of birth' "$work/err" || wrong 'nothing is remarked'

say 'with a reason it goes, and the log has it'
refused 2 'has to say' node "$meissen" publish meissen/open "$list" --tier open --personal-data-checked ok
node "$meissen" publish meissen/open "$list" --tier open --personal-data-checked 'Ehrenbürger, mit Einwilligung' \
	>"$work/out" 2>"$work/err" || wrong "a reason does not help: $(cat "$work/err")"
node "$meissen" audit >"$work/out"
grep -F 'publish (begins)' "$work/out" | grep -qF 'personal_data_checked="Ehrenbürger, mit Einwilligung"' ||
	wrong "the log does not have the reason: $(tail -n 5 "$work/out")"
[ "$(node_json "$meissen" '.personal_data.stops, .unchanged' publish meissen/open "$list" --personal-data-checked 'Ehrenbürger' | tr '\n' ' ')" = '2 true ' ] ||
	wrong '--json does not have the findings'
node "$meissen" publish meissen/harmlos "$work/harmlos.csv" --tier open 2>"$work/err" >/dev/null
[ ! -s "$work/err" ] || wrong "a harmless table is remarked on: $(cat "$work/err")"

say 'three lights, in two languages, without a node'
checked() { # CODE PHRASE COMMAND...: what check says on its standard output.
	local code=$1 phrase=$2 got=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$code" ] || wrong "$* ended with $got instead of $code: $(cat "$work/out" "$work/err")"
	grep -qF -- "$phrase" "$work/out" || wrong "$* does not say \"$phrase\": $(cat "$work/out")"
}
alone() {
	env -i PATH="$PATH" LC_ALL="$lang" HOME="$work/nobody" "$allmende" check "$@"
}
printf 'Tag;Wert\n1;2\n' >"$work/pegel.csv"
cat >"$work/gut.json" <<'END'
{"title": "Pegel Elbe", "description": "Wasserstände der Elbe bei Meißen.", "keywords": ["Pegel"], "themes": ["ENVI"],
 "license": "dl-by-de/2.0", "attribution": "Stadt Meißen", "contact": "daten@meissen.example", "place": "14627140",
 "political_level": "municipality", "contributor_ids": ["freistaatSachsen"]}
END
lang=de_DE.UTF-8 checked 1 'Der Titel fehlt.' alone "$work/pegel.csv"
lang=C.UTF-8 checked 1 'The title is missing.' alone "$work/pegel.csv"
lang=C.UTF-8 checked 1 'Lieferung an GovData: rot' alone "$work/pegel.csv" --lang de
lang=C.UTF-8 checked 0 'delivery to GovData: green' alone "$work/pegel.csv" --metadata "$work/gut.json"
grep -qF 'high-value dataset: none' "$work/out" || wrong 'it takes it for a high-value dataset'
grep -qF 'personal data: nothing found' "$work/out" || wrong 'it does not say that it found nothing'
cp "$work/gut.json" "$work/pegel.csv.metadata.json"
lang=C.UTF-8 checked 0 'DCAT-AP.de 3.0: green' alone "$work/pegel.csv"
grep -qF 'pegel.csv.metadata.json' "$work/err" || wrong 'it does not say where the metadata come from'
sed 's/ENVI/WASSER/' "$work/gut.json" >"$work/falsch.json"
lang=C.UTF-8 checked 1 '"WASSER" does not stand in the vocabulary of "themes"' alone --metadata "$work/falsch.json"
lang=C.UTF-8 checked 1 'found; it stops tiers open and members' alone "$list" --metadata "$work/gut.json"
lang=C.UTF-8 checked 1 '"failed":true' alone "$list" --json
[ "$(jq -r '.lights.specification, .personal_data.stops, (.findings | length > 3)' <"$work/out" | tr '\n' ' ')" = 'red 2 true ' ] ||
	wrong '--json has something else'
lang=C.UTF-8 refused 4 'no file here' alone nichts.csv
lang=C.UTF-8 refused 2 'neither de nor en' alone "$list" --lang fr
echo '{' >"$work/kein.json"
lang=C.UTF-8 refused 1 'is not JSON' alone --metadata "$work/kein.json"

say 'what is published, and what would be'
checked 1 'meissen/harmlos@1' node "$meissen" check meissen/harmlos
grep -qF 'The licence is missing' "$work/out" || wrong 'it does not judge what is published'
grep -qF 'personal data: nothing found' "$work/out" || wrong 'it does not look into what is published'
checked 1 'personal data: found' node "$meissen" check meissen/amt
node "$meissen" publish meissen/gross "$work/gross.csv" "$list" --tier granted 2>/dev/null >/dev/null
checked 1 'only the first 16 MiB of gross.csv' node "$meissen" check meissen/gross
grep -qF 'liste.csv, column "Geburtsdatum"' "$work/out" || wrong 'it does not go on behind a large file'
wait_for 30 is_known "$radebeul" meissen/harmlos 1 || wrong 'the other node does not know it'
checked 1 'The licence is missing' node "$radebeul" check meissen/harmlos
grep -qF 'its files are not here' "$work/err" || wrong 'it does not say what it could not look at'
grep -qF 'There is no file' "$work/out" && wrong 'it says that there are no files'
checked 0 'delivery to GovData: green' node "$meissen" check meissen/harmlos "$work/pegel.csv" --metadata "$work/gut.json"
checked 0 'DCAT-AP.de 3.0: green' node "$meissen" check meissen/ganz/neu "$work/pegel.csv"
checked 1 'The title is missing' node "$meissen" check meissen/ganz/neu "$work/harmlos.csv"
refused 4 meissen/ganz/neu node "$meissen" show meissen/ganz/neu
node "$meissen" publish meissen/harmlos "$work/harmlos.csv" --title Harmlos --license dl-zero-de/2.0 >/dev/null
checked 1 'The description is missing' node "$meissen" check meissen/harmlos
grep -qE 'title is missing|licence is missing' "$work/out" && wrong 'it does not see what is said'
checked 1 'The description is missing' node "$meissen" check meissen/harmlos "$work/harmlos.csv"
grep -qE 'title is missing|licence is missing' "$work/out" && wrong 'it does not see what would be taken over'
refused 4 meissen/nirgends node "$meissen" check meissen/nirgends
