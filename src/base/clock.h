/*
 * clock.h
 *		What time it is for every path that evaluates.
 */
#ifndef CLIENTELE_CLOCK_H
#define CLIENTELE_CLOCK_H

#include "postgres.h"

#include "utils/timestamp.h"

/* The wall clock, or the instant that a superuser has set: SET clientele.clock. */
extern TimestampTz clientele_clock_now(void);

/* Customers whom one query may evaluate live; 0 = any number. */
extern int	clientele_live_limit;

/* Once, when the library is loaded. */
extern void clientele_define_settings(void);

#endif							/* CLIENTELE_CLOCK_H */
