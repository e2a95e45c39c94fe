/*
 * horizon.h
 *		Until when the values of a timed program hold.
 */
#ifndef CLIENTELE_HORIZON_H
#define CLIENTELE_HORIZON_H

#include "expression/program.h"

/*
 * At the end of binding: finds the comparisons that can be solved, and what lasts.
 * `lasting` are the registers whose readers need not ask until when they hold:
 * constants and columns, which time does not change, and those whose horizons the
 * caller heeds in any case.  (Nothing computed from them can change any sooner.)
 */
extern void clientele_horizons_prepare(ClienteleProgram *program, const ClienteleCell **lasting, int nlasting);

/* The clock of the program has been set. */
extern void clientele_horizons_set_clock(ClienteleProgram *program);

/*
 * Sets the horizons of an instruction's result in the selected rows, from its
 * operands, which the instruction has not changed yet.
 */
extern void clientele_horizons_of_result(ClienteleProgram *program, const ClienteleInstruction *at,
										 ClienteleSelection rows);

#endif							/* CLIENTELE_HORIZON_H */
