# clientele: build, install, test.  `make help` lists what there is.

EXTENSION = clientele
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" clientele.control)
PG_CONFIG ?= pg_config

TOOLS = help setup demo check bench fuzz

# ---------------------------------------------------------------------------
# The build, by PostgreSQL's own rules (PGXS)
# ---------------------------------------------------------------------------

ifneq ($(filter-out $(TOOLS),$(or $(MAKECMDGOALS),all)),)

# With psql alone, PGXS is there but the headers are not: look for these.
ifeq ($(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h),)
$(error PostgreSQL server headers not found by PG_CONFIG=$(PG_CONFIG).  \
Install them (Debian, Ubuntu: apt-get install postgresql-server-dev-15 gcc flex bison), \
or run "make setup")
endif

MODULE_big = clientele
GRAMMAR = src/expression/expression_gram
GENERATED = $(GRAMMAR).c src/expression/expression_scan.c
OBJS = $(patsubst %.c,%.o,$(sort src/clientele.c $(wildcard src/*/*.c) $(GENERATED)))

INSTALL_SQL = sql/clientele--$(EXTVERSION).sql
FRAGMENTS = $(addprefix sql/install/,$(shell sed 's/\#.*//' sql/install_order.list))
DATA = $(wildcard sql/upgrade/*--*--*.sql)
DATA_built = $(INSTALL_SQL)

# Dependencies are written beside the objects: few servers were built to do so.
PG_CFLAGS = -std=gnu11 -MMD -MP

# Files are included by folder and name.
PG_CPPFLAGS = -Isrc

# Our own functions call each other directly, not by way of a table that other libraries might
# change (PostgreSQL 16 does as much), and PostgreSQL's by that table alone, without a jump in between:
# else both are a sixth of what a claim has to fetch of us.
PG_CFLAGS += $(if $(filter linux,$(PORTNAME)),-fno-plt)
SHLIB_LINK += $(if $(filter linux,$(PORTNAME)),-Wl$(comma)-Bsymbolic-functions)
comma = ,

REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --encoding=UTF8 --load-extension=clientele
ISOLATION = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=clientele

EXTRA_CLEAN = $(GENERATED) $(GRAMMAR).h src/*.d src/*/*.d

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

.DELETE_ON_ERROR:

$(INSTALL_SQL): $(FRAGMENTS) sql/install_order.list clientele.control
	cat $(FRAGMENTS) > $@

# Bison writes its header with the parser.  The first build must wait for it;
# later ones know from the dependencies who includes it.
$(GRAMMAR).c: BISONFLAGS += -d
$(GRAMMAR).h: $(GRAMMAR).c ;
$(OBJS): | $(GRAMMAR).h

# What changes an object changes its bitcode.
$(OBJS:.o=.bc): %.bc: %.o

-include $(OBJS:.o=.d)

endif

# ---------------------------------------------------------------------------
# Targets that bring PostgreSQL themselves, or need none.  Defined only where
# they are asked for, because PGXS has a `check` of its own.
# ---------------------------------------------------------------------------

ifneq ($(filter $(TOOLS),$(MAKECMDGOALS)),)

.PHONY: $(TOOLS)

help:
	@echo 'make               build'
	@echo 'make install       install into the PostgreSQL that PG_CONFIG=$(PG_CONFIG) belongs to'
	@echo 'make installcheck  test what is installed, in the running server'
	@echo 'make clean         remove what was built'
	@echo
	@echo 'These install what they need (Debian, Ubuntu) and touch no other cluster:'
	@echo 'make demo          a clinic chain to look at, in a private cluster'
	@echo 'make check         every test, in a private cluster'
	@echo 'make bench         measurements'
	@echo 'make fuzz          hostile input'
	@echo 'make setup         only install what the tests need'

setup demo check bench fuzz:
	@sh test/$@.sh

endif
