# SPDX-License-Identifier: GPL-2.0-or-later
# make install DESTDIR= PREFIX= SYSCONFDIR=, make uninstall, make deb. Included by the Makefile. What is in SYSCONFDIR
# is written once and then the administrator's: neither a second install nor uninstall touches it.
SBINDIR   ?= $(PREFIX)/sbin
DATADIR   ?= $(PREFIX)/share
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR    ?= $(DATADIR)/doc/usher
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
BASHDIR     ?= $(DATADIR)/bash-completion/completions
ZSHDIR      ?= $(DATADIR)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)

UNITS := usher.service usher-divert.service usher-exporter.service
PAGES := $(wildcard docs/*.[358])
D      = $(DESTDIR)

$(BUILD)/usher.bash $(BUILD)/_usher: $(BUILD)/usher scripts/completion
	scripts/completion $(if $(filter %.bash,$@),bash,zsh) $(BUILD)/usher >$@

install: $(BUILD)/usher $(BUILD)/usher.bash $(BUILD)/_usher
	install -d -m 755 $(D)$(SBINDIR) $(D)$(DOCDIR)/examples $(D)$(UNITDIR)
	install -m 755 $(BUILD)/usher $(D)$(SBINDIR)/usher
	install -m 755 scripts/divert $(D)$(SBINDIR)/usher-divert
	install -D -m 644 include/usher/hooks.h $(D)$(INCLUDEDIR)/usher/hooks.h
	install -D -m 644 scripts/divert-netns $(D)$(DATADIR)/usher/divert-netns
	install -m 644 README.md CHANGELOG.md COPYING docs/*.md registry/schema.sql $(D)$(DOCDIR)
	install -m 644 docs/examples/* packaging/grafana.json packaging/alerts.yml $(D)$(DOCDIR)/examples
	for unit in $(UNITS); do \
		sed 's,/usr/sbin/usher,$(SBINDIR)/usher,g; s,/usr/share/doc/usher,$(DOCDIR),' systemd/$$unit \
			>$(D)$(UNITDIR)/$$unit && chmod 644 $(D)$(UNITDIR)/$$unit || exit 1; \
	done
	install -D -m 644 systemd/usher.sysusers $(D)$(SYSUSERSDIR)/usher.conf
	install -D -m 644 systemd/usher.tmpfiles $(D)$(TMPFILESDIR)/usher.conf
	install -D -m 644 $(BUILD)/usher.bash $(D)$(BASHDIR)/usher
	install -D -m 644 $(BUILD)/_usher $(D)$(ZSHDIR)/_usher
	for page in $(PAGES); do \
		install -D -m 644 $$page $(D)$(DATADIR)/man/man$${page##*.}/$${page##*/} || exit 1; \
	done
	ln -sf usher-pause.8 $(D)$(DATADIR)/man/man8/usher-resume.8
	install -d -m 750 $(D)$(SYSCONFDIR)/usher $(D)/var/log/usher $(D)/var/lib/usher/quarantine
	[ -e $(D)$(SYSCONFDIR)/usher/divert.conf ] || \
		install -m 644 docs/examples/divert.conf $(D)$(SYSCONFDIR)/usher/divert.conf
	[ -e $(D)$(SYSCONFDIR)/logrotate.d/usher ] || \
		install -D -m 644 packaging/usher.logrotate $(D)$(SYSCONFDIR)/logrotate.d/usher

uninstall:
	rm -f $(D)$(SBINDIR)/usher $(D)$(SBINDIR)/usher-divert $(addprefix $(D)$(UNITDIR)/,$(UNITS)) \
		$(D)$(SYSUSERSDIR)/usher.conf $(D)$(TMPFILESDIR)/usher.conf $(D)$(BASHDIR)/usher $(D)$(ZSHDIR)/_usher \
		$(foreach page,$(PAGES),$(D)$(DATADIR)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
		$(D)$(DATADIR)/man/man8/usher-resume.8 $(D)$(INCLUDEDIR)/usher/hooks.h
	rm -rf $(D)$(DOCDIR) $(D)$(DATADIR)/usher
	@echo "$(SYSCONFDIR)/usher, $(SYSCONFDIR)/logrotate.d/usher, /var/log/usher and /var/lib/usher stay: they are yours"

# The package, as build/deb/usher_VERSION_ARCH.deb. Built from what is committed or not, but not from what is built.
deb:
	packaging/deb $(BUILD)/deb

# The package in a clean Debian, as somebody would try it who has nothing else. As root, with a network, some minutes.
check-package: deb
	packaging/check $(BUILD)/deb/usher_$(VERSION)_*.deb

.PHONY: install uninstall deb check-package
