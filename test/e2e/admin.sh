#!/usr/bin/env bash
# What an administrator and a monitoring system see: status, its plug-in, doctor, recovery sheet, settings, logs.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# check_is CODE: what `status --check` of Meißen ends with, one line on standard output. The disk of the test's machine may
# be full, so it may be worse, but the word belongs to the code.
check_is() {
	local code=0 words=(OK WARNING CRITICAL UNKNOWN)
	node "$meissen" status --check >"$work/check" 2>"$work/check-errors" || code=$?
	if [ "$code" -lt "$1" ] || [ "$code" -gt 3 ] || { [ "$1" -lt 3 ] && [ "$code" = 3 ]; }; then
		wrong "status --check ends with $code instead of $1: $(cat "$work/check")"
	fi
	[ "$(wc -l <"$work/check")" = 1 ] || wrong "status --check prints more than a line: $(cat "$work/check")"
	grep -Eq "^${words[code]} - [^|]+( \| [a-z]+=[0-9]+%?(;[0-9;]*)?( [a-z]+=[0-9]+%?(;[0-9;]*)?)*)?\$" "$work/check" ||
		wrong "not a line of a plug-in: $(cat "$work/check")"
}

# doctor_is DIR CHECK STATE WORDS: one of the checks says so.
doctor_is() {
	node "$1" --json doctor >"$work/doctor" 2>"$work/doctor-errors" || true
	jq -e --arg check "$2" --arg state "$3" --arg words "$4" \
		'.checks[] | select(.check == $check and .state == $state and (.text | contains($words)))' \
		"$work/doctor" >/dev/null || wrong "doctor does not say $2 $3 $4: $(cat "$work/doctor" "$work/doctor-errors")"
}

say 'recovery sheet'
node "$meissen" init --name 'Stadt Meißen' --slug meissen --ags 14627140 --listen 127.0.0.1:0 --no-passphrase \
	--recovery-sheet "$work/sheet" >"$work/init"
[ "$(stat -c %a "$work/sheet")" = 600 ] || wrong 'others can read the recovery sheet'
for text in 'Stadt Meißen' meissen 14627140 "$(date +%Y-%m-%d)" 'How to use it' 'What it is for' 'How to keep it'; do
	grep -q -- "$text" "$work/sheet" || wrong "the sheet does not say $text"
done
# seed_of FILE: the 14 groups of four, in the alphabet without I, L, O, U.
seed_of() {
	sed -n '/^Root seed/,/^$/p' "$1" | sed 's/^Root seed//' | tr '\n' ' ' | tr -s ' -' '-' |
		grep -oE '([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}'
}
seed_of "$work/sheet" >"$work/seed" || wrong 'the sheet has no 14 groups'
grep -qF "$work/sheet" "$work/init" || wrong 'init does not say where the sheet is'
if node "$meissen" recovery-sheet -o "$work/sheet" 2>/dev/null; then wrong 'a sheet is written over another'; fi
node "$meissen" recovery-sheet -o "$work/again"
[ "$(seed_of "$work/again")" = "$(cat "$work/seed")" ] || wrong 'another seed'
rm -- "$work/again"

say 'settings'
cp -- "$meissen/config" "$work/config"
"$allmended" -d "$meissen" --check-config >/dev/null || wrong 'the config of init is refused'
# config_says TEXT WORDS...: as the second line of the file
config_says() {
	local code=0 words
	printf '# remark\n%s\n' "$1" >"$meissen/config"
	"$allmended" -d "$meissen" --check-config >/dev/null 2>"$work/errors" || code=$?
	[ "$code" = 2 ] || wrong "--check-config ends with $code for: $1"
	[ "$(wc -l <"$work/errors")" = 1 ] || wrong "more than a sentence: $(cat "$work/errors")"
	for words in "$meissen/config" "${@:2}"; do
		grep -qF -- "$words" "$work/errors" || wrong "no \"$words\" in: $(cat "$work/errors")"
	done
	code=0
	bounded 10 "$allmended" -d "$meissen" 2>"$work/errors-start" || code=$?
	[ "$code" = 2 ] || wrong "the daemon starts with: $1"
	same "$work/errors" "$work/errors-start"
	doctor_is "$meissen" config todo "${@: -1}"
}
config_says 'colour = blue' 'line 2' '"colour"' '--help'
config_says $'peers = 7\n\npeers = 8' 'line 4' 'peers is set a second time, after line 2'
config_says 'peers = many' 'line 2' 'peers is "many"' '1 to 1024'
config_says 'size-limit = 1K' 'line 2' 'size-limit is "1K"' '64M to'
config_says 'http = 7421' 'line 2' 'http is "7421"' 'HOST:PORT'
config_says 'log-format = xml' 'line 2' '"text" or "json"'
config_says $'ping-time = 30s\nsilence-time = 20s' 'line 3' 'silence-time is 20s' 'above ping-time, which is 30s'
config_says 'no equals sign' 'line 2' '"no equals sign" is not "name = value"'
# what --help lists is what the documentation lists
"$allmended" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | sort >"$work/keys-help"
sed -n 's/^| \(`.*\) | .*/\1/p' "$root/docs/CONFIG.md" | sed 's/ | .*//' | grep -o '`[a-z-]*`' | tr -d '`' | sort >"$work/keys-docs"
[ "$(wc -l <"$work/keys-help")" -ge 30 ] || wrong 'allmended --help lists too few settings'
diff -- "$work/keys-help" "$work/keys-docs" || wrong 'docs/CONFIG.md lists other settings than allmended --help'

say 'doctor without a daemon'
cp -- "$work/config" "$meissen/config"
check_is 3
doctor_is "$meissen" daemon todo 'no daemon answers'
doctor_is "$meissen" config ok 'all settings are right'
doctor_is "$meissen" store ok "format $(sed -n 's|^#define STORE_FORMAT ||p' "$root/store/layout.h")"
doctor_is "$meissen" sheet ok "$(date +%Y-%m-%d)"
doctor_is "$meissen" crypto ok 'passes the self-test'
doctor_is "$meissen" limits unknown 'not running'
doctor_is "$meissen" keys ok 'not sealed'
doctor_is "$meissen" files ok 'only their owner'
chmod 644 "$meissen/keys/sign"
doctor_is "$meissen" files todo 'keys/sign (644)'
chmod 600 "$meissen/keys/sign"
code=0
node "$work/nowhere" status --check >"$work/check" 2>/dev/null || code=$?
if [ "$code" != 3 ] || ! grep -q '^UNKNOWN - ' "$work/check"; then wrong 'no UNKNOWN where there is no node'; fi

say 'status and its plug-in'
echo 'log-format = json' >>"$meissen/config"
node_start "$meissen"
check_is 1
node "$meissen" status >"$work/status"
head -n 1 "$work/status" | grep -Eq '^ACTION [12]$' || wrong "status does not begin with what to do: $(cat "$work/status")"
grep -q -- "-> allmende -d $meissen federation create --name NAME" "$work/status" || wrong 'no command for it'
doctor_is "$meissen" limits ok 'enough files'
doctor_is "$meissen" libraries ok libmicrohttpd
jq -e '.firewall | contains("incoming TCP")' "$work/doctor" >/dev/null || wrong 'no request for the firewall'
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
node "$meissen" status >"$work/status"
grep -q '^OK  *1 of 1 members complete' "$work/status" || wrong "no OK line: $(cat "$work/status")"
grep -q '^NOTE  *the keys lie in clear' "$work/status" || wrong "no note about the keys: $(cat "$work/status")"
node_join "$radebeul" "$(node_invite "$meissen" radebeul)" --dial-only --no-passphrase || wrong 'Radebeul did not join'
settled() { node_json "$meissen" 'select(.members.complete == 2 and .peers.linked == 1) | .members.all' status >/dev/null; }
wait_for 20 settled || wrong "not settled: $(node "$meissen" --json status)"
doctor_is "$meissen" network ok 'reached from outside by radebeul'
doctor_is "$radebeul" network ok 'dials out only'
doctor_is "$radebeul" sheet todo 'no recovery sheet'
check_is 0
if [ "$(node_json "$meissen" .store.percent status)" -lt 70 ]; then
	grep -q '^OK - 2 of 2 members complete | ' "$work/check" || wrong "all is well, but: $(cat "$work/check")"
fi

say 'SIGHUP stops nothing: it takes new settings, names those that wait, and opens the log anew'
log_says() { grep -q -- "$1" "${2:-$meissen.log}"; }
hang_up() { kill -HUP "${node_pid[$meissen]}"; }
hang_up
wait_for 10 log_says 'nothing has changed' || wrong 'the settings were not read'
cp -- "$meissen/config" "$work/config"
echo 'quatsch = 1' >>"$meissen/config"
hang_up
wait_for 10 log_says 'the settings are wrong.*there is no setting .*quatsch.*those before stay in force' || wrong 'wrong settings were not noticed'
cp -- "$work/config" "$meissen/config"
sed -i 's/^log-format = .*/log-format = text/' "$meissen/config"
printf 'size-limit = 900G\nlog-file = node.log\nping-time = 7s\n' >>"$meissen/config"
hang_up
wait_for 10 log_says 'changed now: log-format, log-file, size-limit; with the next start: ping-time' || wrong 'it does not say what has changed'
[ "$(node_json "$meissen" .store.limit_bytes status)" = $((900 << 30)) ] || wrong 'the new limit does not count'
mv -- "$meissen/node.log" "$meissen/node.log.1"
hang_up
wait_for 10 log_says 'the settings are in order' "$meissen/node.log.1" || wrong 'the log does not go to its file'
wait_for 10 test -e "$meissen/node.log" || wrong 'the log was not opened anew'
hang_up
wait_for 10 log_says 'the settings are in order' "$meissen/node.log" || wrong 'the new log is not written to'
sed -i 's|^log-file = .*|log-file = none/of/these|' "$meissen/config"
hang_up
wait_for 10 log_says 'cannot write the log to .*none/of/these' "$meissen/node.log" || wrong 'a log that cannot be opened is not said where it went before'
cp -- "$work/config" "$meissen/config"
hang_up
node "$meissen" status >/dev/null || wrong 'it does not go on after SIGHUP'

say 'right after a start nobody is missed yet'
node_stop "$radebeul"
kill -STOP "${node_pid[$meissen]}"
node_start "$radebeul"
doctor_is "$radebeul" network unknown 'too early to say'
! node "$radebeul" status | grep -q 'no other node is linked' || wrong 'status misses links at once'
kill -CONT "${node_pid[$meissen]}"

say 'a member falls silent'
node_stop "$radebeul"
printf 'head-valid = 10s\nhead-renew = 5s\n' >>"$radebeul/config"
node_start "$radebeul"
restart_ms=$(now_ms)
renewed() {
	node_json "$meissen" ".members[] | select(.slug == \"radebeul\" and .linked and .head_ms > $restart_ms) | .slug" \
		federation members >/dev/null
}
wait_for 40 renewed || wrong "no state that is valid for ten seconds only: $(node "$meissen" --json federation members)"
node_kill "$radebeul"
alone() { node_json "$meissen" 'select(.peers.linked == 0) | .peers.known' status >/dev/null; }
wait_for 90 alone || wrong 'the link is not noticed to be gone'
node "$meissen" --json status | jq -e '.actions[] | select(.topic == "links" and .severity == "warning" and .command == "allmende doctor")' \
	>/dev/null || wrong 'no action for a missing link'
check_is 1
stale() { node "$meissen" status | grep -q '^STALE  *Stadt Radebeul: not heard from for [0-9]'; }
wait_for 60 stale || wrong "nobody is stale: $(node "$meissen" status)"
node "$meissen" status | grep -q '^OK  *1 of 2 members complete' || wrong 'a silent member is complete'
node "$meissen" --json status | jq -e '.members.troubled == [.members.troubled[0]] and .members.troubled[0].slug == "radebeul" and
	.members.troubled[0].completeness == "stale" and .members.troubled[0].head_ms > 1700000000000' >/dev/null ||
	wrong "who is stale: $(node "$meissen" --json status)"

say 'logs as JSON'
node_stop "$meissen"
# the first line is of init, before the daemon
grep '^{' "$meissen.log" >"$work/json"
[ "$(jq -c 'select(.time and .level and .event and .text)' "$work/json" | wc -l)" = "$(wc -l <"$work/json")" ] ||
	wrong 'a line is no object'
for event in ready member peer_up stop; do
	jq -es --arg event "$event" 'any(.[]; .event == $event)' "$work/json" >/dev/null || wrong "no $event in the log"
done
jq -es 'any(.[]; .event == "peer_up" and .member == "radebeul" and (.address | startswith("127.0.0.1:")))' "$work/json" \
	>/dev/null || wrong 'no member and address in the log'

say 'the seed stands on the sheet alone'
groups=$(cut -c 1-9 "$work/seed")
rm -- "$work/sheet"
if grep -rqF -- "$groups" "$meissen" "$meissen.log" "$work/init" "$work/status" "$work/doctor"; then
	wrong 'the root seed stands somewhere else, too'
fi
