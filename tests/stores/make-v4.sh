#!/usr/bin/env bash
# Makes v4.sql, v4.json, and v4.head.json (what a state directory keeps of the store), by the commands of a program whose store is of schema 4.
# Usage, as root on Linux (it gives itself a host name, /srv and /home of its own): make-v4.sh OPSROOM DIRECTORY
# It takes two minutes and needs jq and sqlite3. Ids and times differ from one making to the next; nothing else should.
set -euo pipefail

if [ "${1-}" != inside ]; then
    exec unshare --mount --uts --pid --fork --mount-proc "$(realpath "$0")" inside "$(realpath "$1")" "$(realpath "$2")"
fi
program=$2 out=$3
mount -t tmpfs none /srv
mount -t tmpfs none /home
mkdir -p -m 700 /srv/shop /srv/opsroom /home/ada /home/bo
cd /srv/shop
db=/srv/opsroom/opsroom.db

cat > opsroom.toml <<'TOML'
[console]
name        = "shop"
environment = "staging"

[service.api]
[service.worker]

[check.api]
service = "api"
command = ["sh", "-c", "test -e api-up || exit 2"]
every   = "1s"
timeout = "900ms"

[check.db]
command = ["sh", "-c", "test ! -e db-down || exit 2"]
every   = "1s"
timeout = "900ms"

[check.mute]
command = ["sh", "-c", "sleep 20"]
every   = "10s"
timeout = "3s"

[adapter.ours]
env      = { RELEASE = "7" }
restart  = { steps = [["sh", "-c", "echo restarting; touch \"$1-up\"", "sh", "{target}"]], dry_run = [["echo", "would restart", "{target}"]] }
touch    = { steps = [["touch", "{file}"]] }
fail     = { steps = [["sh", "-c", "echo \"can't reach it\" >&2; exit 7"]] }
missing  = { steps = [["no-such-program", "restart"]] }
wait     = { steps = [["sh", "-c", "echo working; while ! test -e \"go-$1\"; do sleep 0.1; done", "sh", "{target}"]] }
die      = { steps = [["sh", "-c", "kill -9 $$"]] }
rollback = { choices = { version = ["printf", "v2\\nv1\\n"] }, steps = [["echo", "back", "to", "{version}"]] }
status   = { steps = [["echo", "fine — tout va bien ✓"]] }

[action.restart-api]
service = "api"
adapter = "ours"
do      = "restart"
verify  = { checks = ["api"], within = "8s", good = 2 }

[action.warm-cache]
service = "api"
adapter = "ours"
do      = "touch"
target  = "cache"
set     = { file = "nothing" }
verify  = { checks = ["api"], within = "2s" }

[action.slow-cache]
service = "api"
adapter = "ours"
do      = "touch"
target  = "cache"
set     = { file = "nothing" }
verify  = { checks = ["api"], within = "30s" }

[action.vacuum-db]
adapter = "ours"
do      = "touch"
target  = "db"
set     = { file = "db-down" }
verify  = { checks = ["api"], within = "5s" }

[action.ask-the-mute]
adapter = "ours"
do      = "touch"
target  = "mute"
set     = { file = "nothing" }
verify  = { checks = ["mute"], within = "2s" }

[action.fail]
adapter  = "ours"
do       = "fail"
target   = "mail"
cooldown = "10m"
at_most  = "3 per 1h"

[action.missing]
adapter = "ours"
do      = "missing"
target  = "mail"

[action.drain]
service = "worker"
adapter = "ours"
do      = "wait"
target  = "worker"

[action.rebuild]
adapter = "ours"
do      = "wait"
target  = "index"

[action.rebuild-and-verify]
adapter = "ours"
do      = "wait"
target  = "index"
verify  = { checks = ["api"], within = "8s" }

[action.too-slow]
adapter = "ours"
do      = "wait"
target  = "report"
timeout = "1s"
grace   = "1s"

[action.die]
adapter = "ours"
do      = "die"
target  = "report"

[action.rollback-api]
service = "api"
adapter = "ours"
do      = "rollback"
target  = "api"
confirm = "type-name"

[action.slow-start]
adapter = "ours"
do      = "touch"
target  = "search"
set     = { file = "nothing" }
verify  = { checks = ["never"], within = "10m" }

[check.never]
command = ["false"]
every   = "1s"
timeout = "900ms"

[action.status]
adapter = "ours"
do      = "status"
target  = "api"
TOML

as() { # as NAME [ENVIRONMENT…] -- ARGUMENTS…
    local name=$1 environment=()
    shift
    while [ "$1" != -- ]; do environment+=("$1"); shift; done
    shift
    ${by-} env -i PATH=/usr/bin:/bin HOME="/home/$name" USER="$name" "${environment[@]}" "$program" --store "$db" "$@"
}
ada() { as ada -- "$@"; }
bo() { as bo SSH_CONNECTION="192.0.2.7 50122 192.0.2.1 22" -- "$@"; }
expect() { # expect CODE COMMAND…
    local code=0 due=$1
    shift
    "$@" || code=$?
    [ "$code" = "$due" ] || { echo "exit $code instead of $due: $*" >&2; exit 1; }
}
wait_for() { for _ in $(seq 200); do "$@" && return; sleep 0.05; done; echo "waited in vain: $*" >&2; exit 1; }

hostname web-1
expect 0 ada run status
expect 0 ada run restart-api --dry-run
expect 0 ada run restart-api --yes --reason "it hangs; it's the third time \"today\""
expect 0 ada run rollback-api --yes=api --set version=v1
rm api-up
expect 1 ada run warm-cache --yes
touch api-up
expect 2 ada run vacuum-db --yes --reason 'Größe prüfen'
expect 1 ada run ask-the-mute --yes
expect 2 ada run fail --yes
expect 2 ada run fail --yes # refused: cooldown
expect 2 ada run missing --yes
expect 2 ada run too-slow --yes
expect 2 ada run die --yes

# Refused after its intent was written: the disk is full.
runs=/home/ada/.local/state/opsroom/runs
mount -t tmpfs -o size=4k,mode=700 none $runs
head -c 4096 /dev/zero > $runs/full
expect 2 ada run die --yes
umount $runs

# Cancelled by Ctrl-C, twice.
(by=exec; ada run rebuild --yes) & job=$!
sleep 1.5; kill -INT $job; sleep 0.5; kill -INT $job
expect 2 wait $job

# lose ACTION TARGET: starts it and kills its supervisor, as a system without memory would; leaves its id in $lost.
lose() {
    rm -f "go-$2"
    ada run "$1" --yes --detach > id
    lost=$(cat id)
    local started=/home/ada/.local/state/opsroom/runs/$lost/started.json
    wait_for test -s "$started"
    sleep 0.5
    kill -9 "$(jq .pid "$started")"
    touch "go-$2" # so that nothing of it stays
    sleep 0.5
    expect 3 ada runs "$lost"
}
lose rebuild index
expect 0 ada unlock "$lost" --why 'the host was rebooted'
lose rebuild-and-verify index
expect 3 ada runs "$lost" --verify # the checks are good, how its steps ended is still unknown
rm api-up
lose slow-cache cache # while it was verified
touch api-up
expect 0 ada runs "$lost" --verify
lose drain worker
expect 2 ada run drain --yes # refused: locked

# The store is restored from a copy, and accepted.
cp "$db" copy.db
expect 0 ada run status
rm -f "$db"-wal "$db"-shm; cat copy.db > "$db"
expect 1 ada audit verify
expect 0 ada audit verify --accept --why "restored from last night's copy"

# Another person on another host, with a state directory of their own. Two of their runs are open when the store is read.
hostname db-1
expect 0 bo run restart-api --yes --reason 'after the failover'
expect 0 bo run restart-api --dry-run
expect 0 bo run slow-start --yes --detach
rm -f go-index
expect 0 bo run rebuild --yes --detach
sleep 2

jq -S . /home/ada/.local/state/opsroom/heads/*.json > "$out/v4.head.json"
"$(dirname "$0")/describe.sh" "$program" "$db" "$out" v4 "made by make-v4.sh: two writers, one with two open runs"
