# Takes `export` out of the completions, for make WITH_EXPORT=0. First bash, then zsh, then fish,
# and the lists of commands in all of them.
s/ | export | help/ | help/
s/ | \*:export)/)/
/^\t\texport) options=/d
s/\\nexport//g
s/ | --listen | --top-groups//
/^\t\t'export:/d
s/|export|/|/
/^\texport)$/,/;;$/d
/^\t\texport '/d
/from export'/d
s/ export\b//g
