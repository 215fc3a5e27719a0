#!/usr/bin/env bash
# /healthz and /metrics: on the control socket and on the port of `http`, where nothing of the control interface is
# answered and nobody takes a connection away from others. promtool.sh looks at the format.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
grep -qx "http = 127.0.0.1:$port" "$meissen/config" || wrong 'init --http is not in the config'
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
node_join "$radebeul" "$(node_invite "$meissen" radebeul)" --dial-only --no-passphrase || wrong 'Radebeul did not join'
[ "$(node_json "$meissen" .node.http status)" = "127.0.0.1:$port" ] || wrong 'status does not name the port'

# asked STATUS METHOD PATH [FILE [SOCKET]]: over the port, or over a Unix socket; FILE is sent along, - is none. The answer's
# body is in $work/body.
asked() {
	local status
	status=$(http "${@:2}") || true
	[ "$status" = "$1" ] || wrong "${*:2} is answered with $status instead of $1: $(cat "$work/body")"
}
http() {
	bounded 20 python3 - "$port" "$work/body" "$@" <<'PYTHON'
import http.client, socket, sys
port, out, method, path = sys.argv[1:5]
file = sys.argv[5] if len(sys.argv) > 5 else "-"
unix = sys.argv[6] if len(sys.argv) > 6 else ""
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=15)
if unix:
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(unix)
try:
    connection.request(method, path, None if file == "-" else open(file, "rb").read())
except (BrokenPipeError, ConnectionResetError):
    pass  # it answered before it had read all
answer = connection.getresponse()
with open(out, "wb") as body:
    body.write(answer.read())
print(answer.status)
PYTHON
}
# value NAME: of one line of the body
value() {
	awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$work/body" || wrong "there is no $1"
}

say 'who may ask for what'
for socket in '' "$meissen/control.sock"; do
	asked 200 GET /healthz - "$socket"
	[ "$(cat "$work/body")" = ok ] || wrong "healthz says $(cat "$work/body")"
	asked 200 GET /metrics - "$socket"
	value 'allmende_members{state="complete"}' >/dev/null
done
for path in /status /peers /datasets /verify /metrics/ /healthz/x '/file?path=meissen/a' /uploads /doctor; do
	asked 404 GET "$path"
done
printf '{"name": "x"}' >"$work/json"
asked 404 POST /verify "$work/json"
asked 404 POST /federation "$work/json"
asked 404 PUT /uploads/1/files/x "$work/json"
asked 404 DELETE /metrics
asked 404 POST /metrics "$work/json"

say 'numbers that are true'
printf 'a,b\n1,2\n' >"$work/table.csv"
publish meissen/tabelle "$work/table.csv" --tier members >/dev/null
head -c 300000 /dev/urandom >"$work/block"
publish meissen/block "$work/block" --tier members >/dev/null
node "$radebeul" subscribe 'meissen/**' >/dev/null
held() { [ "$(node_json "$radebeul" .datasets.held status)" = 2 ]; }
wait_for 30 held || wrong 'Radebeul does not hold it'
two_copies() { node "$meissen" status | grep -q '^OK  *2 of 2 members complete; two copies or more of all own data are proved$'; }
wait_for 20 two_copies || wrong "copies are not counted: $(node "$meissen" status)"
# the text is made at most every two seconds
fresh() {
	asked 200 GET /metrics
	[ "$(value allmende_datasets_own)" = 2 ] && [ "$(value allmende_datasets_own_single)" = 0 ] &&
		[ "$(value allmende_chunks_sent_total)" -ge 2 ]
}
wait_for 20 fresh || wrong "the numbers do not follow: $(cat "$work/body")"
{ [ "$(value allmende_datasets)" = 2 ] && [ "$(value allmende_datasets_held)" = 2 ]; } || wrong 'datasets are counted wrongly'
[ "$(value allmende_publications_waiting_total)" = 0 ] || wrong "nothing waits for a key, and it says $(value allmende_publications_waiting_total)"
entries=$(node_json "$meissen" '.entries | length' audit)
{ [ "$(value allmende_audit_log_entries)" -ge 4 ] && [ "$(value allmende_audit_log_entries)" -le "$entries" ]; } ||
	wrong "the audit log has $entries entries, and $(value allmende_audit_log_entries) are counted"
[ "$(value allmende_audit_log_bytes)" -ge "$(value allmende_audit_log_entries)" ] || wrong 'the bytes of the audit log are not counted'
[ "$(value allmende_charter_number)" = 2 ] || wrong "charter number $(value allmende_charter_number)"
[ "$(value allmende_peers_linked)" = 1 ] || wrong 'the link is not counted'
[ "$(value 'allmende_members{state="complete"}')" = 2 ] || wrong 'members are counted wrongly'
[ "$(value allmende_sent_bytes_total)" -gt 300000 ] || wrong "too few bytes: $(value allmende_sent_bytes_total)"
{ [ "$(value allmende_messages_sent_total)" -gt 2 ] && [ "$(value allmende_messages_received_total)" -gt 2 ]; } ||
	wrong 'messages are not counted'
[ "$(value allmende_commit_duration_seconds_count)" -gt 5 ] || wrong 'turns are not counted'
[ "$(value 'allmende_commit_duration_seconds_bucket{le="+Inf"}')" = "$(value allmende_commit_duration_seconds_count)" ] ||
	wrong 'the histogram does not add up'
[ "$(value 'allmende_actions{severity="info"}')" -ge 1 ] || wrong 'actions are not counted'
if grep -qiE 'meißen|meissen|radebeul|tabelle' "$work/body"; then wrong 'there are names in the metrics'; fi

say 'who only looks makes no turn'
commits=$(value allmende_commit_duration_seconds_count) asked_before=$(value allmende_queries_total)
for _ in {1..40}; do node "$meissen" ls >/dev/null; done
looked() { asked 200 GET /metrics && [ "$(value allmende_queries_total)" -ge $((asked_before + 40)) ]; }
wait_for 20 looked || wrong "queries are not counted: $(value allmende_queries_total)"
# a linked node has a turn of its own now and then
[ "$(value allmende_commit_duration_seconds_count)" -lt $((commits + 20)) ] || wrong 'a query costs a commit'

say 'the list in docs/METRICS.md'
awk '/^# HELP / { name = $3; $1 = $2 = $3 = ""; help[name] = substr($0, 4) }
	/^# TYPE / { printf "| `%s` | %s | %s |\n", $3, $4, help[$3] }' "$work/body" | sort >"$work/served"
grep '^| `allmende_' "$root/docs/METRICS.md" | sort >"$work/documented"
[ "$(wc -l <"$work/served")" -ge 30 ] || wrong "too few metrics: $(cat "$work/served")"
diff "$work/documented" "$work/served" >"$work/diff" || wrong "docs/METRICS.md (<) and the node (>) differ: $(cat "$work/diff")"

say 'nobody takes the port away'
# more connections than are allowed to one address, which send nothing
python3 - "$port" <<'PYTHON' &
import socket, sys, time
held = []
for _ in range(900):
    try:
        held.append(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1))
    except OSError:
        pass
time.sleep(600)
PYTHON
helper_pids+=($!)
sleep 1
asked 200 GET /healthz - "$meissen/control.sock"
node "$meissen" status >/dev/null || wrong 'the command line is shut out'
# Only root looks into a daemon that holds keys.
descriptors=$(find "/proc/${node_pid[$meissen]}/fd" 2>/dev/null | wc -l) || true
[ "$descriptors" -lt 600 ] || wrong "$descriptors descriptors are open"
# an idle connection is closed after a while, so that others come in
returns() { [ "$(http GET /healthz 2>/dev/null)" = 200 ]; }
kill "${helper_pids[-1]}"
wait_for 40 returns || wrong 'the port is not answered any more'

say 'a stop is clean while somebody asks'
asking=()
for _ in 1 2 3 4 5 6; do
	http GET /metrics >/dev/null 2>&1 &
	asking+=($!)
done
node_stop "$meissen"
wait "${asking[@]}" || true
