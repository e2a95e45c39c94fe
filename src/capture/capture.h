/*
 * capture.h
 *		A change in a clinic's table becomes a mark.
 */
#ifndef CLIENTELE_CAPTURE_H
#define CLIENTELE_CAPTURE_H

#include "postgres.h"

/* What the triggers on a relation are called. */
#define CLIENTELE_ROW_TRIGGER "clientele_capture"
#define CLIENTELE_TRUNCATE_TRIGGER "clientele_capture_truncate"

/*
 * Of many customers marked by one transaction, most wait in memory.  Whoever reads marks
 * calls this first, and before parallel workers begin to; the end of the transaction does.
 */
extern void clientele_capture_write(void);

/*
 * A transaction marks a customer once.  Whoever takes marks away calls this
 * first, so that a later change in his own transaction marks again.
 */
extern void clientele_capture_forget(void);

/* Whether a relation, or a partitioned table that it is part of, is watched. */
extern bool clientele_capture_is_watched(Oid relation);

/*
 * Backends that know what to do for a relation, and for its partitions, read it
 * anew: at their next change after this transaction has committed.
 */
extern void clientele_watch_changed(Oid relation);

/* Takes from a table what would keep it from being attached to another. */
extern void clientele_capture_make_way(Oid whole, Oid part);

#endif							/* CLIENTELE_CAPTURE_H */
