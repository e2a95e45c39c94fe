/*
 * text_length.h
 *		How long a text may be by which something is looked up.
 */
#ifndef CLIENTELE_TEXT_LENGTH_H
#define CLIENTELE_TEXT_LENGTH_H

#include "postgres.h"

/* Bytes: what an index of ours has of three such texts fits into one of its pages, as the server divides them. */
#define CLIENTELE_LONGEST_TEXT 800

/* An error if it is longer; `what` it is: "request_id". */
extern void clientele_text_check_length(const char *what, const char *text);

#endif							/* CLIENTELE_TEXT_LENGTH_H */
