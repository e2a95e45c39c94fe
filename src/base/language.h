/*
 * language.h
 *		Words that people read, in the language that they ask for.
 */
#ifndef CLIENTELE_LANGUAGE_H
#define CLIENTELE_LANGUAGE_H

#include "postgres.h"

typedef struct ClienteleWords
{
	const char *english;
	const char *chinese;		/* UTF-8 */
} ClienteleWords;

/* As a text in the server's encoding; an error where the language (a text) is neither 'en' nor 'zh'. */
extern Datum clientele_words_in(const ClienteleWords *words, Datum language);

#endif							/* CLIENTELE_LANGUAGE_H */
