#!/usr/bin/env bash
# A grant from one town to another: refused before, read afterwards, by nobody else; given at once and as text,
# handed on, kept by who may not read.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

riesa=$work/riesa
coswig=$work/coswig
two_nodes
for town in riesa coswig; do
	node_join "$work/$town" "$(node_invite "$meissen" "$town")" --listen "127.0.0.1:$(port_free)" --no-passphrase ||
		wrong "$town did not join"
done

# refused STATUS WORDS COMMAND...: fails with this status and one line that says so.
refused() {
	local status=0 expected=$1 words=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$expected" ] || wrong "$* ended with $status: $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" = 1 ] || wrong "$* says more than a line: $(cat "$work/err")"
	grep -qF -- "$words" "$work/err" || wrong "$* does not say \"$words\": $(cat "$work/err")"
}

# says WORDS COMMAND...
says() {
	local words=$1
	shift
	"$@" >"$work/out" 2>&1 || wrong "$* failed: $(cat "$work/out")"
	grep -qF -- "$words" "$work/out" || wrong "$* does not say \"$words\": $(cat "$work/out")"
}

# holds DIR: has all chunks of the current version.
holds() {
	node_json "$1" 'if .held then "held" else error("no") end' show meissen/kita/plaetze >/dev/null 2>&1
}

testdata 7 400000 text >"$work/plaetze.csv"

say 'without a grant the table is known and closed'
publish meissen/kita/plaetze "$work/plaetze.csv" --tier granted --title 'Plätze' --contact it@meissen.example >/dev/null
for town in radebeul riesa coswig; do
	wait_for 30 is_known "$work/$town" meissen/kita/plaetze 1 || wrong "$town does not know it"
done
for town in radebeul coswig; do
	node "$work/$town" subscribe '**' >/dev/null
done
refused 3 'Stadt Meißen has not granted you meissen/kita/plaetze. Ask it@meissen.example for "read".' \
	node "$radebeul" get meissen/kita/plaetze -o "$work/no"
says 'nobody but the owner' node "$meissen" who meissen/kita/plaetze

say 'a grant opens it to the one it names'
says 'can now read meissen/kita and everything below, until 2099-12-31' \
	node "$meissen" grant meissen/kita --to radebeul --rights read --until 2099-12-31 --depth 1
wait_for 30 holds "$radebeul" || wrong 'Radebeul did not fetch what it may read now'
get_same meissen/kita/plaetze@1 "$work/plaetze.csv"
refused 3 'has not granted you' node "$riesa" get meissen/kita/plaetze -o "$work/no"
says 'until 2099-12-31' node "$riesa" who meissen/kita/plaetze
says 'granted' node "$riesa" --json who meissen/kita/plaetze
grant=$(node_json "$meissen" '.grants[0].id' grants)
says "Stadt Meißen lets $(municipality radebeul 3) read meissen/kita and everything below, until 2099-12-31." \
	node "$radebeul" grant-show "$grant"
says received node "$radebeul" grants
says given node "$meissen" grants

say 'as a relay Riesa keeps it and cannot read it'
node "$meissen" grant meissen --to riesa --rights relay >/dev/null
node "$riesa" subscribe --relay '**' >/dev/null
wait_for 30 holds "$riesa" || wrong 'Riesa did not fetch what it may keep'
refused 3 'may hold meissen/kita/plaetze, but not read it' node "$riesa" get meissen/kita/plaetze -o "$work/no"
says 'Relays' node "$meissen" who meissen/kita/plaetze

say 'handed on as text, taken by nobody else'
text=$(node "$radebeul" grant meissen/kita/plaetze --to coswig --rights read --text)
refused 3 'not for this organisation' node "$riesa" accept "$text"
refused 2 'mistyped or cut off' node "$coswig" accept "${text%???}"
refused 2 'this is no grant' node "$coswig" accept "hello"
says 'You can now read meissen/kita/plaetze' node "$coswig" accept "$text"
wait_for 30 holds "$coswig" || wrong 'Coswig did not fetch what it may read now'
can_read() { node "$coswig" get meissen/kita/plaetze -o "$work/handed" 2>/dev/null; }
wait_for 30 can_read || wrong 'Coswig cannot read it'
same "$work/plaetze.csv" "$work/handed"
says "$(municipality coswig 3)" node "$meissen" who meissen/kita/plaetze
says 'Through: Stadt Meißen -> ' node "$coswig" grant-show "$(node_json "$coswig" '.grants[0].id' grants)"

say 'as text from the owner the key comes along'
testdata 8 100000 text >"$work/plan.csv"
publish meissen/bau/plan "$work/plan.csv" --tier granted >/dev/null
text=$(node "$meissen" grant meissen/bau --to coswig --rights read --text)
says 'You can now read meissen/bau' node "$coswig" accept "$text"
can_read_plan() { node "$coswig" get meissen/bau/plan -o "$work/plan" 2>/dev/null; }
wait_for 30 can_read_plan || wrong 'Coswig cannot read the plan'
same "$work/plan.csv" "$work/plan"

say 'what cannot be granted is refused in a sentence'
refused 2 'cannot be' node "$meissen" grant meissen/kita --to riesa --rights everything
refused 2 'there is no such day' node "$meissen" grant meissen/kita --to riesa --rights read --until 2027-02-30
refused 2 'is over already' node "$meissen" grant meissen/kita --to riesa --rights read --until 2020-01-01
refused 2 'this organisation itself' node "$meissen" grant meissen/kita --to meissen --rights read
refused 4 'no member has the short name dresden' node "$meissen" grant meissen/kita --to dresden --rights read
refused 3 'that is more than you hold at meissen/kita (relay)' node "$riesa" grant meissen/kita --to coswig --rights read
refused 3 'may not be handed on: ask Stadt Radebeul for depth' node "$coswig" grant meissen/kita/plaetze --to riesa --rights read
refused 4 'no grant g-AAAAAAAA is known here' node "$meissen" grant-show g-AAAAAAAA
refused 2 'is no grant' node "$meissen" grant-show g-A

say 'a grant that ends soon asks for another one'
node "$meissen" grant meissen/bau --to radebeul --rights read --until "$(date -d '+5 days' +%F)" >/dev/null
ending=$(node_json "$meissen" '.grants[] | select(.direction == "given" and .receiver.slug == "radebeul" and .prefix == "meissen/bau") | .id' grants)
says "renew $ending" node "$meissen" status
refused 1 'gives it another end' node "$meissen" grant meissen/bau --to radebeul --rights read
node "$meissen" renew "$ending" >/dev/null
! node "$meissen" status | grep -q 'renew' || wrong 'the renewed grant is still to be renewed'
until_of() { node_json "$meissen" ".until_ms" grant-show "$1"; }
before=$(until_of "$grant")
node "$meissen" renew "$grant" >/dev/null
[ "$(until_of "$grant")" = "$before" ] || wrong 'a renewal has made it shorter unasked'

say 'what is hidden is not in the grant of a folder, and that is said'
publish meissen/bau/geheim "$work/plan.csv" --tier hidden >/dev/null
says 'Not in it is meissen/bau/geheim, which is hidden' node "$meissen" renew "$ending"
refused 4 'no dataset' node "$radebeul" show meissen/bau/geheim
node "$meissen" grant meissen/bau/geheim --to radebeul --rights read >"$work/said"
grep -qF 'can now read meissen/bau/geheim, until' "$work/said" || wrong "below a hidden dataset is something: $(cat "$work/said")"
wait_for 30 node "$radebeul" show meissen/bau/geheim >/dev/null 2>&1 || wrong 'granted by its name it is not read'

say 'what lies there is sealed once more when a right ends, and no one else notices'
mkdir -p "$work/ordner/unten"
testdata 9 300000 text >"$work/ordner/unten/a.csv"
echo 'a,b' >"$work/ordner/b.csv"
: >"$work/ordner/leer.txt"
publish meissen/bau/ordner "$work/ordner" --tier granted >/dev/null
get_same meissen/bau/ordner@1 "$work/ordner"
status=0
node "$meissen" revoke --from coswig --below meissen/bau --reencrypt >"$work/said" 2>"$work/err" || status=$?
[ "$status" = 1 ] && grep -q -- --yes "$work/err" || wrong "it is done without --yes: $(cat "$work/said" "$work/err")"
grep -q 'Sealed again *meissen/bau/ordner@1' "$work/said" && grep -q 'meissen/bau/plan@1' "$work/said" &&
	grep -q 'bytes as they are now' "$work/said" || wrong "no preview of what is sealed again: $(cat "$work/said")"
node "$meissen" revoke --from coswig --below meissen/bau --reencrypt --yes >"$work/said" || wrong "it failed: $(cat "$work/said")"
grep -q 'meissen/bau/ordner@2   sealed again, +' "$work/said" && grep -q 'meissen/bau/plan@2   sealed again, +' "$work/said" ||
	wrong "not all was sealed again: $(cat "$work/said")"
get_same meissen/bau/ordner@2 "$work/ordner"
get_same meissen/bau/plan@2 "$work/plan.csv"
refused 3 'has not granted you' node "$coswig" get meissen/bau/plan@2 -o "$work/no"
says 'meissen/bau/plan@3   sealed again' node "$meissen" revoke --reencrypt --below meissen/bau/plan --yes
refused 2 'nothing ends' node "$meissen" revoke --lift coswig --reencrypt

say 'what has ended is counted, and who has to hear of it named'
node "$meissen" revoke "$ending" --yes >"$work/said"
grep -q 'Written *1 grant ends, 0 bars: 1 record,' "$work/said" || wrong "counted as many: $(cat "$work/said")"
grep -q 'Not heard yet *Stadt' "$work/said" || wrong "nobody has to hear of it: $(cat "$work/said")"
cannot_read() { ! node "$radebeul" get meissen/bau/plan -o "$work/none" 2>/dev/null; }
wait_for 30 cannot_read || wrong 'Radebeul has not heard of it'
refused 3 'grants` shows what you have' node "$radebeul" publish meissen/bau/plan "$work/plan.csv"

clean "$meissen"
clean "$riesa"
