#!/usr/bin/env bash
# Writes a store as DIRECTORY/NAME.sql, and as DIRECTORY/NAME.json what OPSROOM says of it, restored, on a host that has never
# seen it. Usage: describe.sh OPSROOM STORE DIRECTORY NAME TEXT
set -euo pipefail

program=$1 db=$2 out=$3 name=$4
[ "$(hostname)" = elsewhere ] || exec unshare --uts sh -c 'hostname elsewhere; exec "$0" "$@"' "$0" "$@"

# Rows in the order in which they were written; bytes that are text as text.
rows() { # rows TABLE COLUMN…
    local table=$1 column list=''
    shift
    for column; do
        case $column in
            entry) list+="${list:+ || ', ' || }'CAST(' || quote(CAST(entry AS TEXT)) || ' AS BLOB)'" ;;
            *) list+="${list:+ || ', ' || }quote($column)" ;;
        esac
    done
    sqlite3 "$db" "SELECT 'INSERT INTO $table VALUES (' || $list || ');' FROM $table ORDER BY rowid"
}
{
    echo "-- A store of schema ${name#v}, $5."
    echo "-- What a program of schema 4 said of it, and of every entry, is in $name.json."
    echo "PRAGMA application_id = $(sqlite3 "$db" 'PRAGMA application_id');"
    echo "BEGIN;"
    sqlite3 "$db" "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type <> 'table', rowid"
    for table in $(sqlite3 "$db" "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"); do
        rows "$table" $(sqlite3 "$db" "SELECT name FROM pragma_table_info('$table')")
    done
    echo "COMMIT;"
} > "$out/$name.sql"

at=$(mktemp -d)
sqlite3 "$at/restored.db" < "$out/$name.sql"
opsroom() { env -i PATH=/usr/bin:/bin HOME="$at" USER=eve "$program" --store "$at/restored.db" "$@"; }
cd "$at"
opsroom audit export > export
opsroom runs --json > runs
opsroom runs > list
opsroom audit verify > verified
{
    echo '{'
    jq -nr --rawfile text verified '"\"audit_verify\": \($text | tojson),"'
    jq -nr --rawfile text list '"\"runs_text\": \($text | tojson),"'
    jq -r '"\"runs_json\": [\n\(map(tojson) | join(",\n"))],"' runs
    jq -rs '"\"audit_export\": [\n\(map(tojson) | join(",\n"))]"' export
    echo '}'
} > "$out/$name.json"
rm -r "$at"
