#!/usr/bin/env bash
# Makes the stores of schema 1, 2 and 3 by hand, as the programs of their time wrote them: their schema files applied one
# after the other, rows, and a chain of hashes that holds. Usage: make-old.sh OPSROOM SCHEMA-DIRECTORY DIRECTORY
set -euo pipefail

program=$(realpath "$1") schema=$(realpath "$2") out=$(realpath "$3")
describe=$(realpath "$(dirname "$0")/describe.sh")
cd "$(mktemp -d)"

start() { # start VERSION: an empty store of that schema in $db
    version=$1 db=v$1.db clock=1795000000000
    declare -gA seq=() hash=() fences=()
    {
        echo 'PRAGMA journal_mode = WAL; CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;'
        for one in $(seq "$version"); do
            cat "$schema/00$one.sql"
            echo "INSERT INTO schema_version VALUES ($one);"
        done
    } | sqlite3 "$db" > /dev/null
}
sql() { sqlite3 "$db" "$1"; }
quoted() { printf "'%s'" "${1//\'/\'\'}"; }
later() { clock=$((clock + $1)); }
stamp() { date -u -d "@$((clock / 1000)).$(printf %03d $((clock % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ; }
little_endian() { printf '%016x' "$1" | fold -w2 | tac | tr -d '\n'; }

# entry HOST WHO KIND OBJECT DIGEST DETAIL: appends to the chain of that host
entry() {
    local writer=$1 digest='' text before=${hash[$1]-$(printf '%064d' 0)}
    seq[$writer]=$((${seq[$writer]-0} + 1))
    [ -z "$5" ] || digest="\"plan_digest\":\"$5\","
    text="{\"seq\":${seq[$writer]},\"at\":\"$(stamp)\",\"who\":\"$2\",\"host\":\"$writer\",\"process\":4242,\"kind\":\"$3\",\"object\":\"$4\",$digest\"detail\":$6}"
    hash[$writer]=$({ printf '%s%s' "$before" "$(little_endian "$(printf %s "$text" | wc -c)")" | xxd -r -p; printf %s "$text"; } | sha256sum | cut -d' ' -f1)
    sql "INSERT INTO audit VALUES ('$writer', ${seq[$writer]}, CAST($(quoted "$text") AS BLOB), X'${hash[$writer]}')"
}

# begin HOST WHO ACTION TARGET [CHANGING [DRY-RUN]]: the intent of a run, its id in $id
begin() {
    local changing=${5-true} dry_run=${6-false} fence=0 head plan
    later 60000
    since=$(stamp) host=$1 who=$2 action=$3 target=$4
    id=$(date -u -d "@$((clock / 1000))" +%Y%m%dT%H%M%S)-$(printf '%04x' $((clock / 1000 % 65536)))
    plan="{\"action\":\"$action\",\"verb\":\"restart\",\"adapter\":\"ours\",\"service\":null,\"target\":\"$target\",\"environment\":\"staging\",\"host\":\"local\",\"directory\":\"/srv/shop\",\"steps\":[[\"echo\",\"it's\"]],\"env\":{},\"parameters\":{},\"timeout\":{\"secs\":120,\"nanos\":0},\"grace\":{\"secs\":10,\"nanos\":0},\"changing\":$changing,\"dry_run\":$dry_run}"
    digest=$({ echo 'opsroom plan 1'; printf %s "$plan"; } | sha256sum | cut -d' ' -f1)
    if [ "$changing" = true ]; then
        fence=$((${fences[$target]-0} + 1))
        fences[$target]=$fence
        sql "INSERT INTO fence VALUES ('$target', $fence) ON CONFLICT (target) DO UPDATE SET fence = $fence;
             INSERT INTO lock VALUES ('$target', '$id', $fence, '$who', '$host', '$action: too slow', $clock)"
    fi
    sql "INSERT INTO run (id, action, verb, target, who, reason, host, plan_digest, plan, changing, started_at, state, output_path)
         VALUES ('$id', '$action', 'restart', '$target', '$who', 'too slow', '$host', '$digest', $(quoted "$plan"), $changing, $clock,
         '$([ "$version" = 1 ] && echo starting || echo running)', '/home/$who/.local/state/opsroom/runs/$id')"
    head="\"action\":\"$action\",\"attempt\":1,\"directory\":\"/srv/shop\",\"dry_run\":$dry_run,\"env\":[],\"environment\":\"staging\",\"fence\":$fence"
    [ "$version" = 1 ] || head+=',"host":"local"'
    head+=',"parameters":{}'
    [ "$version" = 1 ] || head+=',"preview":{"rows":[],"warnings":[]}'
    head+=",\"reason\":\"too slow\",\"service\":null,\"steps\":[[\"echo\",\"it's\"]],\"target\":\"$target\""
    [ "$version" = 1 ] || head+=',"timeout_ms":120000'
    entry "$host" "$who" run.intent "$id" "$digest" "{$head,\"verb\":\"restart\"}"
}
put() { entry "$host" "$who" "$1" "$id" "$digest" "$2"; }
release() { sql "DELETE FROM lock WHERE id = '$id'"; }
json() { [ "$1" = NULL ] && echo null || { [[ $1 =~ ^[0-9]+$ ]] && echo "$1" || echo "\"$1\""; }; }
value() { [ "$1" = NULL ] || [[ $1 =~ ^[0-9]+$ ]] && echo "$1" || quoted "$1"; }
ended() { sql "UPDATE run SET ended_at = $clock, exit_code = $1, signal = $2, note = $(value "$3") WHERE id = '$id'"; }

# Schema 1. end1 STATE EXIT-CODE SIGNAL NOTE [VERDICT]: the steps ended; where there is something to verify, its verdict
end1() {
    later 2500
    ended "$2" "$3" "$4"
    put run.end "{\"exit_code\":$(json "$2"),\"note\":$(json "$4"),\"signal\":$(json "$3"),\"state\":\"$1\"}"
    if [ -z "${5-}" ]; then
        sql "UPDATE run SET state = '$1', end_state = '$1' WHERE id = '$id'"
        release
        return
    fi
    sql "UPDATE run SET state = 'verifying', end_state = '$1', verify_for = 60000, verify_until = $((clock + 75000)) WHERE id = '$id'"
    [ "$5" != pending ] || return 0
    later 9000
    sql "UPDATE run SET state = '$1', verdict = '$5', verify_until = NULL WHERE id = '$id'"
    release
    put run.verdict "{\"verdict\":\"$5\"}"
}

start 1
begin web-1 ada restart-api api; end1 ended 0 NULL NULL verified
begin web-1 ada restart-api api; end1 ended 0 NULL NULL not_recovered
begin web-1 ada restart-api api; end1 ended 0 NULL NULL regressed
begin web-1 ada restart-api api; end1 ended 0 NULL NULL inconclusive
begin web-1 ada restart-api api; end1 ended 7 NULL 'exited with code 7' verified
begin db-1 bo rotate mail; end1 ended 0 NULL NULL
begin db-1 bo rotate mail; end1 ended 3 NULL 'exited with code 3'
begin db-1 bo rotate mail; end1 ended NULL 9 'killed by signal 9 (KILL)'
begin db-1 bo rotate mail; end1 timed_out NULL 15 'timed out after 120 s'
begin db-1 bo rotate mail; end1 cancelled NULL 15 cancelled
begin db-1 bo rotate mail; end1 refused NULL NULL 'the supervisor could not be started'
begin db-1 bo status mail false; end1 ended 0 NULL NULL
begin db-1 bo rotate mail false true; end1 ended 0 NULL NULL
entry db-1 bo run.refused mail "$digest" '{"action":"rotate","verb":"restart","why":"cooldown: the last restart of mail was 60 s ago; wait 540 s"}'
begin web-1 ada drain worker
sql "UPDATE run SET state = 'outcome_unknown', note = 'supervisor and console died before the end was known' WHERE id = '$id'"
put run.lost '{}'
later 1000
entry web-1 ada unlock "$id" '' '{"fence":1,"holder":"ada","since":"'"$since"'","target":"worker","why":"rebooted"}'
release
begin web-1 ada drain worker
sql "UPDATE run SET state = 'outcome_unknown', note = 'supervisor and console died before the end was known' WHERE id = '$id'"
put run.lost '{}'
begin db-1 bo rebuild index-1 # starting
begin db-1 bo rebuild index-2; sql "UPDATE run SET state = 'running' WHERE id = '$id'"
begin db-1 bo rebuild index-3; sql "UPDATE run SET state = 'stopping' WHERE id = '$id'"
begin db-1 bo rebuild index-4; end1 ended 0 NULL NULL pending
begin db-1 bo rebuild index-5; end1 timed_out NULL 15 'timed out after 120 s' pending
begin db-1 bo rebuild index-6; end1 ended 1 NULL 'exited with code 1' pending
"$describe" "$program" "$PWD/$db" "$out" v1 'made by make-old.sh: every state of a run that it knew'

# Schemas 2 and 3. closed STATE CHECKS EXIT-CODE SIGNAL NOTE
closed() {
    later 2500
    ended "$3" "$4" "$5"
    if [ "$2" = NULL ]; then
        put run.end "{\"exit_code\":$(json "$3"),\"note\":$(json "$5"),\"signal\":$(json "$4"),\"state\":\"$1\"}"
    else
        put run.end "{\"exit_code\":$(json "$3"),\"note\":$(json "$5"),\"signal\":$(json "$4")}"
        later 9000
        put run.verdict "{\"checks\":\"$2\",\"note\":$(json "$5"),\"state\":\"$1\"}"
    fi
    sql "UPDATE run SET state = '$1', checks = $(value "$2") WHERE id = '$id'"
    release
}
lost() {
    later 1000
    sql "UPDATE run SET state = 'unknown', note = 'the supervisor died before its steps ended' WHERE id = '$id'"
    put run.lost '{"note":"the supervisor died before its steps ended"}'
}
verifying() {
    later 2500
    ended 0 NULL NULL
    sql "UPDATE run SET state = 'verifying' WHERE id = '$id'"
    put run.end '{"exit_code":0,"note":null,"signal":null}'
}

for schema_of in 2 3; do
    start $schema_of
    begin web-1 ada restart-api api; closed verified good 0 NULL NULL
    begin web-1 ada restart-api api; closed not_recovered bad 0 NULL 'still not healthy after 60s: api'
    begin web-1 ada restart-api api; closed failed good 7 NULL 'exited with code 7'
    begin db-1 bo rotate mail; closed ended NULL 0 NULL NULL
    begin db-1 bo rotate mail; closed timed_out NULL NULL 15 'timed out after 120 s'
    begin db-1 bo rotate mail
    [ $schema_of = 2 ] || put run.cancel '{}'
    closed cancelled NULL NULL 15 cancelled
    if [ $schema_of = 3 ]; then
        sql "UPDATE store SET id = '00112233445566778899aabbccddeeff'"
        entry web-1 ada store.accepted 00112233445566778899aabbccddeeff '' '{"doubt":"a new store in place of one that was gone","why":"a new disk"}'
    fi
    begin web-1 ada drain worker; lost
    later 1000
    entry web-1 ada unlock "$id" '' '{"against":[],"fence":1,"forced":false,"holder":"ada","since":"'"$since"'","target":"worker","why":"rebooted"}'
    release
    begin web-1 ada drain worker; lost
    put run.verify '{}'
    put run.verdict '{"checks":"good","note":null,"state":"unknown"}'
    sql "UPDATE run SET checks = 'good', note = NULL WHERE id = '$id'"
    release
    begin web-1 ada drain worker; lost
    begin db-1 bo rebuild index
    begin db-1 bo slow-start search; verifying
    "$describe" "$program" "$PWD/$db" "$out" v$schema_of 'made by make-old.sh'
done
rm -r "$PWD"
