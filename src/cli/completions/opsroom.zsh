#compdef opsroom
# Completion of opsroom for zsh.
# Load it with: source <(opsroom completions zsh)
# or save it as _opsroom in a directory of $fpath.

_opsroom() {
    local line files
    local -a candidates
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
            continue
        fi
        local value=${line%%$'\t'*} help=
        [[ $line == *$'\t'* ]] && help=${line#*$'\t'}
        candidates+=("${value//:/\\:}${help:+:$help}")
    done < <(${~words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#candidates} )) && _describe -V opsroom candidates
    [[ -n $files ]] && _files
    return 0
}

if [[ ${funcstack[1]} == _opsroom ]]; then
    _opsroom "$@"
elif (( $+functions[compdef] )); then
    compdef _opsroom opsroom
fi
