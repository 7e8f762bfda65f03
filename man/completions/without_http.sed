# Takes the options of URLs out of the completions, for make WITH_HTTP=0: bash, zsh, fish.
s/ --user --header//g
s/ | --user | --header//
/^\t\t'--user=/d
/^\t\t'--header=/d
/ -l user /d
/ -l header /d
