/* SPDX-License-Identifier: MIT */
/*
 * service refuse|kill COMMAND…: starts a command as a manager of services fences one in: no
 * new rights, low limits, and a filter that refuses (or ends the process for) what programs
 * of this kind do not do: memfds, seals, memory that fork wipes, high copies of descriptors,
 * memory that is both written and executed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)                                                                      \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define END(action)  BPF_STMT(BPF_RET | BPF_K, action)
/* A call by its number alone. */
#define CALL(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), END(action)
/* A call, its word (from 0) and the value that it must not have. */
#define WORD(number, word, value)                                                        \
	LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3), LOAD(args[word]),   \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), END(action)
#define AT_LEAST(number, word, value)                                                    \
	LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3), LOAD(args[word]),   \
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, 1), END(action)

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	unsigned action = strcmp(argv[1], "kill") == 0 ? SECCOMP_RET_KILL_PROCESS
						       : SECCOMP_RET_ERRNO | EPERM;
	struct sock_filter code[] = {
		LOAD(nr),
		CALL(SYS_memfd_create),
		CALL(SYS_userfaultfd),
		CALL(SYS_ptrace),
		CALL(SYS_process_vm_readv),
		CALL(SYS_socketpair),
		CALL(SYS_ftruncate),
		WORD(SYS_fcntl, 1, F_ADD_SEALS),
		AT_LEAST(SYS_madvise, 1, 1u << 30),
		WORD(SYS_madvise, 2, 18), /* MADV_WIPEONFORK */
		WORD(SYS_madvise, 2, MADV_DONTDUMP),
		WORD(SYS_madvise, 2, MADV_NOHUGEPAGE),
		WORD(SYS_mmap, 2, PROT_READ | PROT_WRITE | PROT_EXEC),
		END(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	struct rlimit none = {0, 0}, files = {64, 64};

	setrlimit(RLIMIT_MEMLOCK, &none);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("service");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
