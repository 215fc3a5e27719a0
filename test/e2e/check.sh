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
