#!/usr/bin/env bash
# Publishing as people do it: first to see what would be, from a command that may fail, while the daemon is started
# again; and some files of a version are enough.
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

# says PHRASE COMMAND...
says() {
	local phrase=$1
	shift
	"$@" >"$work/out" 2>&1 || wrong "$* failed: $(cat "$work/out")"
	grep -qF -- "$phrase" "$work/out" || wrong "$* does not say \"$phrase\": $(cat "$work/out")"
}

mkdir -p "$work/d/karten/leer"
echo eins >"$work/d/eins.csv"
echo zwei >"$work/d/zwei.csv"
echo west >"$work/d/karten/west.gpkg"

say 'a dry run says what would be, and changes nothing'
says 'all members of Landkreis Meißen' node "$meissen" publish meissen/plan "$work/d" --dry-run
grep -qP '^new\t5\teins.csv$' "$work/out" || wrong "it does not list a file: $(cat "$work/out")"
refused 4 'meissen/plan' node "$meissen" show meissen/plan
says 'Readers: its owner alone' node "$meissen" publish meissen/plan "$work/d" --dry-run --tier hidden
publish meissen/plan "$work/d" >/dev/null
[ "$(node_json "$meissen" .tier show meissen/plan)" = members ] || wrong 'a dry run has hidden it'
says 'would be unchanged' node "$meissen" publish meissen/plan "$work/d" --dry-run
says 'would get a version' node "$meissen" publish meissen/plan "$work/d" --dry-run --title Plan
echo eimer >"$work/d/eins.csv"
echo zwoo >"$work/d/zwei.csv"
mv "$work/d/karten/west.gpkg" "$work/d/karten/ost.gpkg"
node_json "$meissen" '.unchanged, (.files[] | [.name, .state])' publish meissen/plan "$work/d" --dry-run |
	tr -d ' \n' >"$work/out"
grep -qxF 'false["eins.csv","changed"]["karten/leer/","same"]["karten/ost.gpkg","new"]["karten/west.gpkg","gone"]["zwei.csv","changed"]' \
	"$work/out" || wrong "it compares wrongly: $(cat "$work/out")"
[ "$(node_json "$meissen" '.versions | length' log meissen/plan)" = 1 ] || wrong 'a dry run has published'
refused 3 '--widen' node "$meissen" publish meissen/plan "$work/d" --dry-run --tier open
node "$meissen" grant meissen/amt --to radebeul --rights read >/dev/null
says 'Readers: Stadt Radebeul until' node "$meissen" publish meissen/amt/plan "$work/d" --dry-run --tier granted
refused 3 '--allow-shrink' node "$meissen" publish meissen/plan "$work/d/eins.csv" --dry-run
refused 2 'standard input' node "$meissen" publish meissen/plan - --name x --dry-run </dev/null

say 'what a producer that died leaves is no publication'
refused 1 'was empty' node "$meissen" publish meissen/strom - --name a.csv </dev/null
refused 4 'meissen/strom' node "$meissen" show meissen/strom
refused 1 'exit code 3' node "$meissen" publish meissen/strom --name a.csv --from-command -- sh -c 'echo half; exit 3'
refused 1 'signal 9' node "$meissen" publish meissen/strom --name a.csv --from-command -- sh -c 'echo half; kill -9 $$'
refused 1 'was empty' node "$meissen" publish meissen/strom --name a.csv --from-command -- true
refused 1 'cannot start' node "$meissen" publish meissen/strom --name a.csv --from-command -- "$work/nichts"
refused 2 '--name' node "$meissen" publish meissen/strom --from-command -- true
refused 4 'meissen/strom' node "$meissen" show meissen/strom
node "$meissen" publish meissen/strom --name a.csv --from-command -- printf '%s\n' --keep 5 >/dev/null
[ "$(node "$meissen" get meissen/strom -o -)" = $'--keep\n5' ] || wrong 'what the command says was not published'
node "$meissen" publish meissen/strom - --name a.csv --allow-shrink </dev/null >/dev/null || wrong 'empty on purpose is refused'

say 'files are listed, and some of them fetched'
publish meissen/plan "$work/d" >/dev/null
says 'karten/ost.gpkg' node "$meissen" show meissen/plan
[ "$(node_json "$meissen" '.file_list | length' show meissen/plan)" = 4 ] || wrong 'show --json does not have all files'
mkdir "$work/viele"
touch "$work/viele/"{1..30}
echo x >"$work/viele/1"
publish meissen/viele "$work/viele" >/dev/null
says 'and 10 more' node "$meissen" show meissen/viele
[ "$(node "$meissen" show meissen/viele --files | grep -cP '^[01]\t|^2\t')" = 30 ] || wrong '--files does not list all'
wait_for 30 is_known "$radebeul" meissen/plan 2 || wrong 'the second version did not come'
[ "$(node "$radebeul" get meissen/plan eins.csv -o -)" = eimer ] || wrong 'one file did not come'
node "$radebeul" get meissen/plan karten zwei.csv -o "$work/teil" >/dev/null
[ "$(cd "$work/teil" && find . | sort | tr '\n' ' ')" = '. ./karten ./karten/leer ./karten/ost.gpkg ./zwei.csv ' ] ||
	wrong "some files came as $(cd "$work/teil" && find .)"
node "$radebeul" get meissen/plan karten/ost.gpkg -o "$work/ost.gpkg" >/dev/null
same "$work/d/karten/ost.gpkg" "$work/ost.gpkg"
refused 4 'did you mean "karten/ost.gpkg"' node "$radebeul" get meissen/plan karten/osst.gpkg -o "$work/nichts"
refused 4 'no file "sonst' node "$radebeul" get meissen/plan eins.csv sonstwas.pdf -o "$work/nichts"
refused 2 'standard output takes one' node "$radebeul" get meissen/plan karten zwei.csv -o -
[ ! -e "$work/nichts" ] || wrong 'something was written all the same'

say 'a daemon that is started again in the middle of it is waited for'
$small || for i in $(seq 6); do head -c 40M /dev/urandom >"$work/d/$i.bin"; done
written() { # bytes, by the daemon
	sed -n 's/^wchar: //p' "/proc/${node_pid[$meissen]}/io"
}
was_begun() {
	[ "$(written)" -gt "$1" ]
}
for signal in TERM KILL; do
	echo "$signal" >"$work/d/eins.csv"
	head -c 30M /dev/urandom >"$work/d/rauschen.bin"
	before=$(written)
	node_json "$meissen" '.unchanged | tostring' publish meissen/lang "$work/d" --allow-shrink >"$work/out" 2>"$work/err" &
	job=$!
	wait_for 20 was_begun $((before + 4000000)) || wrong 'it has not begun'
	kill -"$signal" "${node_pid[$meissen]}"
	wait "${node_pid[$meissen]}" 2>/dev/null || true
	node_start "$meissen"
	wait "$job" || wrong "it failed after SIG$signal: $(cat "$work/err")"
	grep -q 'beginning again' "$work/err" || echo "SIG$signal came too late to tell"
	[ "$(tail -n 1 "$work/out")" = false ] || wrong "it says unchanged after SIG$signal"
done
head -c 30M /dev/urandom >"$work/rauschen.bin"
before=$(written)
node "$meissen" publish meissen/befehl --name r --from-command -- cat "$work/rauschen.bin" >"$work/out" 2>"$work/err" &
job=$!
wait_for 20 was_begun $((before + 4000000)) || wrong 'it has not begun'
kill -KILL "${node_pid[$meissen]}"
wait "${node_pid[$meissen]}" 2>/dev/null || true
node_start "$meissen"
wait "$job" || wrong "the command was not started once more: $(cat "$work/err")"
node "$meissen" get meissen/befehl -o "$work/r" >/dev/null
same "$work/rauschen.bin" "$work/r"
[ "$(node_json "$meissen" '[.versions[].version] | join(" ")' log meissen/lang)" = '2 1' ] ||
	wrong "there are not two versions: $(node "$meissen" log meissen/lang)"
rm -rf "$work/lang"
wait_for 60 is_known "$radebeul" meissen/lang 2 || wrong 'it did not come'
node "$radebeul" get meissen/lang -o "$work/lang" >"$work/out" 2>"$work/err" &
job=$!
sleep 0.3
kill -KILL "${node_pid[$radebeul]}"
wait "${node_pid[$radebeul]}" 2>/dev/null || true
node_start "$radebeul"
wait "$job" || wrong "get failed: $(cat "$work/err")"
diff -r "$work/d" "$work/lang" || wrong 'what came is not the same'
node "$radebeul" wait meissen/lang --after 2 --timeout 60 >"$work/out" 2>"$work/err" &
job=$!
sleep 0.3
kill "${node_pid[$radebeul]}"
wait "${node_pid[$radebeul]}" 2>/dev/null || true
node_start "$radebeul"
node "$radebeul" subscribe 'meissen/lang' >/dev/null
echo neu >"$work/d/eins.csv"
publish meissen/lang "$work/d" >/dev/null
wait "$job" || wrong "wait failed: $(cat "$work/err")"
clean "$meissen"
