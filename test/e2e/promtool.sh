#!/usr/bin/env bash
# /metrics is what `promtool check metrics` wants, of a node with a federation, a peer and data. promtool is from Debian's
# package prometheus, unpacked for this test alone and installed nowhere; where it cannot be had the test is skipped.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

find_promtool() {
	if type -P promtool; then return; fi
	mkdir -p "$work/prometheus"
	(cd "$work/prometheus" && bounded 120 apt-get -qq download prometheus && dpkg-deb -x ./*.deb .) >"$work/apt.txt" 2>&1
	ls "$work/prometheus/usr/bin/promtool"
}

if ! tool=$(find_promtool 2>/dev/null); then
	echo 'skipped: promtool is not here, and the package prometheus cannot be downloaded'
	exit 77
fi
two_nodes --no-passphrase
printf 'a,b\n1,2\n' >"$work/table.csv"
publish meissen/tabelle "$work/table.csv" --tier members >/dev/null
python3 - "$meissen" >"$work/metrics" <<'PYTHON'
import http.client, os, socket, sys
os.chdir(sys.argv[1])
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("control.sock")
connection.request("GET", "/metrics")
answer = connection.getresponse()
assert answer.status == 200 and answer.getheader("Content-Type").startswith("text/plain; version=0.0.4"), answer.status
print(answer.read().decode(), end="")
PYTHON
[ "$(grep -c '^# TYPE allmende_' "$work/metrics")" -ge 30 ] || wrong "too few metrics: $(cat "$work/metrics")"
"$tool" check metrics <"$work/metrics" >"$work/promtool" 2>&1 || wrong "promtool: $(cat "$work/promtool")"
[ ! -s "$work/promtool" ] || wrong "promtool has remarks: $(cat "$work/promtool")"
if printf 'allmende_x{ 1\n' | "$tool" check metrics >/dev/null 2>&1; then wrong 'promtool takes anything'; fi
