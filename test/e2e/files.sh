#!/usr/bin/env bash
# What a publisher can do to whoever reads its data, and another user of the machine to both: gigabytes that are made
# of a few hundred bytes, names that programs read unasked, links in the way of a folder, keys in memory.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes
mkdir "$work/daten" "$work/leer"

# refused CODE PHRASE COMMAND...
refused() {
	local code=$1 phrase=$2 got=0
	shift 2
	"$@" >/dev/null 2>"$work/err" </dev/null || got=$?
	[ "$got" = "$code" ] || wrong "$* ended with $got instead of $code: $(cat "$work/err")"
	grep -qF -- "$phrase" "$work/err" || wrong "$* does not say \"$phrase\": $(cat "$work/err")"
}

says_status() {
	node "$radebeul" status 2>/dev/null | grep -qF -- "$1"
}

say 'gigabytes made of nothing are not written unasked'
truncate -s 400M "$work/bombe.bin"
truncate -s 60M "$work/duenn.bin"
publish meissen/bombe "$work/bombe.bin" >/dev/null
publish meissen/duenn "$work/duenn.bin" >/dev/null
node "$radebeul" subscribe 'meissen/**' --to "$work/daten" >/dev/null
wait_for 60 test -e "$work/daten/meissen/duenn/duenn.bin" || wrong 'sparse data within reason was not written'
wait_for 60 says_status 'would come out of' || wrong 'status does not say that a bomb was not written'
[ ! -e "$work/daten/meissen/bombe" ] || wrong 'the bomb was written'
[ "$(du -sm "$work/daten" | cut -f1)" -le 61 ] || wrong 'something of the bomb was written'
refused 1 'ask its publisher whether that is right' node "$radebeul" get meissen/bombe -o "$work/leer/x"
[ -z "$(ls -A "$work/leer")" ] || wrong 'get has left something behind'

say 'what would not fit is not begun'
echo 'deliver-max = 1M' >>"$radebeul/config"
echo 'deliver-files = 2' >>"$radebeul/config"
node_stop "$radebeul"
node_start "$radebeul"
head -c 1100000 /dev/urandom >"$work/gross.bin"
publish meissen/gross "$work/gross.bin" >/dev/null
wait_for 60 says_status 'meissen/gross is not written' || wrong 'status does not say that it is too large'
mkdir "$work/drei"
touch "$work/drei/1" "$work/drei/2" "$work/drei/3"
echo x >"$work/drei/1"
touch -d '1965-03-01' "$work/drei/2"
publish meissen/drei "$work/drei" >/dev/null
wait_for 60 says_status 'meissen/drei is not written' || wrong 'status does not say that there are too many'
node "$radebeul" status | grep -q 'deliver-max' || wrong 'status does not name the setting'
[ ! -e "$work/daten/meissen/gross" ] && [ ! -e "$work/daten/meissen/drei" ] || wrong 'more than allowed was written'

say 'nothing is replaced that the command has not written'
echo mine >"$work/leer/1"
refused 1 'leer/1 is there already' node "$radebeul" get meissen/drei -o "$work/leer"
[ "$(cat "$work/leer/1")$(ls "$work/leer")" = mine1 ] || wrong 'get has replaced or added something'
node "$radebeul" get meissen/drei -o "$work/leer" --force >/dev/null
diff -r "$work/drei" "$work/leer" || wrong 'with --force it is not the same'
[ "$(date -u -d "@$(stat -c %Y "$work/leer/2")" +%F)" = 1965-03-01 ] || wrong 'what is older than 1970 is not as old'
publish meissen/zu "$work/drei/1" --tier granted >/dev/null
node "$meissen" get meissen/zu -o "$work/zu" >/dev/null
[ "$(stat -c %A "$work/zu" | cut -c8-)" = --- ] || wrong 'what is granted is for all users of the machine'
[ -z "$(find "$work/leer" -name '.*' -mindepth 1)" ] || wrong 'get has left something hidden behind'

say 'a folder stays one though it has one file today'
mkdir "$work/ein"
echo x >"$work/ein/a.txt"
publish meissen/ein "$work/ein" >/dev/null
node "$meissen" get meissen/ein -o "$work/einer" >/dev/null
diff -r "$work/ein" "$work/einer" || wrong 'a folder of one file came as a file'
publish meissen/ein "$work/ein/a.txt" >/dev/null
node "$meissen" get meissen/ein -o "$work/datei" >/dev/null
[ -f "$work/datei" ] || wrong 'a file came as a folder'

say 'what nobody means to publish is left out and named'
mkdir -p "$work/punkt/.git" "$work/punkt/voll" "$work/punkt/leer/unter"
echo 'alias ls=rm' >"$work/punkt/.bashrc"
echo x >"$work/punkt/.git/config"
echo x >"$work/punkt/~\$plan.xlsx"
refused 2 'hidden files are not published' node "$meissen" publish meissen/punkt "$work/punkt"
echo x >"$work/punkt/voll/plan.xlsx"
node "$meissen" publish meissen/punkt "$work/punkt" >"$work/out" 2>"$work/err"
for name in .bashrc .git/ '~$plan.xlsx'; do
	grep -qF "punkt/$name" "$work/err" || wrong "$name is left out in silence: $(cat "$work/err")"
done
node "$meissen" get meissen/punkt -o "$work/punkt-da" >/dev/null
[ "$(cd "$work/punkt-da" && find . | sort | tr '\n' ' ')" = '. ./leer ./leer/unter ./voll ./voll/plan.xlsx ' ] ||
	wrong "it came as $(cd "$work/punkt-da" && find .)"
node_json "$meissen" '.left_out | length' publish meissen/punkt "$work/punkt" 2>/dev/null | grep -qx 3 ||
	wrong 'left_out does not say what was left out'

say 'an empty folder is a change, and comes into the folders of others'
grep -q 'deliver-files' "$radebeul/config" || wrong 'the limit is not set any more'
wait_for 60 test -d "$work/daten/meissen/punkt/leer/unter" || wrong 'the empty folder was not written'
rmdir "$work/punkt/leer/unter" "$work/punkt/leer"
[ "$(node_json "$meissen" .unchanged publish meissen/punkt "$work/punkt" 2>/dev/null)" = false ] || wrong 'it is unchanged'
wait_for 60 test ! -e "$work/daten/meissen/punkt/leer" || wrong 'the empty folder stayed'

say 'with --hidden they come, but not among what lies somewhere already'
rm -r "$work/punkt/.git"
node "$meissen" publish meissen/punkt "$work/punkt" --hidden >/dev/null 2>"$work/err"
[ ! -s "$work/err" ] || wrong "it complains: $(cat "$work/err")"
mkdir "$work/heim"
echo mine >"$work/heim/meins"
refused 1 'say --hidden' node "$meissen" get meissen/punkt -o "$work/heim"
[ "$(ls -A "$work/heim")" = meins ] || wrong 'get has written something'
node "$meissen" get meissen/punkt -o "$work/heim" --hidden >/dev/null
same "$work/punkt/.bashrc" "$work/heim/.bashrc"
node "$meissen" get meissen/punkt -o "$work/neu" >/dev/null
diff -r "$work/punkt" "$work/neu" || wrong 'in a new folder it is not the same'

say 'names that are trouble are said, or refused before anything is sent'
mkdir "$work/namen"
echo 1 >"$work/namen/Wege.csv"
echo 2 >"$work/namen/wege.csv"
echo 3 >"$work/namen/CON.csv"
printf 4 >"$work/namen/"$'u\u0308ber'
printf 5 >"$work/namen/"$'\u00fcber'
node "$meissen" publish meissen/namen "$work/namen" >/dev/null 2>"$work/err"
grep -q 'Wege.csv.*wege.csv' "$work/err" || wrong "twins are not said: $(cat "$work/err")"
grep -q 'CON.csv.*Windows' "$work/err" || wrong "a device is not said: $(cat "$work/err")"
[ "$(wc -l <"$work/err")" = 3 ] || wrong "there are not three remarks: $(cat "$work/err")"
touch "$work/namen/"$'rechnung\u202efdp.exe'
refused 2 'printable UTF-8' node "$meissen" publish meissen/namen "$work/namen"
mkdir -p "$work/eins" "$work/zwei/wege"
echo 1 >"$work/eins/wege"
echo 1 >"$work/zwei/wege/a"
refused 2 'nobody could write both' node "$meissen" publish meissen/namen "$work/eins" "$work/zwei"

say 'what is written below a folder stays below it'
echo eins >"$work/stand.csv"
publish meissen/stand "$work/stand.csv" >/dev/null
wait_for 60 test -e "$work/daten/meissen/stand/stand.csv" || wrong 'it was not written'
(
	cd "$work/daten/meissen/stand" # as a container has it that it is mounted into
	echo halb >"$work/stand.csv"
	publish meissen/stand "$work/stand.csv" >/dev/null
	wait_for 60 grep -q halb "$work/daten/meissen/stand/stand.csv" || wrong 'the next version was not written'
	[ "$(cat stand.csv)" = halb ] || wrong 'who has the folder open does not see the next version'
)
mkdir "$work/opfer" && echo wichtig >"$work/opfer/stand.csv"
mv "$work/daten/meissen/stand" "$work/beiseite"
ln -s "$work/opfer" "$work/daten/meissen/stand"
echo zwei >"$work/stand.csv"
publish meissen/stand "$work/stand.csv" >/dev/null
wait_for 60 says_status 'meissen/stand is not written' || wrong 'status does not speak of the link'
[ "$(cat "$work/opfer/stand.csv")" = wichtig ] || wrong 'what a link leads to was changed'
mkdir -m 777 "$work/offen"
mkdir "$work/offen/daten"
refused 2 'other users' node "$radebeul" subscribe 'meissen/drei' --to "$work/offen/daten"
ln -s "$work/daten" "$work/weg"
refused 2 'symbolic link' node "$radebeul" subscribe 'meissen/drei' --to "$work/weg"

say 'keys stay in the process'
grep -q 'Max core file size *0 *0' "/proc/${node_pid[$radebeul]}/limits" || wrong 'a core dump would be written'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	other=$work/anderer
	mkdir -m 700 "$other"
	cp "$build/allmende" "$build/allmended" "$other"
	chown -R 65534:65534 "$other"
	chmod 711 "$work"
	as() { setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }
	as "$other/allmende" -d "$other/d" init --name x --slug x --ags 14627010 --dial-only --no-passphrase >/dev/null
	as "$other/allmended" -d "$other/d" >"$other.log" 2>&1 &
	helper_pids+=($!)
	wait_for 30 test -S "$other/d/control.sock" || wrong 'the node of another user did not start'
	as "$other/allmende" -d "$other/d" status >/dev/null || wrong 'its command line does not work'
	as cat "/proc/${helper_pids[-1]}/environ" >/dev/null 2>&1 && wrong 'another process of its user reads the memory'
	kill "${helper_pids[-1]}"
else
	echo 'not asked whether the memory can be read: that needs root and setpriv'
fi
