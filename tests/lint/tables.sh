#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of the program decide: the man page and the completions must name every
# option and subcommand in them, and no other.
set -u
client=$1
# A second argument is the folder of completions that were made for that client.
completions=${2:-man/completions}
bash_file=$completions/grmon-c.bash
zsh_file=$completions/_grmon-c
fish_file=$completions/grmon-c.fish

list=$("$client" help options-list) || { echo "'$client help options-list' failed"; exit 1; }
# Lines: "option --interval", "command dump".
echo "$list" | while read -r kind word; do
	case $kind in
	option)
		name=${word#--}
		grep -qE "Fl -?-?$name( |\$|=)" man/grmon-c.1 ||
			echo "man/grmon-c.1 does not explain $word"
		grep -qF -- "$word" $bash_file || echo "$bash_file does not complete $word"
		grep -qF -- "$word" $zsh_file || echo "$zsh_file does not complete $word"
		grep -qE -- "-l '?$name'?( |\$)" $fish_file || echo "$fish_file does not complete $word"
		;;
	command)
		grep -qE "^\.(It|Ss|Cm|Nm).*\b$word\b" man/grmon-c.1 || echo "man/grmon-c.1 does not explain $word"
		for file in $bash_file $zsh_file $fish_file; do
			grep -qwF -- "$word" $file || echo "$file does not complete $word"
		done
		;;
	esac
done
# Other tables: states with their classes, sources, formats; metrics as export writes them.
for table in states sources formats; do
	"$client" help $table-list | grep -vxE 'idle|long|stuck' | while read -r word; do
		grep -qE "^\.It Cm (.* )?$word( |\$)" man/grmon-c.1 || echo "man/grmon-c.1 does not explain $word"
	done
done
grep -ohE '"grmon_[a-z_]+", "[a-z_]*", "(gauge|counter|info)"' src/out/metrics.c | tr -d '", ' |
	sed -E 's/(gauge|counter|info)$//' | sort -u | while read -r word; do
	grep -qE "^\.It Cm .*\b$word( |\$)" man/grmon-c-guide.7 || echo "man/grmon-c-guide.7 does not explain $word"
done
# The other direction: everything that the completions offer must exist.
for word in user header export; do
	echo "$list" | grep -qE "(--| )$word\$" || grep -nwE -- "--$word|-l $word|$word" $bash_file $zsh_file $fish_file |
		grep -v '^[^:]*:[0-9]*:#'
done
grep -ohE -- '--[a-z][a-z-]+' $bash_file | sort -u | while read -r word; do
	echo "$list" | grep -qxF -- "option $word" || echo "$bash_file offers $word, which does not exist"
done
