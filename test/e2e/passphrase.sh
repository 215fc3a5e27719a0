#!/usr/bin/env bash
# The passphrase: where it comes from, where it should not lie, another one, a first one, none.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

words=(init --name 'Stadt Meißen' --slug meissen --ags 14627140 --listen 127.0.0.1:0)
elsewhere=$work/elsewhere
mkdir "$elsewhere"
(
	umask 077
	echo erste >"$elsewhere/one"
	echo zweite >"$elsewhere/two"
)

# refused CODE PHRASE COMMAND...
refused() {
	local code=$1 phrase=$2 status=0
	shift 2
	bounded 60 "$@" >"$work/said" 2>&1 </dev/null || status=$?
	[ "$status" = "$code" ] || wrong "$*: $status instead of $code: $(cat "$work/said")"
	grep -q -- "$phrase" "$work/said" || wrong "$* does not say \"$phrase\": $(cat "$work/said")"
}

# starts [ARGUMENT...]: with that the node comes up.
starts() {
	node_arguments=("$@")
	node_start "$meissen"
	node_stop "$meissen"
}

say 'from a descriptor'
node "$meissen" "${words[@]}" --passphrase-fd 3 3<"$elsewhere/one" >/dev/null
starts --passphrase-file "$elsewhere/one"
refused 2 'passphrase-fd "x" is no number' "$allmende" -d "$work/none" "${words[@]}" --passphrase-fd x
refused 2 'from descriptor 9' "$allmende" -d "$work/none" "${words[@]}" --passphrase-fd 9
refused 2 'exclude each other' "$allmende" -d "$work/none" "${words[@]}" --passphrase-fd 3 --no-passphrase
[ ! -e "$work/none" ] || wrong 'a refused init leaves a directory'
"$allmended" -d "$meissen" --passphrase-fd 3 3< <(printf 'erste\nmehr\n') 2>"$meissen.log" &
helper_pids+=($!)
node "$meissen" status >/dev/null || wrong 'the daemon takes none from a descriptor'
kill "${helper_pids[-1]}" && wait "${helper_pids[-1]}" || wrong 'it does not stop'
helper_pids=()

say 'from systemd, for both programs'
mkdir "$work/credentials"
cp "$elsewhere/one" "$work/credentials/passphrase"
(
	export CREDENTIALS_DIRECTORY=$work/credentials
	bounded 60 "$allmende" -d "$meissen" recovery-sheet -o "$work/sheet" >/dev/null
) || wrong 'the command line does not look there'
CREDENTIALS_DIRECTORY=$work/credentials "$allmended" -d "$meissen" 2>"$meissen.log" &
helper_pids+=($!)
node "$meissen" status >/dev/null || wrong 'the daemon does not look there'

say 'another one, while the node runs'
node "$meissen" passphrase change --passphrase-file "$elsewhere/one" --new-passphrase-file "$elsewhere/two" >"$work/said"
grep -q 'sealed with the new passphrase' "$work/said" || wrong "it says: $(cat "$work/said")"
node "$meissen" status >/dev/null
kill "${helper_pids[-1]}" && wait "${helper_pids[-1]}" || wrong 'it does not stop'
helper_pids=()
refused 3 'is not that of' "$allmended" -d "$meissen" --passphrase-file "$elsewhere/one"
starts --passphrase-file "$elsewhere/two"
refused 3 'is not the one of' "$allmende" -d "$meissen" passphrase change --passphrase-file "$elsewhere/one" --no-passphrase
refused 2 'no terminal to ask on: give --new-passphrase-file' "$allmende" -d "$meissen" passphrase change --passphrase-file "$elsewhere/two"
refused 1 'there is no passphrase file' "$allmende" -d "$meissen" passphrase change --passphrase-file "$elsewhere/two" --new-passphrase-file none
starts --passphrase-file "$elsewhere/two"

say 'none, and a first one'
node "$meissen" passphrase change --passphrase-file "$elsewhere/two" --no-passphrase | grep -q 'not sealed any more' || wrong 'it does not say what that means'
node_arguments=()
node_start "$meissen"
storage_is() {
	[ "$(node_json "$meissen" .node.storage_key status)" = "$1" ]
}
storage_is clear || wrong 'status does not say that they are not sealed'
node "$meissen" passphrase change --no-passphrase | grep -q 'nothing was changed' || wrong 'it was none already'
node "$meissen" passphrase change --new-passphrase-file "$elsewhere/one" | grep -q 'sealed with your passphrase' || wrong 'not sealed'
storage_is passphrase || wrong 'status does not say that they are sealed'
node_stop "$meissen"
refused 2 'are sealed with a passphrase' "$allmended" -d "$meissen"

say 'cut short, again and again: one of the two opens the keys'
rounds=12
! $small || rounds=4
now=one next=two
for i in $(seq "$rounds"); do
	"$allmende" -d "$meissen" passphrase change --passphrase-file "$elsewhere/$now" --new-passphrase-file "$elsewhere/$next" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$(printf %02d $((RANDOM % 90)))"
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	for which in "$now" "$next" none; do
		[ "$which" != none ] || wrong "neither opens the keys ($i)"
		if "$allmende" -d "$meissen" recovery-sheet -o "$work/sheet.$i" --passphrase-file "$elsewhere/$which" >/dev/null 2>&1; then
			break
		fi
	done
	cmp -s <(grep -A1 '^Root seed' "$work/sheet") <(grep -A1 '^Root seed' "$work/sheet.$i") || wrong "another seed ($i)"
	[ "$which" = "$now" ] || { next=$now && now=$which; }
done

say 'a file beside the keys, or for all to read, is said'
node "$meissen" passphrase change --passphrase-file "$elsewhere/$now" --no-passphrase >/dev/null
doubted() {
	node "$meissen" passphrase change --new-passphrase-file "$1" >/dev/null 2>"$work/said"
	grep -q "$2" "$work/said" || wrong "change does not say \"$2\": $(cat "$work/said")"
	node_arguments=(--passphrase-file "$1")
	: >"$meissen.log"
	node_start "$meissen"
	grep -q "warn the passphrase: .*$2" "$meissen.log" || wrong "the daemon does not say \"$2\": $(cat "$meissen.log")"
	node_stop "$meissen"
	node "$meissen" passphrase change --passphrase-file "$1" --no-passphrase >/dev/null 2>&1
}
cp "$elsewhere/one" "$meissen/passphrase"
doubted "$meissen/passphrase" 'in the directory of the keys'
cp "$elsewhere/one" "$work/passphrase"
doubted "$work/passphrase" 'beside the directory of the keys'
cp "$elsewhere/one" "$elsewhere/open"
chmod 644 "$elsewhere/open"
doubted "$elsewhere/open" 'others can read'
node "$meissen" passphrase change --new-passphrase-file "$elsewhere/one" >/dev/null 2>"$work/said"
[ ! -s "$work/said" ] || wrong "it complains of a good place: $(cat "$work/said")"
