/*
 * clientele.c
 *		The module itself: what happens once, when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
