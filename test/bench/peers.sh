# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by test/bench/run beside lib.sh: the programs that rows are compared with. Each has its directories below
# `work`, keys of its own, and ends with the run.

declare -A have=() # by name: it is here
skipped=()         # what is not compared, and why

# peers_install: what is missing, when that may be; not to be had is no fault.
peers_install() {
	local had_sshd=false
	! command -v sshd >/dev/null || had_sshd=true
	(packages_ensure bench) || return 0
	# The package starts one for the whole machine, which nobody has asked for.
	"$had_sshd" || systemctl disable --now ssh >/dev/null 2>&1 || true
}

# peers_find NAME...: of restic, borg, rsync and syncthing those that are wanted.
peers_find() {
	local name
	for name in "$@"; do
		if ! command -v "$name" >/dev/null; then
			skipped+=("$name: it is not installed")
		elif [ "$name" != rsync ] || sshd_start; then
			have[$name]=true
		fi
	done
}

# -- restic ------------------------------------------------------------------------------------

export RESTIC_PASSWORD=bench RESTIC_PROGRESS_FPS=0
restic_do() {
	restic -q --no-cache -r "$work/restic" "$@"
}
restic_open() {
	rm -rf -- "$work/restic"
	restic_do init >/dev/null
}
# restic_take ROW ARGUMENT...
restic_take() {
	local row=$1
	shift
	take "$row" restic restic -q --no-cache -r "$work/restic" "$@"
}

# -- borg --------------------------------------------------------------------------------------

borg_open() {
	rm -rf -- "$work/borg"
	export BORG_BASE_DIR=$work/borg-home BORG_PASSPHRASE=bench BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
	borg init -e repokey-blake2 "$work/borg" >/dev/null 2>&1
}
borg_take() {
	take "$1" borg borg create -C zstd,1 "$work/borg::$2" "$3"
}

# -- rsync over a ssh server of our own --------------------------------------------------------

# sshd_start: on a free port of loopback, with keys of its own; sets `ssh` and `sshd_pid`.
sshd_start() {
	local port sshd
	if ! sshd=$(command -v sshd) || ! command -v ssh >/dev/null; then
		skipped+=('rsync: no ssh server is installed')
		return 1
	fi
	mkdir -p "$work/ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/user"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	for _ in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 12000))
		"$sshd" -D -e -f /dev/null -p "$port" -h "$work/ssh/host" -o ListenAddress=127.0.0.1 \
			-o AuthorizedKeysFile="$work/ssh/user.pub" -o StrictModes=no -o UsePAM=no \
			-o PidFile=none -o PermitRootLogin=yes -o PasswordAuthentication=no \
			>"$work/sshd.log" 2>&1 &
		sshd_pid=$!
		helper_pids+=("$sshd_pid")
		ssh="ssh -q -p $port -i $work/ssh/user -c aes128-gcm@openssh.com -o BatchMode=yes \
-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes"
		# shellcheck disable=SC2086
		if wait_for 5 $ssh 127.0.0.1 true; then
			return
		fi
	done
	skipped+=("rsync: no ssh server can be started: $(tail -n 1 "$work/sshd.log")")
	return 1
}

rsync_open() {
	rm -rf -- "$work/rsync"
	mkdir "$work/rsync"
}
# rsync_take ROW DIR: its files; they replace what is there.
rsync_take() {
	workers=("$sshd_pid")
	take "$1" rsync rsync -a -e "$ssh" "$2/" "127.0.0.1:$work/rsync/"
	workers=()
}

# -- syncthing ---------------------------------------------------------------------------------

syncthing_key=bench
syncthing_pids=()

# syncthing_open: two instances, one sends what is put into syncthing/send/data, the other gets it. They know each
# other's address; nothing is looked for or told outside.
syncthing_open() {
	local side ids=() port
	syncthing_home=$work/syncthing
	rm -rf -- "$syncthing_home"
	port=$((12000 + RANDOM % 8000))
	for side in send receive; do
		mkdir -p "$syncthing_home/$side/data/.stfolder"
		syncthing generate --home "$syncthing_home/$side/home" --no-default-folder >/dev/null 2>&1
		ids+=("$(syncthing --home "$syncthing_home/$side/home" --device-id)")
	done
	syncthing_config send sendonly "$port" >"$syncthing_home/send/home/config.xml"
	syncthing_config receive receiveonly $((port + 1)) >"$syncthing_home/receive/home/config.xml"
	for side in send receive; do
		STHASHING=standard STNOUPGRADE=1 syncthing serve --home "$syncthing_home/$side/home" --no-browser \
			--no-restart --gui-apikey="$syncthing_key" --gui-address="unix://$syncthing_home/$side/gui" \
			>"$syncthing_home/$side.log" 2>&1 &
		syncthing_pids+=($!)
		helper_pids+=($!)
	done
	wait_for 60 syncthing_linked || die 'two instances of syncthing' "they do not link: see $syncthing_home"
}

# syncthing_config SIDE TYPE PORT: of both devices the first listens on `port`, the second on the next.
syncthing_config() {
	cat <<XML
<configuration version="36">
  <folder id="data" path="$syncthing_home/$1/data" type="$2" rescanIntervalS="0" fsWatcherEnabled="false">
    <device id="${ids[0]}"/><device id="${ids[1]}"/>
  </folder>
  <device id="${ids[0]}" name="send"><address>tcp://127.0.0.1:$port</address></device>
  <device id="${ids[1]}" name="receive"><address>tcp://127.0.0.1:$((port + 1))</address></device>
  <gui enabled="true"><apikey>$syncthing_key</apikey></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:$3</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled>
    <startBrowser>false</startBrowser>
    <reconnectionIntervalS>1</reconnectionIntervalS>
  </options>
</configuration>
XML
}

syncthing_ask() {
	curl -sS --max-time 10 -H "X-API-Key: $syncthing_key" --unix-socket "$syncthing_home/$1/gui" "http://gui$2"
}
syncthing_linked() {
	syncthing_ask send /rest/system/connections 2>/dev/null |
		jq -e '[.connections[] | select(.connected)] | length > 0' >/dev/null 2>&1
}

# syncthing_take ROW: from the rescan of what was put into the folder until the other has it.
syncthing_take() {
	workers=("${syncthing_pids[@]}")
	take "$1" syncthing "$python" -B "$here/client.py" syncthing "$syncthing_key" "$syncthing_home"/{send,receive}/gui
	workers=()
}

syncthing_close() {
	local pid
	for pid in "${syncthing_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	syncthing_pids=()
	rm -rf -- "$syncthing_home"
}
