#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Data flows one way: prints each #include that breaks the rule. A folder stands for its
# own files, not for those of folders inside it; a file may be named alone.
function folder_of(path) {
	sub(/\/[^\/]*$/, "", path)
	return path
}

BEGIN {
	may["wire"] = " wire "
	may["base"] = " base "
	may["agent"] = " agent wire public "
	may["core"] = " core base "
	may["rec"] = " rec base core "
	may["source/proc"] = " base core source/proc "
	may["source/kernel"] = may["source/proc"] "source/kernel "
	may["source/elf"] = " base core source/proc source/elf "
	may["source/symbols"] = may["source/kernel"] "source/elf source/symbols "
	may["source/resource"] = may["source/kernel"] "source/resource "
	may["source/peers"] = may["source/kernel"] "source/peers "
	may["source/java"] = may["source/symbols"] "source/java "
	may["source/python"] = may["source/kernel"] "source/python "
	may["source/python/locals"] = may["source/python"] "source/python/locals "
	may["source/thread"] = may["source/java"] "source/python source/python/locals source/resource source/thread "
	may["source/agent"] = may["source/thread"] "source/agent source/source.h wire "
	may["source/go"] = may["source/thread"] "source/go source/source.h wire "
	may["source/go/proof"] = may["source/go"] "source/go/proof "
	may["source/go/type"] = may["source/go"] "source/go/type "
	may["source/go/locals"] = may["source/go/type"] "source/go/locals "
	may["source/go/holds"] = may["source/go/proof"] "source/go/type source/go/locals source/go/holds "
	may["source/pprof"] = " base core source/go/words.h source/pprof source/source.h "
	may["source/child"] = " base core source/proc source/child "
	may["source"] = may["source/go/holds"] "source source/agent source/pprof source/peers rec "
	may["session"] = " session base core rec source source/agent/agent.h source/peers/holders.h out "
	may["out"] = " out base core "
	may["tui"] = " tui base core "
	may["cli"] = " cli session base core rec source source/proc/process.h source/child source/agent out tui wire public "
	may["examples"] = " public "
	may["include"] = " public "
}
FNR == 1 {
	split(FILENAME, part, "/")
	folder = part[1] == "include" ? "include" : folder_of(substr(FILENAME, 5))
	# The folder that a rule names as a whole.
	whole = part[1] == "include" ? "include" : part[2]
	if (!(folder in may))
		print FILENAME ": folder " folder " has no rule in tests/lint/layers.awk"
}
/^#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	if (target ~ /^grmon(_chan)?\.h$/)
		used = "public"
	else if (target ~ /\//)
		used = folder_of(target)
	else {
		print FILENAME ":" FNR ": written as \"folder/file.h\": " target
		next
	}
	if (index(may[folder], " " used " ") == 0 && index(may[folder], " " target " ") == 0)
		print FILENAME ":" FNR ": " folder " may not include " target
}
/^#[ \t]*include[ \t]*<(n?cursesw?|term|panel)(\/[a-z]+)?\.h>/ && whole != "tui" {
	print FILENAME ":" FNR ": curses belongs to tui"
}
/^#[ \t]*include[ \t]*<(elfutils\/|sys\/ptrace|libelf|gelf|dwarf)/ && whole != "source" {
	print FILENAME ":" FNR ": elfutils and ptrace belong to source"
}
# A target is read through source/proc alone, so that it does not have to be a live
# process. Files of our own process may be named; the agent and the examples run inside
# the process that they read.
function reports_target(what) {
	print FILENAME ":" FNR ": only src/source/proc " what
}
whole != "agent" && whole != "examples" && folder != "source/proc" && !/^[ \t]*\/?\*/ {
	text = $0
	gsub(/"\/proc\/(self|thread-self)[\/"]/, "", text)
	if (text ~ /"\/?proc["\/]|\/proc\/%|^[^"]*"[^" ]*proc\/%/)
		reports_target("names a file of a target")
	# Only fdio_read_small() itself reads relative to a directory.
	if (text ~ /(openat|readlinkat|fstatat|statx|faccessat|fdio_read_small)[ \t]*\(/ &&
	    text !~ /\((AT_FDCWD|const )/ && FILENAME !~ /^src\/base\/fdio\./)
		reports_target("opens files relative to a directory")
	if (text ~ /process(_vm_readv[ \t]*\(|[.>-]+(dir|tasks)[^a-z_])|pidfd_getfd/)
		reports_target("knows what a target is made of")
}
