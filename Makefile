# secmsg: build, test, install.
#
#   1. What is built, and how      compiler, flags, directories, libraries
#   2. Programs, manual pages      all
#   3. Tests                       check check-crash check-load check-systemd fuzz check-fuzz model bench bench-units
#                                  bench-store bench-picture
#   4. Style                       lint format
#   5. Packages                    deps deps-build deps-lint deps-proof deps-systemd deps-deb deps-fuzz
#   6. Installing                  install uninstall deb
#   7. The rest                    help clean
#
# Variables for the command line: CC, CFLAGS, LDFLAGS, WERROR=1, SANITIZE=1, V=1, BUILD, PREFIX,
# DESTDIR.

# ---- 1. What is built, and how ----

CC      = cc
AR      = ar
VERSION = 0.1.0

# With SANITIZE=1 everything, the whole test suite too, happens with AddressSanitizer and UBSan in a
# build directory of its own. UBSan's own reports can't be sent to a file beside ASan's: it traps, and
# ASan reports the trap.
BUILD = build$(if $(SANITIZE),/sanitize)

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wwrite-strings -Wundef -Wvla \
           -Wformat=2 -Wpointer-arith $(if $(WERROR),-Werror)
HARDEN   = -fstack-protector-strong -fPIE \
           $(if $(FUZZ),$(FUZZ_FLAGS),$(if $(SANITIZE),-fsanitize=address$(,)undefined \
           -fsanitize-undefined-trap-on-error -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=3))
LINK     = -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
           $(if $(FUZZ)$(SANITIZE),-fsanitize=address$(,)undefined)
CFLAGS   = -O2 -g
COMPILE  = $(CC) -std=c11 -D_GNU_SOURCE -Isrc -I. -DSECMSG_VERSION='"$(VERSION)"' $(WARNINGS) $(CFLAGS) \
           $(HARDEN) -MMD -MP
, := ,

# V=1 shows whole commands.
Q   = $(if $(V),,@)
SAY = @$(if $(V),:,echo)

# The rooms that several programs share, then the programs' own.
LIBRARY_SOURCES := $(sort $(wildcard src/base/*.c src/crypto/*.c src/wire/*.c src/store/*.c src/store/gdbm/*.c \
                     src/guard/*.c))
HANDLER_SOURCES := $(sort $(wildcard src/handler/*.c))
CLIENT_SOURCES  := $(sort $(wildcard client/*.c))
ADMIN_SOURCES   := $(sort $(wildcard src/admin/*.c))
TEST_SOURCES    := $(sort $(wildcard tests/unit/test_*.c))
BENCH_SOURCES   := $(sort $(wildcard tests/bench/*.c))
BENCH_STORE_SOURCES := $(sort $(wildcard tests/bench/store/*.c))
CRASH_SOURCES   := $(sort $(wildcard tests/crash/*.c))
CRASH_SHARED    := $(addprefix tests/crash/,books.c guests.c points.c) # by its programs
FAULTS_SOURCES  := $(sort $(wildcard tests/crash/faults/*.c))
LOAD_SOURCES    := $(sort $(wildcard tests/load/*.c))
FUZZ_SOURCES    := $(sort $(wildcard tests/fuzz/targets/*.c))
FUZZ_ROOMS      := $(sort $(wildcard tests/fuzz/targets/*/*.c))
FUZZ_SHARED     := $(sort $(wildcard tests/fuzz/*.c))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
without_main = $(filter-out %/main.o,$(call objects,$(1)))

LIBRARY  = $(BUILD)/libsecmsg.a
PROGRAMS = $(addprefix $(BUILD)/,secmsg-handler secmsg secmsg-admin)
MANUALS  = $(patsubst docs/%.scd,$(BUILD)/man/%,$(sort $(wildcard docs/*.scd)))
TESTS    = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(TEST_SOURCES))
CRASH    = $(addprefix $(BUILD)/tests/crash/,audit collide workload faults.so)
LOAD     = $(BUILD)/tests/load/load
PROBE    = $(BUILD)/tests/systemd/probe.so
BENCH    = $(addprefix $(BUILD)/tests/bench/,connection bare unconfined needed)
BENCH_STORE = $(BUILD)/tests/bench/bench-store
FUZZERS  = $(patsubst tests/fuzz/targets/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SOURCES))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all check check-crash check-load check-systemd fuzz check-fuzz fuzzers model bench bench-units bench-store bench-picture \
        lint format install uninstall deb deps deps-build deps-lint deps-proof deps-systemd deps-deb deps-fuzz setup-test setup-build setup-systemd \
        setup-deb help clean FORCE

# ---- 2. Programs, manual pages ----

all: $(LIBRARY) $(PROGRAMS) $(MANUALS)

# Each program is linked with what it needs and no more: every shared library is paid for again with
# each connection. Of libsystemd only a header with constants is used.
$(BUILD)/secmsg-handler: $(call objects,$(HANDLER_SOURCES)) $(LIBRARY)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lgdbm -lgcrypt

CLIENT_LIBRARIES = -pthread -lreadline -ljansson -lqrencode -lkeyutils -lgcrypt

$(BUILD)/secmsg: $(call objects,$(CLIENT_SOURCES)) $(LIBRARY)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(CLIENT_LIBRARIES)

$(BUILD)/secmsg-admin: $(call objects,$(ADMIN_SOURCES)) $(LIBRARY)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lgdbm -lgcrypt

$(LIBRARY): $(call objects,$(LIBRARY_SOURCES))
	$(SAY) '  AR    $@'
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/man/%: docs/%.scd | $(BUILD)/packages
	@mkdir -p $(@D)
	$(SAY) '  MAN   $@'
	$(Q)scdoc < $< > $@

# The handler's system call filter, worked out here so that no connection has to (src/handler/filter/main.c).
$(BUILD)/make-filter: $(call objects,src/handler/filter/main.c)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lseccomp

$(BUILD)/filter.inc: $(BUILD)/make-filter
	$(SAY) '  MAKE  $@'
	$(Q)$< > $@

$(call objects,src/handler/confine.c): $(BUILD)/filter.inc
$(call objects,src/handler/confine.c): COMPILE += -I$(BUILD)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/packages
	@mkdir -p $(@D)
	$(SAY) '  CC    $<'
	$(Q)$(COMPILE) -c -o $@ $<

# Changes only when the command does, so that another compiler or other flags build everything again.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@flags='$(subst ','\'',$(COMPILE) $(LINK) $(LDFLAGS))'; \
	echo "$$flags" | cmp -s - $@ || echo "$$flags" > $@

-include $(patsubst %.o,%.d,$(call objects,$(LIBRARY_SOURCES) $(HANDLER_SOURCES) src/handler/filter/main.c $(CLIENT_SOURCES) \
           $(ADMIN_SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES) $(BENCH_STORE_SOURCES) $(CRASH_SOURCES) \
           $(LOAD_SOURCES) $(FUZZ_SOURCES) $(FUZZ_ROOMS) $(FUZZ_SHARED)))

# ---- 3. Tests ----

# Does all set-up on a fresh machine, then runs everything; the last line is `N passed, N failed`.
check:
	@$(MAKE) --no-print-directory -s setup-test
	@$(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) all tests
	@SANITIZE='$(SANITIZE)' tests/run.sh $(BUILD)

# Every program of the tests but the fuzzers, which want clang.
.PHONY: tests
tests: $(TESTS) $(CRASH) $(LOAD) $(PROBE) $(BENCH) $(BENCH_STORE)

# test_client_*.c and test_handler_*.c reach into the program; all others into the shared rooms alone.
$(BUILD)/tests/unit/test_client_%: $(BUILD)/obj/tests/unit/test_client_%.o \
                                   $(call without_main,$(CLIENT_SOURCES)) $(LIBRARY)
	$(link_test) $(CLIENT_LIBRARIES)

$(BUILD)/tests/unit/test_handler_%: $(BUILD)/obj/tests/unit/test_handler_%.o \
                                    $(call without_main,$(HANDLER_SOURCES)) $(LIBRARY)
	$(link_test)

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(LIBRARY)
	$(link_test)

define link_test
@mkdir -p $(@D)
$(SAY) '  LINK  $@'
$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lcmocka -ljansson -lgdbm -lgcrypt
endef

$(call objects,$(TEST_SOURCES)): COMPILE += -DTEST_VECTORS='"$(CURDIR)/tests/vectors"'

# Kept, so that a second run relinks nothing.
.SECONDARY: $(call objects,$(TEST_SOURCES) $(CRASH_SOURCES) $(FUZZ_SOURCES))

# The store's proof, for as long as asked: make check-crash SECONDS=3600 SEED=2. `make check` has a fixed part of
# it. As root it mounts file systems of its own too. One kind alone: tests/crash/run.py build --only power
SECONDS = 600
SEED    = 1
check-crash: $(CRASH) $(BUILD)/secmsg-admin
	@/usr/bin/python3 tests/crash/run.py $(BUILD) --seconds $(SECONDS) --seed $(SEED)

$(BUILD)/tests/crash/%: $(BUILD)/obj/tests/crash/%.o $(call objects,$(CRASH_SHARED)) $(LIBRARY)
	$(link_bench)

# Preloaded into those above: never sanitized itself, and it may define what the headers' macros wrap.
$(BUILD)/tests/crash/faults.so: $(FAULTS_SOURCES) tests/crash/faults/faults.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -fPIC -shared -o $@ $(FAULTS_SOURCES) -ldl

# The service and its packages under the real systemd, on machines in overlays of this one. It takes root, by sudo if
# there is one.
check-systemd:
	@$(MAKE) --no-print-directory -s setup-systemd
	@$(MAKE) --no-print-directory -s deb
	@$(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) all $(PROBE)
	@tests/systemd/run.sh $(BUILD)

# Preloaded into the handler there.
$(PROBE): tests/systemd/probe.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

# Inputs that nobody thought of, for as long as asked (by default 60 s each): make fuzz SECONDS=200 TARGET='hello frame'.
# `make check-fuzz` gives every target what is kept in tests/fuzz. docs/testing.md says how a target is added.
TARGET       =
FUZZ_SECONDS = $(if $(filter command line,$(origin SECONDS)),$(SECONDS),60)
FUZZ_BUILD   = build/fuzz
FUZZ_MAKE    = $(MAKE) --no-print-directory -s BUILD=$(FUZZ_BUILD) CC=clang FUZZ=1 fuzzers
# gcc says by itself that there is AddressSanitizer, and clang 14 doesn't.
FUZZ_FLAGS   = -fsanitize=fuzzer-no-link$(,)address$(,)undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer -D__SANITIZE_ADDRESS__=1
# What would take the time of thousands of inputs, and what must be the same each time.
FUZZ_WRAPPED = stretch_root random_bytes random_key

fuzz:
	@$(FUZZ_MAKE)
	@tests/fuzz/run.sh fuzz $(FUZZ_BUILD)/tests/fuzz $(FUZZ_SECONDS) $(TARGET)

check-fuzz:
	@$(FUZZ_MAKE)
	@tests/fuzz/run.sh check $(FUZZ_BUILD)/tests/fuzz 0 $(TARGET)

fuzzers: $(FUZZERS)

$(BUILD)/tests/fuzz/client_%: $(BUILD)/obj/tests/fuzz/targets/client_%.o $(call objects,$(FUZZ_SHARED)) \
                              $(call without_main,$(CLIENT_SOURCES)) $(LIBRARY)
	$(link_fuzzer) $(CLIENT_LIBRARIES)

$(BUILD)/tests/fuzz/handler_%: $(BUILD)/obj/tests/fuzz/targets/handler_%.o $(call objects,$(FUZZ_SHARED)) \
                               $(call without_main,$(HANDLER_SOURCES)) $(LIBRARY)
	$(link_fuzzer)

$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/targets/%.o $(call objects,$(FUZZ_SHARED)) $(LIBRARY)
	$(link_fuzzer)

# What is too long for one file has more in a directory of its name.
$(foreach file,$(FUZZ_ROOMS),$(eval $(BUILD)/tests/fuzz/$(notdir $(patsubst %/,%,$(dir $(file)))): $(call objects,$(file))))

define link_fuzzer
@mkdir -p $(@D)
$(SAY) '  LINK  $@'
$(Q)$(CC) $(CFLAGS) $(LINK) -fsanitize=fuzzer $(addprefix -Wl$(,)--wrap=,$(FUZZ_WRAPPED)) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) -ljansson -lgdbm -lgcrypt
endef

$(call objects,$(FUZZ_SHARED)): COMPILE += -DTEST_VECTORS='"$(CURDIR)/tests/vectors"'

# Many sessions at once over TCP, whose handlers are killed at random: make check-load SECONDS=60 SESSIONS=100
SESSIONS = 500
check-load: all $(LOAD)
	@/usr/bin/python3 tests/load/run.py $(BUILD) --seconds $(SECONDS) --sessions $(SESSIONS)

$(LOAD): $(call objects,$(LOAD_SOURCES)) $(LIBRARY)
	$(link_bench)

# Every order in which three processes can take the store's steps, and die between them.
model:
	@tests/model/run.sh $(BUILD)

# Against the baseline and without confinement first, then what plain mode's programs see, then what a script that
# sends waits for.
bench: all $(BENCH)
	@rm -rf $(BUILD)/tests/bench/data
	@$(BUILD)/tests/bench/connection $(BUILD)/secmsg-handler $(BUILD)/tests/bench/bare \
	    $(BUILD)/tests/bench/unconfined $(BUILD)/tests/bench/data
	@rm -rf $(BUILD)/tests/bench/data
	@/usr/bin/python3 tests/bench/bench.py $(BUILD)
	@/usr/bin/python3 tests/bench/send.py $(BUILD)

# What each directive of the units costs with each connection, under the real systemd: as root.
bench-units: all
	@$(MAKE) --no-print-directory -s setup-systemd
	@tests/systemd/apart.sh /usr/bin/python3 -B tests/bench/units.py $(BUILD)

# The store's numbers beside bare append and fdatasync, with the goals. MESSAGES=1000000 takes long, and
# 4 GB of disk; SUBJECTS='writers stock churn crash' chooses among them. bench-picture makes docs/bench.md of the last run.
MESSAGES = 30000
SUBJECTS =
RESULTS  = $(BUILD)/tests/bench/results
bench-store: $(BENCH_STORE)
	@rm -rf $(BUILD)/tests/bench/data && mkdir -p $(BUILD)/tests/bench/data $(RESULTS)
	@tests/bench/store/report.sh $(BUILD)/tests/bench $(MESSAGES) $(SUBJECTS)

bench-picture:
	@tests/bench/store/picture.sh $(RESULTS) docs

$(BENCH_STORE): $(call objects,$(BENCH_STORE_SOURCES)) $(LIBRARY)
	$(link_bench)

$(BUILD)/tests/bench/connection: $(call objects,tests/bench/connection.c tests/bench/peer.c) $(LIBRARY)
	$(link_bench)

$(BUILD)/tests/bench/bare: $(call objects,tests/bench/bare.c)
	$(link_bench)

# The handler, but for what confines it.
$(BUILD)/tests/bench/unconfined: $(call objects,$(filter-out src/handler/confine.c src/handler/landlock.c, \
                                 $(HANDLER_SOURCES)) tests/bench/unconfined.c) $(LIBRARY)
	$(link_bench)

$(BUILD)/tests/bench/needed: $(call objects,tests/bench/needed.c) $(LIBRARY)
	$(link_bench)

define link_bench
@mkdir -p $(@D)
$(SAY) '  LINK  $@'
$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ -lgdbm -lgcrypt
endef

# ---- 4. Style ----

# What lint finds fault with is what format mends.
C_FILES = $(sort $(shell find src client tests -name '*.[ch]'))

lint:
	@tests/lint.sh $(C_FILES)

format:
	clang-format -i $(C_FILES)

# ---- 5. Packages ----
# docs/packages.md says what each is for.

PACKAGES_BUILD = gcc libc6-dev make libgcrypt20-dev libgdbm-dev libreadline-dev libjansson-dev \
                 libkeyutils-dev libqrencode-dev libsystemd-dev libseccomp-dev scdoc
PACKAGES_RUN   = $(shell command -v systemd-socket-activate tcpserver >/dev/null || echo ucspi-tcp-ipv6)
PACKAGES_TEST  = libcmocka-dev python3 python3-pytest python3-pytest-xdist \
                 python3-cryptography python3-argon2 python3-pexpect python3-yaml bash zsh fish man-db systemd \
                 ucspi-tcp-ipv6 strace
PACKAGES_SYSTEMD = systemd systemd-container iproute2 python3 python3-pytest python3-cryptography python3-argon2
PACKAGES_DEB     = build-essential debhelper po-debconf lintian
PACKAGES_LINT  = clang clang-format cppcheck shellcheck systemd
PACKAGES_FUZZ  = clang libclang-rt-14-dev
PACKAGES_PROOF = spin e2fsprogs xfsprogs btrfs-progs gnuplot-nox

deps:
	@$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_RUN) $(PACKAGES_TEST))

deps-build:
	@$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_RUN))

deps-lint:
	@$(call install_packages,$(PACKAGES_LINT))

deps-proof:
	@$(call install_packages,$(PACKAGES_PROOF))

deps-systemd:
	@$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_SYSTEMD))

deps-deb:
	@$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_DEB))

deps-fuzz:
	@$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_FUZZ))

# The same, but only when something is missing: for `make check` and the start scripts.
setup-test:
	@$(if $(call missing,$(PACKAGES_BUILD) $(PACKAGES_RUN) $(PACKAGES_TEST)),$(MAKE) -s deps)

setup-build:
	@$(if $(call missing,$(PACKAGES_BUILD) $(PACKAGES_RUN)),$(MAKE) -s deps-build)

setup-systemd:
	@$(if $(call missing,$(PACKAGES_BUILD) $(PACKAGES_SYSTEMD)),$(MAKE) -s deps-systemd)

setup-deb:
	@$(if $(call missing,$(PACKAGES_BUILD) $(PACKAGES_DEB)),$(MAKE) -s deps-deb)

# Asked once a build directory: says at once what is missing, instead of a compiler's first error.
$(BUILD)/packages:
	@mkdir -p $(@D)
	@missing='$(call missing,$(PACKAGES_BUILD))'; \
	if [ -n "$$missing" ]; then \
	    echo "Missing packages: $$missing" >&2; echo "Install them with: make deps" >&2; exit 1; fi
	@touch $@

# Which of the packages $(1) aren't installed; none where there is no dpkg to ask.
missing = $(filter-out $(if $(shell command -v dpkg-query),$(shell dpkg-query -W \
          -f '$${db:Status-Status}:$${Package}\n' $(1) 2>/dev/null | sed -n 's/^installed://p'),$(1)),$(1))

# A new machine may still be busy with its own upgrades: wait for dpkg's lock.
define install_packages
if ! command -v apt-get >/dev/null; then \
    echo 'There is no apt-get here. Install what Debian calls:' >&2; \
    echo '    $(strip $(1))' >&2; exit 1; fi; \
if [ "$$(id -u)" -eq 0 ]; then root=; \
elif command -v sudo >/dev/null; then root=sudo; \
else echo 'Packages are installed by root, and there is no sudo here. As root:' >&2; \
    echo '    apt-get install $(strip $(1))' >&2; exit 1; fi; \
apt="$$root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"; \
$$apt update && $$apt install -y --no-install-recommends $(strip $(1))
endef

# ---- 6. Installing ----

PREFIX  = /usr/local
BINDIR  = $(DESTDIR)$(PREFIX)/bin
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
USERDIR = $(DESTDIR)$(PREFIX)/lib/sysusers.d
CATALOG = $(DESTDIR)$(PREFIX)/lib/systemd/catalog
SHARE   = $(DESTDIR)$(PREFIX)/share
DOCDIR  = $(SHARE)/doc/secmsg
MANDIR  = $(SHARE)/man

UNITS = $(addprefix systemd/,secmsg.socket secmsg@.service secmsg-metrics.service secmsg-metrics.timer)
DOCS  = README.md LICENSE $(wildcard docs/*.md) docs/bench-store.svg docs/grafana-secmsg.json docs/secmsg-alerts.yml

# Where each shell looks for them: <directory>/<name>, by the program's name.
INSTALLED_MANUALS     = $(foreach page,$(notdir $(MANUALS)),man$(subst .,,$(suffix $(page)))/$(page))
INSTALLED_COMPLETIONS = $(foreach program,secmsg secmsg-admin,bash-completion/completions/$(program) \
                        zsh/site-functions/_$(program) fish/vendor_completions.d/$(program).fish)

# The handler is in bin, so that `ssh HOST secmsg-handler` finds it; the units are told where. Each program takes its
# name in one step: at no moment does a connection to a running service find none, or half of one.
install: all
	install -d $(BINDIR) $(UNITDIR) $(USERDIR) $(CATALOG) $(DOCDIR)
	for program in $(notdir $(PROGRAMS)); do install $(BUILD)/$$program $(BINDIR)/.$$program.new && \
	    mv -f $(BINDIR)/.$$program.new $(BINDIR)/$$program || exit; done
	install -m 644 $(UNITS) $(UNITDIR)
	sed -i 's|/usr/local/|$(PREFIX)/|' $(addprefix $(UNITDIR)/,$(notdir $(UNITS)))
	install -m 644 systemd/secmsg.sysusers $(USERDIR)/secmsg.conf
	install -m 644 systemd/secmsg.catalog $(CATALOG)
	install -m 644 $(DOCS) $(DOCDIR)
	install -m 644 -D systemd/secmsg@.service.d/hardened.conf $(DOCDIR)/examples/hardened.conf
	for page in $(INSTALLED_MANUALS); do install -m 644 -D $(BUILD)/man/$${page#*/} $(MANDIR)/$$page; done
	for file in $(INSTALLED_COMPLETIONS); do install -m 644 -D docs/completions/$${file%%/*}/$${file##*/} $(SHARE)/$$file; done

# Exactly what install put there; directories only where they are ours and empty.
uninstall:
	rm -f $(addprefix $(BINDIR)/,$(notdir $(PROGRAMS)))
	rm -f $(addprefix $(UNITDIR)/,$(notdir $(UNITS))) $(USERDIR)/secmsg.conf $(CATALOG)/secmsg.catalog
	rm -f $(addprefix $(DOCDIR)/,$(notdir $(DOCS)) examples/hardened.conf)
	rm -f $(addprefix $(MANDIR)/,$(INSTALLED_MANUALS)) $(addprefix $(SHARE)/,$(INSTALLED_COMPLETIONS))
	-rmdir $(DOCDIR)/examples $(DOCDIR)

# The packages secmsg-server and secmsg, in build/. Their description, systemd/debian/, is copied beside the sources
# to where Debian's tools want it; its changelog has the version and the time that they are built with.
DEB_TREE    = $(BUILD)/deb/secmsg
DEB_SOURCES = Makefile README.md LICENSE src client systemd docs

deb:
	@$(MAKE) --no-print-directory -s setup-deb
	@$(MAKE) --no-print-directory $(BUILD)/deb/built

$(BUILD)/deb/built: $(shell find $(DEB_SOURCES) -type f)
	@rm -rf $(BUILD)/deb && mkdir -p $(DEB_TREE)
	@cp -a $(DEB_SOURCES) $(DEB_TREE) && cp -a systemd/debian $(DEB_TREE)/debian
	@grep -q '^secmsg ($(VERSION)) ' systemd/debian/changelog || \
	    { echo 'systemd/debian/changelog does not begin with version $(VERSION)' >&2; exit 1; }
	@for package in $(filter-out gcc libc6-dev make,$(PACKAGES_BUILD)); do \
	    grep -qE "[ ,]$$package([ ,]|$$)" systemd/debian/control || \
	    { echo "systemd/debian/control does not build with $$package" >&2; exit 1; }; done
	$(SAY) '  DEB   $(DEB_TREE)'
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS=parallel=$(shell nproc) \
	    dpkg-buildpackage --build=binary --unsigned-changes >../log 2>&1 || { tail -n 40 ../log >&2; exit 1; }
	$(Q)lintian --allow-root --fail-on error,warning $(BUILD)/deb/*.changes
	@mv $(BUILD)/deb/*.deb $(BUILD) && touch $@
	@ls $(BUILD)/*.deb

# ---- 7. The rest ----

help:
	@echo 'make            build the programs and their manual pages into build/'
	@echo 'make check      install what testing needs, build, run all tests (SANITIZE=1: with ASan and UBSan)'
	@echo 'make check-crash SECONDS=600 SEED=1    break the store in every way, and balance its books'
	@echo 'make check-systemd  boot the real systemd in an overlay of this machine, and test the service there (as root)'
	@echo 'make fuzz SECONDS=60 TARGET=           give parsers, store and handler inputs that nobody thought of (needs clang)'
	@echo 'make check-fuzz give them every input that is kept in tests/fuzz'
	@echo 'make check-load SECONDS=600 SESSIONS=500  many sessions at once, and handlers killed at random'
	@echo 'make model      check the model of lock, log, marker and durable end (needs spin)'
	@echo 'make bench-store MESSAGES=30000        the store beside bare append and fdatasync, and its other numbers'
	@echo 'make bench-picture  docs/bench.md and its picture, of the last bench-store (needs gnuplot-nox)'
	@echo 'make bench-units    what each directive of the units costs a connection (as root)'
	@echo 'make bench      what a connection and a message cost on this machine'
	@echo 'make lint       sizes, banned functions, directions, layout, static checks'
	@echo 'make format     apply the layout of .clang-format'
	@echo 'make deps       install the Debian packages for building and testing (deps-build, -lint, -proof, -systemd, -deb, -fuzz)'
	@echo 'make install    into $$(DESTDIR)$$(PREFIX), by default /usr/local; make uninstall removes it'
	@echo 'make deb        the Debian packages secmsg-server and secmsg, into build/'
	@echo 'make clean      remove build/'

clean:
	rm -rf build
