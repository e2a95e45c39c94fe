/*
 * rfm_cuts.h
 *		Where the bins of an RFM grid begin.
 */
#ifndef CLIENTELE_RFM_CUTS_H
#define CLIENTELE_RFM_CUTS_H

#include "fmgr.h"

#include "base/decimal.h"
#include "rfm/rfm.h"

/* The format below; every reader checks it. */
#define CLIENTELE_RFM_CUTS_VERSION 1

/* A score shows each axis as one decimal digit. */
#define CLIENTELE_RFM_MAX_BINS 9
#define CLIENTELE_RFM_MAX_CUTS (CLIENTELE_RFM_MAX_BINS - 1)

/* The order is stored. */
typedef enum ClienteleRfmAxis
{
	CLIENTELE_RECENCY,
	CLIENTELE_FREQUENCY,
	CLIENTELE_MONETARY
} ClienteleRfmAxis;

#define CLIENTELE_RFM_AXES 3

extern const char *const clientele_rfm_axis_names[CLIENTELE_RFM_AXES];

/*
 * SQL type rfm_cuts, as stored.
 *
 * The cuts follow as numerics with four-byte headers, each padded to four
 * bytes, without trailing zero decimals, ascending within an axis.  Equal
 * neighbours are allowed and mean a bin that stays empty.  One set of numbers
 * has one representation, so equality is equality of bytes.
 */
typedef struct ClienteleRfmCuts
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	uint16		version;		/* CLIENTELE_RFM_CUTS_VERSION */
	uint8		ncuts[CLIENTELE_RFM_AXES];	/* 1 .. CLIENTELE_RFM_MAX_CUTS; bins - 1 */
	uint8		unused[3];		/* zero; aligns what follows */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} ClienteleRfmCuts;

/* The same, ready for use. */
typedef struct ClienteleRfmGrid
{
	int			ncuts[CLIENTELE_RFM_AXES];
	ClienteleDecimal cuts[CLIENTELE_RFM_AXES][CLIENTELE_RFM_MAX_CUTS];
} ClienteleRfmGrid;

/* Detoasts, checks and unpacks; the grid may point into what is detoasted. */
extern void clientele_rfm_cuts_read(Datum value, ClienteleRfmGrid *grid);
extern ClienteleRfmCuts *clientele_rfm_cuts_make(const ClienteleRfmGrid *grid);

#define CLIENTELE_RFM_CUTS_HINT \
	"Write the cuts of each axis in ascending order, for example " \
	"recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000."

/* In the place of an axis's cuts: what else may stand there than a number, or NULL. */
typedef const char *ClienteleRfmFormulas[CLIENTELE_RFM_MAX_CUTS];

/*
 * The type's text form.  Parsing answers what is wrong with the text, or NULL.  With
 * formulas (the type itself has none, there they are NULL) what is no number is put there,
 * and its cut is 0.
 */
extern char *clientele_rfm_grid_parse(const char *text, ClienteleRfmGrid *grid, ClienteleRfmFormulas *formulas);
extern char *clientele_rfm_grid_print(const ClienteleRfmGrid *grid, const ClienteleRfmFormulas *formulas);

/* What is wrong with a way to find cuts, or with one to group scores; or NULL. */
extern char *clientele_rfm_method_fault(const char *method, int bins, const char **hint);
extern char *clientele_rfm_scheme_fault(const char *scheme, const int *high_from, const char **hint);

/* The most bins of an axis that a scheme can group. */
extern int	clientele_rfm_scheme_bins(const char *scheme, bool has_high_from);

/* Recency, frequency and monetary value of a summary. */
extern void clientele_rfm_values(const ClienteleRfm *rfm, const ClienteleToday *today, ClienteleDecimal *values);

/* The score of an axis, 1 .. bins; recency is reversed: few days score high. */
extern int	clientele_rfm_axis_score(const ClienteleRfmGrid *grid, ClienteleRfmAxis axis, ClienteleDecimal value);

/*
 * The group a score falls into, in UTF-8; NULL if the scheme has none for it.
 * A score of NULL is that of a customer who has none; a high_from of NULL is not
 * given.  An unknown scheme or a score that does not suit it is an error.
 */
extern const char *clientele_rfm_group_label(const char *scheme, const int *score, const int *high_from);

#endif							/* CLIENTELE_RFM_CUTS_H */
