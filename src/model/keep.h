/*
 * keep.h
 *		How a level is kept: what a ladder or a card may say of it, and which days
 *		that means.
 *
 *	{"demote_after": "12 months"}			the best level of the last 12 months
 *	{"demote_after": "keep_months months"}	the same, where a parameter is the number
 *	{"review": "yearly", "on": "04-01"}		the best level since the last 1 April
 *
 * A level is the best that the rules have given since some day began, which moves with
 * the present one: promotion is at once, demotion only when a better level is older
 * than that day.
 */
#ifndef CLIENTELE_KEEP_H
#define CLIENTELE_KEEP_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/date.h"

#include "base/json_read.h"
#include "expression/expression_tree.h"

typedef struct ClienteleKeep
{
	const ClienteleNode *number;	/* demote_after: a number or a parameter's name ... */
	ClienteleUnit unit;			/* ... of days, weeks, months or years; */
	const char *demote_after;	/* both as text; NULL = at reviews */
	const char *review;			/* yearly, quarterly, monthly; else NULL */
	int			every;			/* months from one review to the next ... */
	int			month;			/* ... of which one is on this day; where a month has no */
	int			day;			/* such day, on its last one */
} ClienteleKeep;

/* Of a definition in a model; NULL once a mistake has been reported. */
extern ClienteleKeep *clientele_keep_read(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place,
										  const ClienteleJson *value);
extern void clientele_keep_append(StringInfo out, const ClienteleKeep *keep);

/* The same for people: demote after 12 months; review yearly on 04-01. */
extern char *clientele_keep_text(const ClienteleKeep *keep);

/* The first day that counts today; `number` is that of demote_after, at least 1. */
extern DateADT clientele_keep_first_day(const ClienteleKeep *keep, int number, DateADT today);

/* The first day on which a day does not count any more; beyond all days where none is. */
extern int64 clientele_keep_lapses_on(const ClienteleKeep *keep, int number, DateADT day);

#endif							/* CLIENTELE_KEEP_H */
