# grmon-c. `make help` lists the targets; everything that is built goes to $(BUILD).

# The name and the version of everything are set in include/grmon.h alone.
IDENTITY := $(shell sed -n 's/^\#define GRMON_\(TOOL\|VERSION_[A-Z]*\)  *"*\([^"]*\)"*$$/\2/p' include/grmon.h)
NAME      := $(word 1,$(IDENTITY))
SOVERSION := $(word 2,$(IDENTITY))
VERSION   := $(SOVERSION).$(word 3,$(IDENTITY)).$(word 4,$(IDENTITY))

BUILD  ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
# make takes a name with a space for several.
one_word = $(if $(filter 1,$(words $($(1)))),,$(error $(1) is '$($(1))': it must be one folder, without a space in its name))
$(foreach name,CURDIR BUILD,$(call one_word,$(name)))
ifneq ($(filter $(abspath $(BUILD))/%,$(CURDIR)/),)
$(error BUILD is '$(BUILD)': it must not be the folder of the source, nor one above it)
endif
# One folder has one name here: what the compiler writes about headers names objects by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
COVERAGE_BUILD := build-coverage
# COVERAGE_TESTS=check-units is quicker.
COVERAGE_TESTS ?= check-all
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
UNITDIR ?= $(PREFIX)/lib/systemd/system
ZSHDIR ?= $(DATADIR)/zsh/site-functions
$(foreach name,PREFIX BINDIR LIBDIR INCDIR MANDIR DATADIR UNITDIR ZSHDIR $(if $(DESTDIR),DESTDIR),$(call one_word,$(name)))
INSTALL ?= install
PKG_CONFIG ?= pkg-config
PROVE ?= prove
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Tests wait most of their time.
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))
comma := ,
# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@))

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wformat=2 -Wno-unused-parameter
# A sanitizer's checks make gcc warn of paths that are not there.
ifneq ($(if $(SAN),,$(CI)$(WERROR)),)
WARNINGS += -Werror
endif
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	$(if $(findstring thread,$(SAN)),-Wno-unknown-warning-option -Wno-tsan)) \
	$(if $(COVERAGE),--coverage -fprofile-update=atomic)
PLAIN_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -MMD -MP -Iinclude -Isrc
BASE_CFLAGS := $(PLAIN_CFLAGS) $(SANFLAGS)

# $(call needs,agent|client|tests): ends make, in one line, where something is missing to build
# that. Looks once, and only when something is built.
missing = $(shell CC='$(CC)' CXX='$(CXX)' CPPFLAGS='$(CPPFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' \
	WITH_HTTP='$(WITH_HTTP)' WITH_EXPORT='$(WITH_EXPORT)' PROCPS='$(PROCPS)' PROVE='$(PROVE)' \
	tests/needs.sh $(1))
needs = $(if $(needs_$(1)),,$(eval needs_$(1) := $(or $(call missing,$(1)),nothing)))$(if \
	$(filter-out nothing,$(needs_$(1))),$(error $(needs_$(1))))

# 0 builds without: libcurl, and so without URLs; libmicrohttpd, and so without export.
WITH_HTTP ?= 1
WITH_EXPORT ?= 1
# libproc2, or the libprocps of Ubuntu 22.04 and Debian 11.
PROCPS ?= $(shell for name in libproc2 libprocps; do $(PKG_CONFIG) --exists $$name && echo $$name && break; done 2>/dev/null)
override PROCPS := $(or $(PROCPS),libproc2)
ifeq ($(filter libproc2 libprocps,$(PROCPS)),)
$(error PROCPS is '$(PROCPS)': it must be libproc2 or libprocps)
endif
without_http := $(filter 0,$(WITH_HTTP))
without_export := $(filter 0,$(WITH_EXPORT))
LEFT_OUT := src/source/process_scan_$(if $(filter libprocps,$(PROCPS)),proc2,procps).c \
	src/source/pprof/$(if $(without_http),http,http_none).c \
	$(if $(without_http),tests/unit/source/pprof/test_http.c) \
	$(if $(without_export),$(wildcard src/cli/export*.c) tests/unit/cli/test_export.c src/examples/leaky-server.c) \
	$(if $(filter libprocps,$(PROCPS)),tests/bench/scan.c)

CLIENT_PKGS := ncursesw jansson $(PROCPS) libdw $(if $(without_http),,libcurl) zlib \
	$(if $(without_export),,libmicrohttpd)
# Looked up only when something is built, so that `make deps` works on a bare machine.
CLIENT_CFLAGS = $(BASE_CFLAGS) -DGRMON_LIBDIR='"$(LIBDIR)"' $(if $(without_http),-DGRMON_WITH_HTTP=0) \
	$(if $(without_export),-DGRMON_WITH_EXPORT=0) $(shell $(PKG_CONFIG) --cflags $(CLIENT_PKGS))
CLIENT_LIBS = $(shell $(PKG_CONFIG) --libs $(CLIENT_PKGS)) -liberty -pthread -lm
# Its entries in assembly name functions and data of C, which link-time optimisation moves.
AGENT_NO_LTO = $(if $(findstring -flto,$(CFLAGS) $(CPPFLAGS)),-fno-lto)
# The agent lives in somebody else's process: libc alone, its own symbols hidden,
# unwinding through its frames on cancellation.
AGENT_CFLAGS := $(PLAIN_CFLAGS) -fPIC -fvisibility=hidden -fexceptions \
	-ftls-model=initial-exec -fno-plt
AGENT_MAPS := src/agent/libgrmon.map
# Where glibc has two functions under one name, see src/agent/version.c.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter-out %musl %x32 %gnux32,$(filter x86_64-%linux-gnu x86_64-%linux,$(MACHINE))),)
AGENT_MAPS += src/agent/x86_64.map
endif
AGENT_LDFLAGS := -shared $(AGENT_MAPS:%=-Wl,--version-script=%) -Wl,-soname,libgrmon.so.$(SOVERSION) -Wl,-z,nodelete -Wl,-z,now \
	-Wl,-z,relro -Wl,--no-undefined -Wl,-z,noseparate-code

# Files of a folder and of those inside it.
files = $(filter-out $(LEFT_OUT),$(wildcard $(1)/*$(2) $(1)/*/*$(2) $(1)/*/*/*$(2) $(1)/*/*/*/*$(2)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call files,$(1),.c))
AGENT_OBJECTS  := $(patsubst %.c,$(BUILD)/pic/%.o,$(wildcard src/agent/*.c src/wire/*.c))
CLIENT_FOLDERS := base wire core source rec out session tui
CLIENT_OBJECTS := $(foreach folder,$(CLIENT_FOLDERS),$(call objects,src/$(folder)))
CLI_OBJECTS    := $(call objects,src/cli)

CHOICE := $(BUILD)/choice
CHOSEN := $(PROCPS) $(if $(without_http),no) libcurl $(if $(without_export),no) libmicrohttpd
ifneq ($(strip $(CHOSEN)),$(strip $(shell cat $(CHOICE) 2>/dev/null)))
.PHONY: $(CHOICE)
endif
# Folders that are written into what is built.
PATHS  := $(BUILD)/paths
FOLDERS := $(PREFIX) $(LIBDIR) $(INCDIR)
ifneq ($(FOLDERS),$(shell cat $(PATHS) 2>/dev/null))
.PHONY: $(PATHS)
endif
CLIENT   := $(BUILD)/$(NAME)
LIB_SO   := $(BUILD)/libgrmon.so.$(VERSION)
LIB_A    := $(BUILD)/libgrmon.a
# What tests/fault is linked with. With SAN= or COVERAGE= it is a second agent, which has that;
# the one of the programs that are watched, linked or preloaded, has neither.
LINK_DIR := $(BUILD)$(if $(SAN)$(COVERAGE),/sanitized)
LINK_SO  := $(LINK_DIR)/libgrmon.so
LINK_RPATH := $(if $(SAN)$(COVERAGE),/sanitized)
CLIENT_A := $(BUILD)/libclient.a

EXAMPLES := $(patsubst src/examples/%.c,$(BUILD)/examples/%,$(filter-out $(LEFT_OUT),$(wildcard src/examples/*.c)))
# tests/unit: client code under cmocka. tests/fault: programs with the agent linked in.
# tests/targets: programs to be watched, without the agent.
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%.t,$(call files,tests/unit,.c))
# Computation by one thread alone, which cannot race, and takes minutes there.
NO_TSAN := $(addprefix tests/unit/core/,test_growth.c test_leak.c test_mark.c test_periods.c test_verdict.c)
UNIT_TESTS := $(if $(findstring thread,$(SAN)),$(filter-out $(NO_TSAN:%.c=$(BUILD)/%.t),$(UNIT_TESTS)),$(UNIT_TESTS))
FAULT_TESTS := $(patsubst %.c,$(BUILD)/%.t,$(wildcard tests/fault/*.c))
TARGETS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/targets/*.c)) \
	$(patsubst %.cc,$(BUILD)/%,$(wildcard tests/targets/*.cc))
# Those that need no library beside libc.
QUICK_TARGETS = $(filter $(patsubst %,$(BUILD)/%,$(basename $(shell grep -L '^// build:.*pkg-config' tests/targets/*.c tests/targets/*.cc))),$(TARGETS))
# Draws the view without tmux, for tests/tui.
RENDERER := $(BUILD)/tests/tui/render
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(filter-out $(LEFT_OUT),$(wildcard tests/bench/*.c)))
# The longest first: the short ones fill what is left at the end.
SLOW := $(addprefix tests/e2e/,redis.t deadlock.t verdicts.t near_miss.t) tests/tui/groups.t
SCRIPTS := $(SLOW) $(filter-out $(SLOW),$(wildcard tests/e2e/*.t tests/tui/*.t tests/fault/*.t))
# Those that watch programs of tests/targets alone.
QUICK := $(addprefix tests/e2e/,agent_waits.t check_ends.t check_rules.t cli_config.t cli_dump.t \
	cli_errors.t cli_help.t cli_run.t cli_view.t native_callers.t native_locks.t native_shared.t \
	native_waits.t record.t resources.t text_dumps.t) \
	$(addprefix tests/tui/,detail.t processes.t replay.t resources.t sizes.t stuck.t table.t \
	target.t terminal.t waits.t) tests/fault/wrap_results.t

.DEFAULT_GOAL := all
.PHONY: all agent client examples demo screens check check-all check-quick check-units tests coverage lint bench bench-counts campaign fuzz monkey \
	fuzz-campaign verdicts install uninstall deps dist deb packaging format version client-flags client-libs help clean needs-client needs-tests

all: $(if $(wildcard $(CLIENT)),,needs-client) agent client ## build the agent and the client
	@:
agent: $(LIB_SO) $(LIB_A) $(BUILD)/libgrmon.so
client: $(CLIENT)
examples: $(EXAMPLES) ## build the demo server and the examples (libmicrohttpd, GNU Pth)
needs-client needs-tests:
	$(call needs,$(@:needs-%=%))@:
tests: needs-tests all examples $(UNIT_TESTS) $(FAULT_TESTS) $(TARGETS) $(RENDERER) $(BUILD)/tests/bench/interval

$(LIB_SO): $(AGENT_OBJECTS) $(AGENT_MAPS)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(AGENT_NO_LTO) $(AGENT_LDFLAGS) $(LDFLAGS) -o $@ $(AGENT_OBJECTS) -ldl -pthread
	@ln -sf $(@F) $(BUILD)/libgrmon.so.$(SOVERSION)
$(BUILD)/libgrmon.so: $(LIB_SO)
	@ln -sf $(<F) $@
ifneq ($(SAN)$(COVERAGE),)
$(LINK_SO): $(AGENT_OBJECTS:$(BUILD)/pic/%=$(LINK_DIR)/pic/%)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(AGENT_LDFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -ldl -pthread
	@ln -sf $(@F) $(LINK_DIR)/libgrmon.so.$(SOVERSION)
$(LINK_DIR)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(AGENT_CFLAGS) $(SANFLAGS) $(CFLAGS) $(AGENT_NO_LTO) -c -o $@ $<
endif
$(LIB_A): $(filter-out %/version.o,$(AGENT_OBJECTS))
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(CLIENT_A): $(CLIENT_OBJECTS) $(CHOICE)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $(CLIENT_OBJECTS)
$(CLIENT): $(CLI_OBJECTS) $(CLIENT_A)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(CLIENT_LIBS)
# What was chosen to be left out; another choice compiles those files again that depend on it.
$(CHOICE):
	$(call needs,client)@mkdir -p $(@D) && echo $(CHOSEN) >$@
$(CLI_OBJECTS) $(BUILD)/src/source/pprof.o: $(CHOICE)
$(PATHS):
	@mkdir -p $(@D) && echo $(FOLDERS) >$@
$(BUILD)/src/cli/program.o: $(PATHS)

$(BUILD)/pic/%.o: %.c
	$(call needs,agent)@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(AGENT_CFLAGS) $(CFLAGS) $(AGENT_NO_LTO) -c -o $@ $<
$(BUILD)/src/%.o: src/%.c
	$(call needs,client)@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CLIENT_CFLAGS) $(CFLAGS) -c -o $@ $<

# A file may name further flags and libraries in a line "// build: -lmicrohttpd".
extra = $(shell sed -n 's,^// build: ,,p' $<)
$(BUILD)/examples/%: src/examples/%.c $(BUILD)/libgrmon.so
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(PLAIN_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< \
		-L$(BUILD) -Wl,-rpath,'$$ORIGIN/..' -lgrmon $(extra) -pthread
$(BUILD)/tests/unit/%.t: tests/unit/%.c $(CLIENT_A)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CLIENT_CFLAGS) -Itests/unit $(CFLAGS) $(LDFLAGS) -o $@ $< $(CLIENT_A) \
		-lcmocka $(CLIENT_LIBS) $(extra)
$(BUILD)/tests/fault/%.t: tests/fault/%.c $(LINK_SO) $(CLIENT_A)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CLIENT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(CLIENT_A) \
		-L$(LINK_DIR) -Wl,-rpath,'$$ORIGIN/../..$(LINK_RPATH)' -lgrmon -lcmocka $(extra) -pthread -ldl
$(RENDERER): tests/tui/render.c $(CLIENT_A)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CLIENT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(CLIENT_A) \
		$(CLIENT_LIBS) $(extra) -pthread
$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libgrmon.so $(CLIENT_A)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CLIENT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(CLIENT_A) \
		$(CLIENT_LIBS) $(extra) -pthread
$(BUILD)/tests/targets/%: tests/targets/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(PLAIN_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(extra) -pthread
$(BUILD)/tests/targets/%: tests/targets/%.cc
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(CPPFLAGS) -MMD -MP -Iinclude $(CFLAGS) $(LDFLAGS) -o $@ $< $(extra) -pthread

# Not those of a package that was built inside.
-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)

demo: ## build, start the leaking demo server and watch it
	@tests/deps.sh demo
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BUILD)/examples/leaky-server
	@BUILD=$(BUILD) src/examples/demo.sh

run_tests = BUILD=$(abspath $(BUILD)) SAN=$(SAN) CMOCKA_MESSAGE_OUTPUT=TAP \
	$(if $(SAN)$(COVERAGE),TEST_SECONDS=600) $(PROVE) -j$(TEST_JOBS) --exec tests/run-test --timer

check: ## install what the tests need, build, run every test
	@tests/deps.sh check
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@$(MAKE) --no-print-directory check-all
check-all: tests ## run every test, installing nothing
	$(run_tests) $(SCRIPTS) $(UNIT_TESTS) $(FAULT_TESTS)
# For packagers: no program but the compiler, make and perl is needed, no network and no root;
# tests that use python3 or tmux are skipped without. With GRMON_CLIENT= the scripts alone.
QUICK_TESTS = $(if $(GRMON_CLIENT),,$(UNIT_TESTS) $(FAULT_TESTS))
check-quick: $(if $(GRMON_CLIENT),,needs-tests agent client) $(QUICK_TESTS) $(QUICK_TARGETS) ## tests that need compiler and libraries alone; GRMON_CLIENT=FILE: of that client
	$(run_tests) $(QUICK) $(QUICK_TESTS)
# With SAN=: the client's units and the agent's faults, which need no other program.
check-units: needs-tests $(UNIT_TESTS) $(FAULT_TESTS) $(QUICK_TARGETS) agent ## run the unit and fault tests, installing nothing
	$(run_tests) $(UNIT_TESTS) $(FAULT_TESTS)

coverage: ## run every test in a build that counts lines; what is covered, per folder
	@tests/deps.sh check
	@$(MAKE) --no-print-directory COVERAGE=1 CFLAGS='-O1 -g' BUILD=$(COVERAGE_BUILD) -j$(JOBS) tests
	@find $(COVERAGE_BUILD) -name '*.gcda' -delete
	-@$(MAKE) --no-print-directory COVERAGE=1 CFLAGS='-O1 -g' BUILD=$(COVERAGE_BUILD) $(COVERAGE_TESTS)
	@tests/coverage.sh $(COVERAGE_BUILD)

lint: ## layering, formatting, static analysis, exported symbols, man pages
	@tests/deps.sh lint
	@BUILD=$(BUILD) tests/lint/run.sh

bench: ## the figures, as ratios measured side by side
	@tests/deps.sh bench
	@$(MAKE) --no-print-directory -j$(JOBS) all examples $(BENCHES) $(TARGETS)
	@BUILD=$(abspath $(BUILD)) tests/bench/run.sh

bench-counts: ## instructions of hot paths, beside tests/bench/counts.txt; UPDATE=1 rewrites that
	@tests/deps.sh counts
	@$(MAKE) --no-print-directory -j$(JOBS) all $(addprefix $(BUILD)/tests/,bench/counts bench/interval targets/many_threads)
	@BUILD=$(abspath $(BUILD)) CC='$(CC)' UPDATE='$(UPDATE)' tests/bench/counts.sh $(COUNTS)

# Run with each version of Go too.
LIVE_TESTS := $(addprefix $(BUILD)/tests/unit/source/go/type/,test_live_types.t test_live_values.t)
campaign: all $(TARGETS) $(LIVE_TESTS) ## tests that take many minutes: other versions of Go, contention, killed recorders
	@BUILD=$(abspath $(BUILD)) $(PROVE) --timer $(wildcard tests/campaign/*.t)

MONKEY_SECONDS ?= 60
MONKEY_SEED ?= random
monkey: tests ## random keys for the view, MONKEY_SECONDS (60) for each of five targets; MONKEY_SEED=N repeats; SAN= too
	@MONKEY_SECONDS=$(MONKEY_SECONDS) MONKEY_SEED=$(MONKEY_SEED) TEST_SECONDS=86400 BUILD=$(abspath $(BUILD)) \
		tests/run-test tests/tui/monkey.t

screens: tests examples ## eight screens at three sizes, from real programs, for .github/SCREENS.md
	@BUILD=$(abspath $(BUILD)) tests/tui/screens.sh >$(BUILD)/SCREENS.md
	@mv $(BUILD)/SCREENS.md .github/SCREENS.md

SEEDS ?= 50
VERDICTS ?=
verdicts: ## tables of verdicts: leaks, then stuck (10 minutes; VERDICTS=redis: some of these)
	@tests/deps.sh verdicts
	@$(MAKE) --no-print-directory -j$(JOBS) all examples $(BUILD)/tests/unit/core/test_leak.t
ifeq ($(VERDICTS),)
	@GRMON_SEEDS=$(SEEDS) CMOCKA_MESSAGE_OUTPUT=TAP $(BUILD)/tests/unit/core/test_leak.t
	@for test in leak_go leak_native; do BUILD=$(abspath $(BUILD)) tests/run-test \
		tests/e2e/$$test.t | grep -v '^ok\|^1\.\.'; done
endif
	@BUILD=$(abspath $(BUILD)) tests/verdicts/run $(VERDICTS)

FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 0
FUZZ_RUNS ?= 100000000
fuzz: ## every fuzz target for FUZZ_SECONDS (60) each
	@tests/deps.sh lint
	@BUILD=$(BUILD) SECONDS_EACH=$(FUZZ_SECONDS) SEED=$(FUZZ_SEED) tests/fuzz/run.sh $(FUZZERS)
fuzz-campaign: ## until all targets together had FUZZ_RUNS inputs (1e8), in some hours
	@tests/deps.sh lint
	@BUILD=$(BUILD) SECONDS_EACH=20 TOTAL_RUNS=$(FUZZ_RUNS) tests/fuzz/run.sh $(FUZZERS)

deps: ## install everything that build, tests and lint need
	@tests/deps.sh check lint

MAN_PAGES := $(patsubst %,$(BUILD)/%,$(wildcard man/*.[1357]))
$(BUILD)/man/%: man/% include/grmon.h
	@mkdir -p $(@D)
	$(Q)sed 's/^\.Os$$/.Os $(NAME) $(VERSION)/' $< >$@
# The completions offer what was built.
COMPLETIONS := $(addprefix $(BUILD)/man/completions/,$(NAME).bash _$(NAME) $(NAME).fish)
LEFT_OUT_SED := $(if $(without_http),man/completions/without_http.sed) \
	$(if $(without_export),man/completions/without_export.sed)
$(BUILD)/man/completions/%: man/completions/% $(LEFT_OUT_SED) $(CHOICE)
	@mkdir -p $(@D)
	$(Q)sed -e '' $(LEFT_OUT_SED:%=-f %) $< >$@
PKGCONFIG_FILE := $(BUILD)/libgrmon.pc
$(PKGCONFIG_FILE): Makefile include/grmon.h $(PATHS)
	@mkdir -p $(@D)
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCDIR)' '' \
		'Name: libgrmon' 'Description: publishes what every thread is blocked on' \
		'Version: $(VERSION)' 'Libs: -L$${libdir} -lgrmon' 'Libs.private: -ldl -pthread' \
		'Cflags: -I$${includedir}' >$@

# For Prometheus, Grafana and systemd.
UNIT := $(NAME)-export.service
SHARED_FILES := $(addprefix src/share/,$(NAME).rules.yml $(NAME)-dashboard.json prometheus.yml)

install: agent client $(PKGCONFIG_FILE) $(MAN_PAGES) $(COMPLETIONS) ## into $(DESTDIR)$(PREFIX)
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCDIR) \
		$(MANDIR)/man1 $(MANDIR)/man3 $(MANDIR)/man5 $(MANDIR)/man7 \
		$(DATADIR)/bash-completion/completions $(ZSHDIR) \
		$(DATADIR)/fish/vendor_completions.d $(if $(without_export),,$(DATADIR)/$(NAME) $(UNITDIR)))
	$(INSTALL) -m 755 $(CLIENT) $(DESTDIR)$(BINDIR)/$(NAME)
	$(INSTALL) -m 755 $(LIB_SO) $(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(LIB_SO)) $(DESTDIR)$(LIBDIR)/libgrmon.so.$(SOVERSION)
	ln -sf $(notdir $(LIB_SO)) $(DESTDIR)$(LIBDIR)/libgrmon.so
	$(INSTALL) -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 644 $(PKGCONFIG_FILE) $(DESTDIR)$(LIBDIR)/pkgconfig/
	$(INSTALL) -m 644 include/grmon.h include/grmon_chan.h $(DESTDIR)$(INCDIR)/
	for page in $(MAN_PAGES); do $(INSTALL) -m 644 $$page \
		$(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit 1; done
	$(INSTALL) -m 644 $(BUILD)/man/completions/$(NAME).bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/$(NAME)
	$(INSTALL) -m 644 $(BUILD)/man/completions/_$(NAME) $(DESTDIR)$(ZSHDIR)/
	$(INSTALL) -m 644 $(BUILD)/man/completions/$(NAME).fish \
		$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/
ifeq ($(without_export),)
	$(INSTALL) -m 644 $(SHARED_FILES) $(DESTDIR)$(DATADIR)/$(NAME)/
	sed 's,/usr/local/bin/,$(BINDIR)/,' src/share/$(UNIT) >$(DESTDIR)$(UNITDIR)/$(UNIT)
	chmod 644 $(DESTDIR)$(UNITDIR)/$(UNIT)
endif
	[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/$(NAME) $(DESTDIR)$(LIBDIR)/libgrmon.* \
		$(DESTDIR)$(LIBDIR)/pkgconfig/libgrmon.pc $(DESTDIR)$(INCDIR)/grmon.h \
		$(DESTDIR)$(INCDIR)/grmon_chan.h \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/$(NAME) \
		$(DESTDIR)$(ZSHDIR)/_$(NAME) \
		$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/$(NAME).fish \
		$(addprefix $(DESTDIR)$(DATADIR)/$(NAME)/,$(notdir $(SHARED_FILES))) \
		$(DESTDIR)$(UNITDIR)/$(UNIT)
	rmdir $(DESTDIR)$(DATADIR)/$(NAME) 2>/dev/null || true
	for page in man/*.[1357]; do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; done

dist: ## a source archive of the last commit in $(BUILD); without git, of the files that are here
	@mkdir -p $(BUILD)
	@tests/dist.sh $(NAME)-$(VERSION) $(abspath $(BUILD))/$(NAME)-$(VERSION).tar.gz

# Debian and Ubuntu; what each package has is said in src/share/packaging/debian.
# Debian's package of a library has the number of its soname.
same_library = $(if $(wildcard src/share/packaging/debian/libgrmon$(SOVERSION).install),,$(error \
	src/share/packaging/debian has no files of libgrmon$(SOVERSION), which include/grmon.h says: see "A release" in .github/CONTRIBUTING.md))
deb: ## Debian packages of the last commit in $(BUILD)/deb
	$(same_library)@tests/deps.sh deb
	@$(MAKE) --no-print-directory -s dist >/dev/null
	@DEB_BUILD_OPTIONS="$${DEB_BUILD_OPTIONS-nocheck parallel=$(JOBS)}" src/share/packaging/deb.sh \
		$(abspath $(BUILD))/$(NAME)-$(VERSION).tar.gz $(abspath $(BUILD))/deb

PACKAGING := debian $(NAME).spec.in PKGBUILD.in default.nix.in Dockerfile.in
packaging: dist ## the archive with what rpmbuild, makepkg, nix and docker take, in $(BUILD)/packaging
	$(same_library)@rm -rf $(BUILD)/packaging
	@src/share/packaging/stage.sh $(PACKAGING) $(BUILD)/packaging
	@cp $(BUILD)/$(NAME)-$(VERSION).tar.gz $(BUILD)/packaging/

format: ## clang-format every C file in place
	clang-format -i $$(tests/files.sh '*.c' '*.h')

version: ## name and version, which include/grmon.h sets
	@echo $(NAME) $(VERSION)

clean: ## remove the build folder
	rm -rf -- '$(BUILD)'

# For scripts that compile and link against the client themselves.
client-flags:
	@echo $(CLIENT_CFLAGS)
client-libs:
	@echo $(CLIENT_LIBS)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo '  Variables: BUILD=build PREFIX=/usr/local DESTDIR= SAN=address,undefined|thread'
	@echo '             CC=gcc|clang CFLAGS="-O2 -g" WERROR=1 JOBS=N TEST_JOBS=N FUZZ_SECONDS=60 V=1'
	@echo '             WITH_HTTP=0 (without libcurl: no URLs) WITH_EXPORT=0 (without libmicrohttpd: no export)'
	@echo '             GRMON_CLIENT=FILE GRMON_AGENT=FILE (check-quick: what is tested)'
