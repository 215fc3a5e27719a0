#!/usr/bin/env bash
# Stewards at the command line, with real daemons: words, votes, texts, leaving, and what is said when it is wrong.
# shellcheck source=test/e2e/lib.sh
. "$1/test/e2e/lib.sh" "$1" "$2"
cd "$work"

# expect STATUS WORDS COMMAND...: it ends like that, and says so in one line.
expect() {
	local status=0 wanted=$1 words=$2
	shift 2
	bounded 60 "$@" >out 2>err </dev/null || status=$?
	[ "$status" = "$wanted" ] || wrong "$* ended with $status, not $wanted: $(cat err)"
	[ "$(wc -l <err)" = 1 ] || wrong "$* says more or less than one line: $(cat err)"
	grep -qF -- "$words" err || wrong "$* does not say \"$words\": $(cat err)"
}
# says WORDS COMMAND...: it works, and prints that.
says() {
	local words=$1
	shift
	bounded 60 "$@" >out 2>err </dev/null || wrong "$* failed: $(cat err)"
	grep -qF -- "$words" out || wrong "$* does not print \"$words\": $(cat out)"
}
state() { node_json "$1" .state federation; }
is() { [ "$(state "$1")" = "$2" ]; }
charter() { node_json "$1" .charter federation; }
knows() { [ "$(charter "$1")" = "$2" ]; }
proposal() { node_json "$1" '.proposals[0].id // empty' federation proposals 2>/dev/null; }
has_proposal() { [ "$(proposal "$1")" = "$2" ]; }
guarded() {
	node_json "$1" .invitation federation invite --name "$(municipality "$2" 3)" --slug "$2" \
		--ags "$(municipality "$2" 1)"
}
says_status() { node "$1" status | grep -F -- "$2" >/dev/null; }

say 'Radebeul and Riesa wait, and read six words'
node_init meissen meissen --listen "127.0.0.1:$(port_free)" --no-passphrase
node_start meissen
expect 2 'later `allmende federation stewards' "$allmende" -d meissen federation create --name x --threshold 2
node meissen federation create --name 'Landkreis Meißen' >/dev/null
says 'member of Landkreis Meißen already: nothing was changed' "$allmende" -d meissen federation create --name 'Landkreis Meißen'
for town in radebeul riesa; do
	invitation=$(guarded meissen "$town")
	node "$town" init --join - --listen "127.0.0.1:$(port_free)" --no-passphrase >/dev/null <<<"$invitation"
	node_start "$town"
	wait_for 30 is "$town" waiting || wrong "$town does not wait but is $(state "$town")"
done
printf '%s\n' "$invitation" >invitation
expect 5 'a steward has to hear the six words' "$allmende" -d riesa federation join invitation --timeout 1
words=$(node_json riesa .words federation)
grep -qF -- "$words" out || wrong 'joining does not show the words'
says "$words" "$allmende" -d riesa federation
says_status riesa "$words" || wrong 'status does not show the words'
says 'Stadt Riesa' "$allmende" -d meissen federation requests
grep -qF "${words%% *}" out && wrong 'requests shows the words, which are to be heard'
says_status meissen 'Stadt Riesa (riesa) waits to be admitted' || wrong 'status does not name who waits'

say 'Words that are wrong admit nobody'
expect 2 '--words is missing' "$allmende" -d meissen federation approve riesa
expect 4 'nobody waits' "$allmende" -d meissen federation approve strehla --words "$words"
expect 3 'these are not the words' "$allmende" -d meissen federation approve riesa \
	--words "$(node_json radebeul .words federation)"
expect 2 'is not a short name' "$allmende" -d meissen federation approve 'Stadt Riesa' --words x
[ "$(charter meissen)" = 1 ] || wrong 'somebody was admitted'

say 'A steward that restarts still knows who waits; Riesa is admitted, Radebeul too'
node_stop meissen
node_start meissen
# As people write it down: numbered, in capitals, with commas.
typed=$(tr ' ' '\n' <<<"${words^^}" | nl -s '. ' | tr '\n' ',')
says 'riesa is admitted' "$allmende" -d meissen federation approve riesa --words "$typed"
wait_for 60 is riesa member || wrong 'Riesa is no member'
says 'radebeul is admitted' "$allmende" -d meissen federation approve radebeul \
	--words "$(node_json radebeul .words federation)"
wait_for 60 is radebeul member || wrong 'Radebeul is no member'
expect 3 'is not a steward' "$allmende" -d riesa federation invite --name x --slug x --ags 14627340
expect 3 'is not a steward' "$allmende" -d riesa federation remove radebeul

say 'Invitations are listed, and one that is cancelled lets nobody in'
invitation=$(guarded meissen strehla)
stateis() { [ "$(node_json meissen "[.invitations[] | select(.slug == \"$1\") | .state] | join(\" \")" federation invitations)" = "$2" ]; }
stateis strehla open || wrong 'it is not listed as open'
stateis riesa used || wrong 'a used one is not listed as used'
says 'Stadt Riesa' "$allmende" -d meissen federation invitations
expect 1 'was used already' "$allmende" -d meissen federation invite --cancel riesa
expect 4 'there is no invitation "nossen"' "$allmende" -d meissen federation invite --cancel nossen
expect 2 '--cancel goes alone' "$allmende" -d meissen federation invite --cancel strehla --slug strehla
id=$(node_json meissen '.invitations[] | select(.slug == "strehla") | .id' federation invitations)
says '1 invitation cancelled' "$allmende" -d meissen federation invite --cancel "$id"
! node meissen --json federation invitations | grep -q strehla || wrong 'a cancelled one is listed'
node strehla init --join - --listen 127.0.0.1:0 --no-passphrase >/dev/null <<<"$invitation"
node_start strehla
refused_as_unknown() { node strehla federation | grep -q 'this invitation is not known here'; }
wait_for 30 refused_as_unknown || wrong "a cancelled invitation: $(node strehla federation)"
node_stop strehla
rm -rf strehla

say 'Somebody is sent away'
invitation=$(guarded meissen strehla)
node strehla init --join - --listen 127.0.0.1:0 --no-passphrase >/dev/null <<<"$invitation"
node_start strehla
wait_for 30 is strehla waiting || wrong 'Strehla does not wait'
says 'is refused' "$allmende" -d meissen federation refuse strehla
wait_for 30 is strehla none || wrong 'Strehla was not told'
says 'the stewards have refused the request' "$allmende" -d strehla federation
expect 4 'nobody waits' "$allmende" -d meissen federation refuse strehla
node_stop strehla

say 'Three stewards, of which two must agree'
expect 2 'is the only steward' "$allmende" -d meissen federation leave --yes
expect 1 'nothing was done: say --yes' "$allmende" -d meissen federation stewards meissen radebeul riesa
grep -qF 'from then on 2 of 3 stewards decide (now 1 of 1)' out || wrong 'the preview does not say what changes'
[ "$(proposal meissen || true)" = '' ] || wrong 'a preview has made a proposal'
expect 2 'at least 2' "$allmende" -d meissen federation stewards meissen radebeul riesa --threshold 1 --yes
expect 4 'there is no member "dresden"' "$allmende" -d meissen federation stewards dresden --yes
says 'has your vote; others must agree' "$allmende" -d meissen federation stewards meissen radebeul riesa --yes
grep -qF 'of the charter would say' out || wrong 'the charter says what others have not agreed to'
id=$(proposal meissen)
wait_for 30 has_proposal riesa "$id" || wrong 'Riesa does not hear of the proposal'
says 'from then on 2 of 3 stewards decide' "$allmende" -d riesa federation proposal "${id:0:8}"
expect 4 'begins with "ffffffff"' "$allmende" -d riesa federation proposal ffffffff
expect 4 'begins with "ffffffff"' "$allmende" -d riesa federation proposal ffffffff --text
says_status riesa "proposal ${id:0:8} waits for your vote" || wrong 'status does not ask for the vote'
expect 1 'nothing was signed: say --yes' "$allmende" -d riesa federation vote "${id:0:8}"
says 'the charter has entry 4 now' "$allmende" -d riesa federation vote "${id:0:8}" --yes
grep -qF 'of the charter says' out || wrong 'the charter does not say what is decided'
for town in meissen radebeul; do
	wait_for 30 knows "$town" 4 || wrong "$town does not know the new charter"
done
says 'changed by 2 of 3 stewards' "$allmende" -d meissen federation
expect 3 'invite without --auto-approve' "$allmende" -d meissen federation invite --auto-approve \
	--name x --slug x --ags 14627340

say 'A vote by text, from a steward without a connection; one proposal a number'
node_stop radebeul
node_stop riesa
says 'others must agree' "$allmende" -d meissen federation remove riesa --yes
id=$(proposal meissen)
expect 3 "has signed proposal ${id:0:8} as entry 5 already" "$allmende" -d meissen federation remove radebeul --yes
node meissen federation proposal "${id:0:8}" --text >proposal.txt
[ "$(wc -l <proposal.txt)" = 1 ] || wrong 'a proposal is more than a line'
node_stop meissen
node_start radebeul
# Alone, after a start, it signs nothing before somebody says that its store is the latest.
node radebeul start confirm >/dev/null
expect 1 'nothing was signed' "$allmende" -d radebeul federation vote "$(fold -w 60 proposal.txt)"
grep -qF 'removes Stadt Riesa (riesa)' out || wrong 'the text does not say what it changes'
node radebeul federation vote "$(fold -w 60 proposal.txt)" --yes --text >vote.txt
node_stop radebeul
node_start meissen
expect 2 'truncated or mistyped' "$allmende" -d meissen federation vote "$(cut -c1-100 vote.txt)"
says 'the charter has entry 5 now' "$allmende" -d meissen federation vote "$(cat vote.txt)"
expect 1 'decided already' "$allmende" -d meissen federation vote "$(cat vote.txt)"

say 'Who was removed is told; who wants to leave says so'
node_start riesa
wait_for 60 is riesa former || wrong "Riesa has not heard of it but is $(state riesa)"
node_start radebeul
wait_for 60 knows radebeul 5 || wrong 'Radebeul does not know entry 5'
says 'former' "$allmende" -d radebeul federation members
expect 1 'nothing was done' "$allmende" -d radebeul federation leave
says 'The stewards are told' "$allmende" -d radebeul federation leave --reason 'Gemeinden schließen sich zusammen' --yes
wait_for 30 says_status meissen 'Stadt Radebeul wants to leave the federation: Gemeinden schließen' ||
	wrong 'status does not say who wants to leave'
says 'that you stay' "$allmende" -d radebeul federation leave --cancel
expect 4 'has not said that it wants to leave' "$allmende" -d radebeul federation leave --cancel
says 'The charter is not frozen' "$allmende" -d meissen federation settle
for town in meissen radebeul; do
	clean "$town"
done
