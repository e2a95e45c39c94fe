# clientele: build, install, test. `make help` lists what there is.

EXTENSION = clientele
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" clientele.control)
MODULE_big = clientele

GENERATED = src/expression_gram.c src/expression_scan.c
OBJS = $(sort $(patsubst %.c,%.o,$(filter-out $(GENERATED),$(wildcard src/*.c))))

INSTALL_SQL = sql/clientele--$(EXTVERSION).sql
FRAGMENTS = $(addprefix sql/install/,$(shell sed 's/\#.*//' sql/install_order.list))
DATA = $(wildcard sql/upgrade/*--*--*.sql)
DATA_built = $(INSTALL_SQL)

PG_CPPFLAGS = -MMD -MP
PG_CFLAGS = -std=gnu11

REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

-include $(OBJS:.o=.d)

$(INSTALL_SQL): $(FRAGMENTS) sql/install_order.list clientele.control
	cat $(FRAGMENTS) > $@
