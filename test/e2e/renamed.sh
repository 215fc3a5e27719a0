#!/usr/bin/env bash
# Riesa becomes Riesa-Zeithain: five nodes, what an administrator types, and that nothing acknowledged is missing.
# shellcheck source=test/e2e/lib.sh
. "$1/test/e2e/lib.sh" "$1" "$2"
cd "$work"
others=(meissen radebeul strehla)

# expect STATUS WORDS COMMAND...: it ends like that, and says so.
expect() {
	local status=0 wanted=$1 words=$2
	shift 2
	bounded 60 "$@" >out 2>err </dev/null || status=$?
	[ "$status" = "$wanted" ] || wrong "$* ended with $status, not $wanted: $(cat err)"
	grep -qF -- "$words" err || wrong "$* does not say \"$words\": $(cat err)"
}
says() {
	local words=$1
	shift
	bounded 60 "$@" >out 2>err </dev/null || wrong "$* failed: $(cat err)"
	grep -qF -- "$words" out || wrong "$* does not print \"$words\": $(cat out)"
}
charter() { [ "$(node_json "$1" .charter federation)" = "$2" ]; }
# reads DIR DATASET[@VERSION] FILE: it is here under this name, and the same.
reads() {
	rm -rf -- copy
	node "$1" get "$2" -o copy --timeout 20 >/dev/null 2>err || return 1
	cmp -s -- "$3" copy
}
lists() { node_json "$1" '[.datasets[].dataset] | sort | join(" ")' ls "${@:2}"; }
version() { [ "$(node_json "$1" .version show "$2" 2>/dev/null)" = "$3" ]; }
# agreed [WORDS]: Radebeul votes for what Meißen has proposed.
agreed() {
	local id
	id=$(node_json meissen '.proposals[0].id' federation proposals)
	votes() { node radebeul federation vote "${id:0:8}" ${1:+--words "$1"} --yes >/dev/null 2>err; }
	wait_for 30 votes "$@" || wrong "Radebeul does not vote: $(cat err)"
}
entry=1
# passed: the next entry of the charter is with everybody.
passed() {
	local town
	entry=$((entry + 1))
	for town in meissen radebeul strehla riesa; do
		wait_for 30 charter "$town" "$entry" || wrong "$town does not know entry $entry"
	done
}

say 'Meißen and Radebeul decide; Riesa, who does not, publishes and grants'
node_init meissen meissen --listen "127.0.0.1:$(port_free)" --no-passphrase
node_start meissen
node meissen federation create --name 'Landkreis Meißen' >/dev/null
for town in radebeul riesa strehla; do
	node_join "$town" "$(node_invite meissen "$town")" --listen "127.0.0.1:$(port_free)" --no-passphrase ||
		wrong "$town did not join"
	entry=$((entry + 1))
done
node meissen federation stewards meissen radebeul --yes >/dev/null
agreed
passed
node riesa recovery-sheet -o sheet >/dev/null
echo 'a,b' >one.csv
echo 'c,d' >two.csv
echo 'e,f' >three.csv
mkdir folder
node strehla subscribe 'riesa/**' --to "$work/folder" >/dev/null
node meissen subscribe 'riesa/**' >/dev/null
node riesa publish riesa/plan one.csv --tier members --title 'Plan' >/dev/null
node riesa publish riesa/kita/plaetze one.csv --tier granted >/dev/null
node riesa publish riesa/personal/liste one.csv --tier hidden >/dev/null
for prefix in riesa/kita riesa/personal/liste; do
	node riesa grant "$prefix" --to strehla --rights read >/dev/null
done
node riesa grant riesa/bau --to radebeul --rights write >/dev/null
written() { node radebeul publish riesa/bau/plan one.csv --tier granted >/dev/null 2>err; }
wait_for 30 written || wrong "Radebeul does not write: $(cat err)"
all_here() {
	local dataset
	for dataset in plan kita/plaetze; do
		[ -f "folder/riesa/$dataset" ] || [ -d "folder/riesa/$dataset" ] || return 1
	done
}
wait_for 60 all_here || wrong "the folder is not filled: $(find folder)"
for dataset in plan kita/plaetze personal/liste; do
	wait_for 30 reads strehla "riesa/$dataset" one.csv || wrong "Strehla does not read $dataset: $(cat err)"
done

say 'What cannot be is said, and nothing is done'
rename=("$allmende" -d riesa federation rename)
expect 2 'say what changes' "${rename[@]}"
expect 2 'is not a short name' "${rename[@]}" --slug 'Riesa Zeithain'
expect 1 'the short name strehla is that of Stadt Strehla' "${rename[@]}" --slug strehla --yes
expect 1 'is called so already' "${rename[@]}" --slug riesa --yes
expect 1 'is that of Stadt Meißen' "${rename[@]}" --ags "$(municipality meissen 1)" --yes
expect 3 'by itself or by a steward' "${rename[@]}" strehla --name x --yes
expect 4 'no member "dresden"' "${rename[@]}" dresden --name x --yes
expect 1 'nothing was done: say --yes' "${rename[@]}" --slug riesa-zeithain --name 'Stadt Riesa-Zeithain'
grep -qF 'renames Stadt Riesa (riesa) to Stadt Riesa-Zeithain (riesa-zeithain, key 14627230)' out ||
	wrong "the preview says: $(cat out)"

say 'Riesa asks, two stewards agree'
says 'Hand one of them this line' "${rename[@]}" --slug riesa-zeithain --name 'Stadt Riesa-Zeithain' --yes
grep -o 'allmende2p-[A-Za-z0-9_-]*' out >line || wrong "no line to hand on: $(cat out)"
says 'others must agree' "$allmende" -d meissen federation vote "$(cat line)" --yes
id=$(node_json meissen '.proposals[0].id' federation proposals)
wait_for 30 node radebeul federation proposal "${id:0:8}" >/dev/null 2>&1 || wrong 'Radebeul does not hear of it'
says 'the charter has entry' "$allmende" -d radebeul federation vote "${id:0:8}" --yes
passed

say 'Everybody sees the new name, and none of the old; the old one still leads there'
for town in riesa "${others[@]}"; do
	says 'riesa-zeithain: formerly Stadt Riesa (riesa, key 14627230)' "$allmende" -d "$town" federation members
	[[ "$(lists "$town") " != *' riesa/'* && "$(lists "$town")" != riesa/* ]] || wrong "$town lists $(lists "$town")"
	[ "$(lists "$town" 'riesa/**')" = "$(lists "$town" 'riesa-zeithain/**')" ] || wrong "$town lists two things"
	[[ "$(lists "$town" 'riesa/**')" = *riesa-zeithain/bau/plan*riesa-zeithain/kita/plaetze*riesa-zeithain/plan ]] ||
		wrong "$town lists $(lists "$town" 'riesa/**')"
	says riesa-zeithain/plan "$allmende" -d "$town" search Plan zeithain
done
[[ "$(lists strehla)" = *riesa-zeithain/personal/liste* ]] || wrong "Strehla lists $(lists strehla)"
for dataset in plan kita/plaetze personal/liste; do
	for slug in riesa riesa-zeithain; do
		reads strehla "$slug/$dataset" one.csv || wrong "Strehla does not read $slug/$dataset: $(cat err)"
		[ "$(node_json strehla .dataset show "$slug/$dataset")" = "riesa-zeithain/$dataset" ] || wrong 'show'
	done
done
says 'Stadt Riesa-Zeithain (riesa-zeithain, 14627230)' "$allmende" -d riesa status
says 'riesa-zeithain/kita' "$allmende" -d strehla grants
says 'riesa-zeithain/**' "$allmende" -d strehla subscriptions
[ "$(node_json meissen '.owner.slug' who riesa/kita/plaetze)" = riesa-zeithain ] || wrong 'who'
expect 4 'no dataset riesa-zeithain/nichts is known here' "$allmende" -d meissen get riesa/nichts -o -

say 'Publishing, granting, writing and withdrawing go on by either name'
[ "$(node_json riesa '"\(.dataset)@\(.version)"' publish riesa-zeithain/kita/plaetze two.csv)" = riesa-zeithain/kita/plaetze@2 ] ||
	wrong 'the new name publishes something else'
[ "$(node_json riesa '"\(.dataset)@\(.version)"' publish riesa/kita/plaetze three.csv)" = riesa-zeithain/kita/plaetze@3 ] ||
	wrong 'the old name publishes something else'
node riesa publish riesa-zeithain/personal/liste two.csv >/dev/null
node riesa publish riesa-zeithain/neu one.csv --tier granted >/dev/null
node riesa grant riesa-zeithain/neu --to meissen --rights read >/dev/null
[ "$(node_json radebeul .dataset publish riesa-zeithain/bau/plan two.csv)" = riesa-zeithain/bau/plan ] || wrong 'Radebeul writes'
wait_for 30 reads strehla riesa/kita/plaetze@3 three.csv || wrong 'Strehla does not read version 3'
wait_for 30 reads strehla riesa-zeithain/kita/plaetze@2 two.csv || wrong 'Strehla does not read version 2'
wait_for 30 reads strehla riesa/personal/liste two.csv || wrong 'Strehla does not read what is hidden'
wait_for 60 reads meissen riesa-zeithain/neu one.csv || wrong "Meißen does not read what is granted now: $(cat err)"
wait_for 30 reads riesa riesa/bau/plan two.csv || wrong 'Riesa does not read what Radebeul has written'
grep -qF 'renames Stadt Riesa (riesa) to Stadt Riesa-Zeithain (riesa-zeithain, key 14627230)' meissen.log ||
	wrong 'the log of Meißen does not say who was renamed'
grep -qF 'version held: riesa-zeithain/kita/plaetze@3 riesa-zeithain' strehla.log || wrong 'the log of Strehla has the old name'
in_folder() { grep -qr 'e,f' folder/riesa/kita 2>/dev/null; }
wait_for 60 in_folder || wrong 'the folder has stayed behind'
mkdir folder2
says "riesa-zeithain was renamed: its folder is $work/folder2/riesa, by" "$allmende" -d meissen subscribe 'riesa-zeithain/**' --to "$work/folder2"
newly() { [ -d folder2/riesa/neu ]; }
wait_for 60 newly || wrong 'a new folder is not filled'
[ ! -e folder/riesa-zeithain ] || wrong 'there are two folders'
node riesa withdraw riesa/plan --reason 'Probe' --yes >/dev/null
withdrawn() { ! node strehla show riesa-zeithain/plan >/dev/null 2>&1; }
wait_for 30 withdrawn || wrong 'the withdrawal does not arrive'
node riesa revoke --from meissen --below riesa-zeithain/neu --yes >/dev/null || wrong 'revoke'
for path in riesa/kita/plaetze riesa-zeithain/kita/plaetze; do
	says 'kita/plaetze' "$allmende" -d riesa audit --dataset "$path"
	node riesa audit --export "log-${path%%/*}" >/dev/null
	says 'kita/plaetze' "$allmende" -d nowhere audit --from "log-${path%%/*}" --dataset "$path"
	says 'Stadt Strehla' "$allmende" -d riesa who "$path" --at "$(date +%F)"
done

say 'Who joins later sees the same, and nobody gets a name of Riesa'
node_json meissen .invitation federation invite --name 'Stadt Gröditz' --slug groeditz --ags 14627050 |
	node groeditz init --join - --listen 127.0.0.1:0 --no-passphrase >/dev/null
node_start groeditz
waits() { words=$(node_json groeditz '.words // empty' federation 2>/dev/null); }
wait_for 30 waits || wrong 'Gröditz does not wait'
node meissen federation approve groeditz --words "$words" >/dev/null
agreed "$words"
passed
wait_for 60 node_is_member groeditz || wrong 'Gröditz did not join'
wait_for 60 version groeditz riesa/kita/plaetze 3 || wrong 'Gröditz does not know it by the old name'
[ "$(lists groeditz 'riesa/**')" = "$(lists meissen 'riesa/**')" ] || wrong "Gröditz lists $(lists groeditz)"
for slug in riesa riesa-zeithain; do
	expect 1 "the slug \"$slug\"" "$allmende" -d meissen federation invite --name x --slug "$slug" --ags 14627999 --unlisted-ags
	expect 1 'Stadt Riesa-Zeithain: one that was given' "$allmende" -d meissen federation rename strehla --slug "$slug" --yes
done

say 'A steward renames on request; Riesa goes back, its last name stays its own'
node meissen federation rename riesa-zeithain --slug riesa --yes >/dev/null
agreed
passed
[[ "$(lists meissen 'riesa-zeithain/**')" = riesa/* ]] || wrong 'going back is not seen'
reads strehla riesa-zeithain/kita/plaetze three.csv || wrong 'the last name does not lead there'
expect 1 'is a former one of Stadt Riesa-Zeithain' "$allmende" -d meissen federation rename strehla --slug riesa-zeithain --yes
node riesa federation rename --slug riesa-zeithain --yes | grep -o 'allmende2p-[A-Za-z0-9_-]*' >line
node meissen federation vote "$(cat line)" --yes >/dev/null
agreed
passed

say 'A second node of Riesa, made when it has its new name'
request=$(node zweiter init --node "$(node riesa node offer)" --listen 127.0.0.1:0 --no-passphrase)
node zweiter node accept "$(node riesa node add "$request" --roles publish)" >/dev/null
node_start zweiter
wait_for 60 node_is_member zweiter || wrong 'the second node is not in'
second() { [ "$(node_json zweiter .dataset publish riesa-zeithain/zweites two.csv --tier members 2>err)" = riesa-zeithain/zweites ]; }
wait_for 60 second || wrong "the second node does not publish: $(cat err)"
wait_for 60 reads meissen riesa/zweites two.csv || wrong 'what the second node has published is not found'
node_stop zweiter

say 'Strehla is merged into it: its namespace stays, under a name that says so'
node strehla publish strehla/plan one.csv --tier granted >/dev/null
node strehla grant strehla/plan --to riesa-zeithain --rights read >/dev/null
node meissen federation rename strehla --name 'Stadt Riesa-Zeithain (Strehla)' --yes >/dev/null
agreed
passed
for town in riesa radebeul; do
	says 'strehla: formerly Stadt Strehla (strehla, key' "$allmende" -d "$town" federation members
done
wait_for 60 reads riesa strehla/plan one.csv || wrong 'what Strehla has granted is lost'

say 'After restarts, and when the machine is lost and comes back by the sheet of before'
node_stop strehla
node_start strehla
reads strehla riesa/kita/plaetze three.csv || wrong 'Strehla does not read it after a restart'
node_kill riesa
mv riesa stolen
address=$(sed -n 's/^listen = //p' meissen/config)
node riesa init --recover sheet --from "$address" --lost all --no-passphrase --listen 127.0.0.1:0 >said || wrong 'no recovery'
node_start riesa
wait_for 60 node_is_member riesa || wrong 'Riesa is no member again'
wait_for 60 reads riesa riesa-zeithain/kita/plaetze three.csv || wrong "its data is not back: $(cat err)"
again() {
	[ "$(node_json riesa '"\(.dataset)@\(.version)"' publish riesa-zeithain/kita/plaetze one.csv 2>err)" = riesa-zeithain/kita/plaetze@4 ]
}
wait_for 60 again || wrong "it does not publish again: $(cat err)"
wait_for 60 reads strehla riesa/kita/plaetze@4 one.csv || wrong 'Strehla does not read version 4'
for town in riesa meissen strehla groeditz; do
	clean "$town"
done
