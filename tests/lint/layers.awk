#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Data flows one way: says which #include of FILE breaks the rule.
BEGIN {
	may["wire"] = " wire "
	may["base"] = " base "
	may["agent"] = " agent wire public "
	may["core"] = " core base "
	may["rec"] = " rec base core "
	may["source"] = " source base core rec wire "
	may["out"] = " out base core "
	may["tui"] = " tui base core "
	may["cli"] = " cli base core rec source out tui wire public "
	may["examples"] = " public "
	may["include"] = " public "
}
FNR == 1 {
	split(FILENAME, part, "/")
	folder = part[1] == "include" ? "include" : part[2]
	if (!(folder in may))
		print FILENAME ": folder " folder " has no rule in tests/lint/layers.awk"
}
/^#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	if (target ~ /^grmon(_chan)?\.h$/)
		used = "public"
	else if (target ~ /\//)
		used = substr(target, 1, index(target, "/") - 1)
	else {
		print FILENAME ":" FNR ": written as \"folder/file.h\": " target
		next
	}
	if (index(may[folder], " " used " ") == 0)
		print FILENAME ":" FNR ": " folder " may not include " target
}
/^#[ \t]*include[ \t]*<(n?cursesw?|term|panel)(\/[a-z]+)?\.h>/ && folder != "tui" {
	print FILENAME ":" FNR ": curses belongs to tui"
}
/^#[ \t]*include[ \t]*<(elfutils\/|sys\/ptrace|libelf|gelf|dwarf)/ && folder != "source" {
	print FILENAME ":" FNR ": elfutils and ptrace belong to source"
}
/process_vm_readv[ \t]*\(/ && !/^[ \t]*\/?\*/ && folder != "source" && folder != "agent" {
	print FILENAME ":" FNR ": process_vm_readv belongs to source"
}
