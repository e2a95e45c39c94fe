/*
 * clientele.c
 *		The module itself: what happens once, when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "base/clock.h"
#include "compat.h"
#include "refresh/worker.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	clientele_define_settings();
	clientele_worker_load();
	MarkGUCPrefixReserved("clientele");
}
