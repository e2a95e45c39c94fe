/*
 * mark.h
 *		The mark table of a population: whose profile may have changed.
 *
 *		clientele_data."<population>_mark" (key K, link int2, link_key text)
 *
 * with a btree index on key; append-only, until a refresh deletes what it takes.
 * A mark is of one of three kinds:
 *
 *		key			that customer
 *		link		all customers to whom the row of clientele.link with that number
 *					leads from link_key; who they are is for the reader to find out,
 *					with his own snapshot
 *		neither		everyone
 *
 * Reading and writing asks for no right on the table and takes no predicate lock.
 */
#ifndef CLIENTELE_MARK_H
#define CLIENTELE_MARK_H

#include "postgres.h"

#include "utils/snapshot.h"

/* ---------- keys ---------- */

/* Types of one family hold the same keys: an int4 column leads to a bigint key. */
typedef enum ClienteleKeyFamily
{
	CLIENTELE_KEY_NONE,			/* not a type for keys */
	CLIENTELE_KEY_INTEGER,		/* int2, int4, int8 */
	CLIENTELE_KEY_UUID,
	CLIENTELE_KEY_TEXT			/* text, varchar */
} ClienteleKeyFamily;

extern ClienteleKeyFamily clientele_key_family(Oid type);

/*
 * A key longer than this is not written, because the index might refuse it: what
 * it would mark is marked by "everyone".
 */
#define CLIENTELE_MARK_KEY_MAX 2000

/* ---------- writing ---------- */

/* The mark table of a population, by the population's name; InvalidOid = none. */
extern Oid	clientele_mark_relation(const char *population);

/*
 * Appends a mark, visible from the next command on.  Where the table is gone, or not
 * as it was made, nothing happens: whose write this is must not fail, and reading
 * will.  A key that is not of the table's type (of a domain, its base type) marks
 * everyone.
 */
extern void clientele_mark_key(Oid mark_relation, Oid key_type, Datum key);

/*
 * Many at once, best in the order of the index.  They are visible to every snapshot of
 * this transaction that could see what they are about, also to one already taken: as if
 * they had been made before.
 */
extern void clientele_mark_keys(Oid mark_relation, Oid key_type, const Datum *keys, int count);
extern void clientele_mark_link(Oid mark_relation, int16 link, Datum link_key);
extern void clientele_mark_everyone(Oid mark_relation);

/* ---------- reading ---------- */

typedef struct ClienteleMarks ClienteleMarks;

typedef struct ClienteleMark
{
	bool		has_key;		/* else a link, or everyone */
	Datum		key;			/* of the table's own type */
	bool		has_link;
	int16		link;
	const char *link_key;
} ClienteleMark;

/*
 * The marks that a snapshot sees; it stays registered or active until the close.
 * Which links and whether everyone is marked is read at once.
 */
extern ClienteleMarks *clientele_marks_open(Oid mark_relation, Snapshot snapshot);
extern Oid	clientele_marks_key_type(const ClienteleMarks *marks);
extern bool clientele_marks_everyone(const ClienteleMarks *marks);

/* The links; each has has_link set. */
extern const ClienteleMark *clientele_marks_links(const ClienteleMarks *marks, int *count);

/* Whether there is a mark of this very key; links and everyone are not asked. */
extern bool clientele_marks_probe(const ClienteleMarks *marks, Datum key);

/*
 * Every mark of any kind, in no order, a customer once or several times.  What it
 * points to lasts until the next call.  False after the last.
 */
extern bool clientele_marks_next(ClienteleMarks *marks, ClienteleMark *mark);

extern void clientele_marks_close(ClienteleMarks *marks);

#endif							/* CLIENTELE_MARK_H */
