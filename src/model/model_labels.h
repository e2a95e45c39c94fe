/*
 * model_labels.h
 *		The labels that a definition of a model can give.
 */
#ifndef CLIENTELE_MODEL_LABELS_H
#define CLIENTELE_MODEL_LABELS_H

#include "model/model.h"

/*
 * The label of a score (NULL: of none) in a grid's built-in scheme, in the database's
 * encoding; or NULL.  high_from 0: it is not given.
 */
extern const char *clientele_scheme_label(const ClienteleDefinition *grid, int high_from, const int *score);

/* Whether the cut points of a grid leave such a score. */
extern bool clientele_grid_has_score(const ClienteleRfmGrid *grid, int score);

/* All that a grid, a card or a ladder can give, in their own order, none twice; NULL ends them. */
extern const char **clientele_definition_labels(const ClienteleDefinition *definition);

#endif							/* CLIENTELE_MODEL_LABELS_H */
