# Completion of opsroom for bash.
# Load it with: source <(opsroom completions bash)

_opsroom() {
    local line files= current="${COMP_WORDS[COMP_CWORD]}"
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    local program="${COMP_WORDS[0]/#\~/$HOME}"
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("$program" __complete -- "${words[@]}" 2>/dev/null)
    if [[ $files ]]; then
        compopt -o filenames 2>/dev/null
        [[ $current == = ]] && current=
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -f -- "$current")
    fi
}

complete -F _opsroom opsroom
