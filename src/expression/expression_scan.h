/*
 * expression_scan.h
 *		The scanner as the grammar sees it.
 */
#ifndef CLIENTELE_EXPRESSION_SCAN_H
#define CLIENTELE_EXPRESSION_SCAN_H

#include "expression/expression_parse.h"
#include "expression/expression_gram.h"

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif

extern yyscan_t clientele_scanner_open(ClienteleParser *parser);
extern void clientele_scanner_close(yyscan_t scanner);
extern int	clientele_yylex(CLIENTELE_YYSTYPE *yylval, ClienteleLocation *yylloc, yyscan_t yyscanner);

#endif							/* CLIENTELE_EXPRESSION_SCAN_H */
