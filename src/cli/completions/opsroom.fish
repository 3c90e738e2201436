# Completion of opsroom for fish.
# Load it with: opsroom completions fish | source
# or save it as ~/.config/fish/completions/opsroom.fish

function __opsroom_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in ($before[1] __complete -- $before[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end

complete -c opsroom -f -k -a '(__opsroom_complete)'
