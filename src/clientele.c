/*
 * clientele.c
 *		The module itself: what happens once, when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "clock.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	clientele_define_settings();
}
