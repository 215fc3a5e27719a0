#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034,SC2154
# What goes wrong in daily use: each is one sentence on standard error that says what was wrong and what to do,
# nothing on standard output, and the exit code that scripts rely on.
#
#	cli_errors.sh SOURCE-DIRECTORY BUILD-DIRECTORY
set -u -o pipefail
export LC_ALL=C.UTF-8
root=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
# shellcheck source=SCRIPTDIR/../../tools/lib-nodes.sh
. "$root/tools/lib-nodes.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/allmende-errors-XXXXXX")
helpers=()
failures=0
finish() {
	local pid
	for pid in "${helpers[@]}"; do kill "$pid" 2>/dev/null; done
	nodes_stop || failures=$((failures + 1))
	rm -rf "$work"
	[ "$failures" = 0 ] || echo "$failures failures" >&2
	[ "$failures" = 0 ]
}
trap 'finish || exit 1' EXIT
cd "$work" || exit 1
unset ALLMENDE_DIR

wrong() {
	echo "WRONG: $*" >&2
	sed 's/^/    /' out err >&2
	failures=$((failures + 1))
}

# expect CODE PHRASE COMMAND...: the command ends with CODE and one line on standard error that holds PHRASE.
expect() {
	local code=$1 phrase=$2 got
	shift 2
	bounded 120 "$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$code" ] || wrong "$* ended with $got instead of $code"
	grep -qF -- "$phrase" err || wrong "$* does not say \"$phrase\""
	[ "$(wc -l <err)" = 1 ] || wrong "$* does not say one line"
	[ ! -s out ] || wrong "$* writes to standard output"
}

# must COMMAND...: something that has to work for the rest to make sense.
must() {
	"$@" >out 2>err </dev/null || {
		wrong "$* failed"
		exit 1
	}
}

init_words=(init --name 'Stadt Meißen' --slug meissen --ags 14627140)

echo '-- words and options'
expect 2 'did you mean `allmende status`?' "$allmende" statsu
expect 2 'did you mean `allmende federation create`?' "$allmende" federation crate
expect 2 '`allmende help` lists them' "$allmende" frobnicate
expect 2 'did you mean --title?' "$allmende" publish meissen/a x --titel y
expect 2 'unknown option -x' "$allmende" ls -x
expect 2 '--title needs a value' "$allmende" publish meissen/a x --title
expect 2 'something is missing: write `allmende publish SLUG/PATH FILE...`' "$allmende" publish meissen/a
expect 2 'does not know what to do with "b"' "$allmende" ls a b
expect 2 'no command is given' "$allmende" --json
expect 2 'did you mean meissen/kita-plaetze?' "$allmende" show 'Meißen/Kita Plätze'
expect 2 'names no version' "$allmende" show meissen/a@x
expect 2 'is not a pattern' "$allmende" subscribe '**/a'
expect 2 'what shall the token be good for' "$allmende" token add
expect 2 'neither "list" nor "read"' "$allmende" token add --below meissen --may write
expect 2 'is no date' "$allmende" token add --below meissen --until tomorrow
expect 2 'is not a whole number from' "$allmende" wait meissen/a --timeout soon
expect 2 'is not an address' "$allmende" peer add quatsch
expect 2 '--to is missing' "$allmende" grant meissen/kita --rights read
expect 2 '--rights is missing' "$allmende" grant meissen/kita --to riesa
expect 2 'write it as 2027-11-20' "$allmende" grant meissen/kita --to riesa --rights read --until morgen
expect 2 'there is no such day' "$allmende" grant meissen/kita --to riesa --rights read --until 2027-02-29
expect 2 '--rights "all" cannot be' "$allmende" grant meissen/kita --to riesa --rights all
expect 2 'from 0 to 7' "$allmende" grant meissen/kita --to riesa --rights read --depth 8
expect 2 '--since belongs to --node' "$allmende" takeover --since 2027-11-20
expect 2 'exclude each other' "$allmende" subscribe 'meissen/**' --relay --to /srv
expect 2 'there is no option' "$allmended" --frobnicate

echo '-- making a node'
expect 2 '--ags is missing' "$allmende" init --name 'Stadt Meißen' --slug meissen --no-passphrase
expect 2 'is not an official municipality key' "$allmende" init --name x --slug x --ags 1234 --no-passphrase
# doubted: who cannot be asked is told, and it goes on
doubted() {
	must "$allmende" -d "doubted-$2" init --name "$1" --slug town --ags "$2" --no-passphrase
	grep -qF -- "--ags $2 is $3" err || wrong "--ags $2 for $1: does not say \"$3\""
}
doubted 'Stadt Riesa' 14627210 'the key of Stadt Radebeul: Stadt Riesa has 14627230'
doubted 'Stadt Riesa' 14627999 'not known: Stadt Riesa has 14627230'
for key in 14627998 14999010 99999999 00123456; do
	doubted x "$key" 'no key that this program knows'
done
must node unlisted init --name x --slug x --ags 14627999 --unlisted-ags --no-passphrase
must node bavaria init --name 'Landeshauptstadt München' --slug muenchen --ags 09162000 --no-passphrase
must node county init --name 'Landkreis Bautzen' --slug bautzen --ags 14625 --no-passphrase
expect 2 'such as meissen' "$allmende" init --name x --slug Meißen --ags 14627140 --no-passphrase
expect 2 'exclude each other' "$allmende" "${init_words[@]}" --no-passphrase --passphrase-file p
expect 2 'no terminal to ask on: give --passphrase-file FILE, or --no-passphrase' "$allmende" -d n "${init_words[@]}"
expect 1 'there is no passphrase file none' "$allmende" -d n "${init_words[@]}" --passphrase-file none
: >empty
expect 1 'is empty' "$allmende" -d n "${init_words[@]}" --passphrase-file empty
expect 2 'has no valid port' "$allmende" -d n "${init_words[@]}" --no-passphrase --listen 127.0.0.1:70000
expect 1 'empty exists already' "$allmende" -d n "${init_words[@]}" --no-passphrase --recovery-sheet empty
[ ! -e n ] || wrong 'a refused init leaves a directory behind'
mkdir full && : >full/something
expect 1 'is not empty' "$allmende" -d full "${init_words[@]}" --no-passphrase
echo geheim >passphrase
echo falsch >other
must node sealed "${init_words[@]}" --passphrase-file passphrase --listen 127.0.0.1:0
expect 1 'holds the node of Stadt Meißen (meissen, 14627140) already' "$allmende" -d sealed init --name 'Stadt Riesa' --slug riesa --ags 14627230 --no-passphrase
must node sealed "${init_words[@]}" --no-passphrase
grep -q 'has a node in sealed already: nothing was changed' out || wrong 'init again with the same words does not say so'
expect 1 'no daemon answers on sealed: start it with `allmended --detach -d sealed`' "$allmende" -d sealed ls

echo '-- passphrases'
expect 2 'passphrase' "$allmended" -d sealed
expect 3 'is not that of' "$allmended" -d sealed --passphrase-file other
expect 2 'there is no passphrase file none' "$allmended" -d sealed --passphrase-file none
expect 2 'give --passphrase-file FILE' "$allmende" -d sealed recovery-sheet -o sheet
expect 3 'is not the one of sealed' "$allmende" -d sealed recovery-sheet -o sheet --passphrase-file other
[ ! -e sheet ] || wrong 'a wrong passphrase leaves a sheet behind'
must node sealed recovery-sheet -o sheet --passphrase-file passphrase
[ "$(stat -c %a sheet)" = 600 ] || wrong 'others can read the recovery sheet'

echo '-- directories'
mkdir bare
expect 1 'bare holds no node: make one with `allmende -d bare init`' "$allmende" -d bare ls
expect 1 'there is no directory none' "$allmende" -d none status
expect 1 'there is no directory none' "$allmende" -d none doctor
expect 2 '--check and --json' "$allmende" -d none status --check --json
expect 2 'something is missing' "$allmende" drop
expect 2 'a//b' "$allmende" -d none drop 'a//b' --yes
expect 2 'there is no directory none' "$allmended" -d none --check-config
expect 2 '--http "7421" is not an address' "$allmende" -d other init --name x --slug x --ags 14627140 --no-passphrase --http 7421
expect 1 'empty is not a directory' "$allmende" -d empty status
expect 4 'is not the directory of a node' "$allmended" -d bare
expect 4 'is not the directory of a node' "$allmended" -d none

echo '-- the daemon'
must node_init meissen meissen
node_start meissen || exit 1
listen=$(node_json meissen .node.listen status)
expect 1 "${node_pid[meissen]}" "$allmended" -d meissen
must node_init second riesa
expect 2 "$listen is in use" "$allmended" -d second --listen "$listen"
echo 'chunks-in-flight = 100000' >>second/config
expect 2 '100000' "$allmended" -d second
sed -i '$d' second/config
echo 'colour = blue' >>second/config
expect 2 'colour' "$allmended" -d second
sed -i '$d' second/config

echo '-- federations and invitations'
expect 4 'not in a federation' "$allmende" -d meissen publish meissen/a empty
must node meissen federation create --name 'Landkreis Meißen'
expect 1 'Landkreis Meißen' "$allmende" -d meissen federation create --name 'Noch einer'
expect 1 'meissen' "$allmende" -d meissen federation invite --name x --slug meissen --ags 14627230
expect 1 '14627140' "$allmende" -d meissen federation invite --name x --slug x --ags 14627140
expect 2 '--ags is missing' "$allmende" -d meissen federation invite --name x --slug x
invitation=$(node_invite meissen riesa) || exit 1
printf '%s\n' "$invitation" >invitation
printf '%s' "${invitation:0:100}" >cut
printf '%s' "${invitation%?}" >short
echo 'https://example.org/join/1234' >link
expect 2 'truncated or mistyped' "$allmende" -d n init --join cut --no-passphrase
expect 2 'truncated or mistyped' "$allmende" -d meissen federation join short
expect 2 'is not an invitation' "$allmende" -d meissen federation join link
expect 1 'cannot read nowhere' "$allmende" -d meissen federation join nowhere
expect 1 'no invitation could be read from standard input' "$allmende" -d meissen federation join -
"$allmende" -d meissen federation join "$invitation" 2>err && wrong 'a member joins again'
grep -qF 'next time give a file that holds it' err || wrong "an invitation on the command line: $(cat err)"
grep -qF 'Landkreis Meißen' err || wrong "an invitation on the command line is not taken: $(cat err)"
expect 2 'the invitation says --slug "riesa"' "$allmende" -d n init --join invitation --slug strehla --no-passphrase
expect 1 'Landkreis Meißen' "$allmende" -d meissen federation join invitation
expect 1 'File exists' "$allmende" -d meissen federation invite --name x --slug x --ags 14627230 -o invitation
must node meissen federation invite --name x --slug x --ags 14627230 -o written
[ "$(stat -c %a written)" = 600 ] || wrong 'an invitation can be read by others'
grep -q '^allmende2-' written || wrong 'there is no invitation in the file'
! grep -q allmende2- out || wrong 'the invitation is shown, too'
must node_init stranger strehla
node_start stranger || exit 1
expect 3 'the invitation is for Stadt Riesa' "$allmende" -d stranger federation join invitation
must node_join riesa "$invitation"
# The invitation is used up.
must node again init --join invitation --listen 127.0.0.1:0 --no-passphrase
node_start again || exit 1
expect 1 'used by another organisation' "$allmende" -d again federation join invitation
must node stranger federation create --name 'Ein anderer Verbund'

echo '-- peers that are none'
peer_says() { node_json "$1" ".peers[] | select(.address == \"$2\") | .why" peers >out 2>err && grep -qiE "$3" out; }
must node stranger peer add "$listen"
wait_for 30 peer_says stranger "$listen" 'another federation' ||
	wrong 'a node of another federation is not named as such'
python3 -u -c '
import socketserver
class Foreign(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n" * 10)
        self.request.recv(1000)
server = socketserver.TCPServer(("127.0.0.1", 0), Foreign)
print(server.server_address[1])
server.serve_forever()' >port 2>/dev/null &
helpers+=($!)
wait_for 30 test -s port || exit 1
foreign=127.0.0.1:$(cat port)
must node meissen peer add "$foreign"
wait_for 30 peer_says meissen "$foreign" 'does not speak' || wrong 'a peer that speaks SSH is not named as such'
# The other way round: something else dials us.
{ printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' "$listen" >"/dev/tcp/${listen%:*}/${listen##*:}"; } 2>/dev/null
must node meissen status

echo '-- publishing'
expect 1 'there is no file none.csv' "$allmende" -d meissen publish meissen/a none.csv
expect 3 'meissen/' "$allmende" -d meissen publish riesa/a empty
expect 2 'tier' "$allmende" -d meissen publish meissen/a sheet --tier secret
ln -s sheet full/link
expect 1 'symbolic link' "$allmende" -d meissen publish meissen/a full
rm full/link
mkdir twice && cp sheet full/same && cp sheet twice/same
expect 2 'would both be called same' "$allmende" -d meissen publish meissen/a full twice
must node meissen publish meissen/a sheet --title Blatt
expect 3 '--allow-shrink' "$allmende" -d meissen publish meissen/a empty
must node meissen publish meissen/inner sheet --tier members
expect 3 '--widen' "$allmende" -d meissen publish meissen/inner sheet --tier open
expect 2 '"viele"' "$allmende" -d meissen publish meissen/a sheet --keep viele
expect 2 '"0"' "$allmende" -d meissen publish meissen/a sheet --keep 0
expect 2 '"90dd"' "$allmende" -d meissen publish meissen/a sheet --keep 90dd
expect 2 '--copies' "$allmende" -d meissen publish meissen/a sheet --timeout 5
expect 2 '--name' "$allmende" -d meissen publish meissen/a - </dev/null
expect 2 'would both be called sheet' "$allmende" -d meissen publish meissen/a sheet - --name sheet </dev/null
expect 2 'path' "$allmende" -d meissen publish meissen/a - --name ../sheet <sheet
expect 2 'no name of a file' "$allmende" -d meissen publish meissen/a - --name sheet/ <sheet
truncate -s 128M growing
(while sleep 0.005; do echo more >>growing; done) &
helpers+=($!)
expect 1 'growing changed while it was read; nothing was published' "$allmende" -d meissen publish meissen/grows growing
kill "${helpers[-1]}"
wait "${helpers[-1]}" 2>/dev/null
expect 4 'meissen/grows' "$allmende" -d meissen show meissen/grows
[ "$(node_json meissen .uploads status)" = 0 ] || wrong 'the refused upload is still there'

echo '-- taking back'
expect 2 'something is missing' "$allmende" -d meissen withdraw
expect 2 '--reason' "$allmende" -d meissen withdraw meissen/a
expect 4 'meissen/none' "$allmende" -d meissen withdraw meissen/none --reason alt
expect 4 'has no version' "$allmende" -d meissen withdraw meissen/none --reason alt --yes
expect 3 'riesa/a' "$allmende" -d meissen withdraw riesa/a --reason alt --yes
expect 2 'one line' "$allmende" -d meissen withdraw meissen/a --reason '' --yes
expect 2 'one line' "$allmende" -d meissen withdraw meissen/a --reason $'zwei\nZeilen' --yes
must node meissen publish meissen/weg sheet
must node meissen withdraw meissen/weg --reason alt --yes
expect 4 'withdrawn by Stadt Meißen on ' "$allmende" -d meissen log meissen/weg
expect 4 'withdrawn by Stadt Meißen on ' "$allmende" -d meissen withdraw meissen/weg --reason alt
expect 4 'has no version' "$allmende" -d meissen withdraw meissen/weg --reason alt --yes

echo '-- finding, and folders'
expect 2 'something is missing' "$allmende" -d meissen search
expect 2 'words' "$allmende" -d meissen search ' '
expect 2 '16 words' "$allmende" -d meissen search 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
expect 2 'absolute' "$allmende" -d meissen subscribe 'riesa/**' --to daten
expect 2 'make the folder first' "$allmende" -d meissen subscribe 'riesa/**' --to "$PWD/daten"
expect 2 'is no folder' "$allmende" -d meissen subscribe 'riesa/**' --to "$PWD/sheet"
expect 2 "the node's own directory" "$allmende" -d meissen subscribe 'riesa/**' --to "$PWD/meissen"
[ "$(node_json meissen '.subscriptions | length' subscriptions)" = 0 ] || wrong 'a refused subscription is there'

echo '-- reading'
expect 4 'meissen/none' "$allmende" -d meissen show meissen/none
expect 4 'meissen/none' "$allmende" -d meissen log meissen/none
expect 4 'meissen/none' "$allmende" -d meissen get meissen/none -o copy
expect 4 'version 9' "$allmende" -d meissen get meissen/a@9 -o copy
expect 2 'say where the files go' "$allmende" -d meissen get meissen/a
expect 1 'there is no folder none' "$allmende" -d meissen get meissen/a -o none/copy
expect 5 'version 9 of meissen/a is not here' "$allmende" -d meissen wait meissen/a@9 --timeout 1
expect 4 'riesa/**' "$allmende" -d meissen unsubscribe 'riesa/**'
knows() { node_json riesa .version show "$1" >out 2>err; }
wait_for 60 knows meissen/a || wrong 'riesa has not heard of meissen/a'
invitation=$(node_invite meissen coswig) || exit 1
node_stop meissen || exit 1
expect 5 'meissen/a@1 is not here yet' "$allmende" -d riesa get meissen/a -o copy --timeout 1
[ ! -e copy ] || wrong 'a get that failed leaves a file behind'
must node_init coswig coswig
node_start coswig || exit 1
printf '%s\n' "$invitation" >invitation
expect 5 'the node goes on trying' "$allmende" -d coswig federation join invitation --timeout 1
