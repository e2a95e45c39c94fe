/*
 * diagram.h
 *		Sets of cells, as decision diagrams.
 *
 * A space has levels, each with a few classes; a cell is one class of each level.
 * A set of cells is a diagram: nodes that ask for the class on a level, the same
 * question never twice.  So sets that thousands of millions of cells are in take a few
 * nodes, and equal sets are the same node.
 */
#ifndef CLIENTELE_DIAGRAM_H
#define CLIENTELE_DIAGRAM_H

#include "postgres.h"

typedef int ClienteleDiagram;

#define CLIENTELE_NO_CELL		0
#define CLIENTELE_EVERY_CELL	1

typedef struct ClienteleDiagrams ClienteleDiagrams;

/*
 * What a level's classes are.  Levels that cannot be relied upon come last: what they
 * ask may depend on the other levels in ways that are not known.
 */
typedef struct ClienteleLevel
{
	int			nclasses;
	bool		has_null;		/* class 0 stands for a missing value */
	bool		apart;			/* not to be relied upon */
} ClienteleLevel;

extern ClienteleDiagrams *clientele_diagrams(int nlevels, const ClienteleLevel *levels);

/* Whether the sets grew too large: then none of them says anything. */
extern bool clientele_diagrams_exhausted(const ClienteleDiagrams *diagrams);

/* The cells that have one of these classes on the level. */
extern ClienteleDiagram clientele_diagram_of(ClienteleDiagrams *diagrams, int level, const bool *classes);

extern ClienteleDiagram clientele_diagram_and(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b);
extern ClienteleDiagram clientele_diagram_or(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b);
extern ClienteleDiagram clientele_diagram_without(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b);

/* The cells that are in it whatever the classes of levels apart may be. */
extern ClienteleDiagram clientele_diagram_surely(ClienteleDiagrams *diagrams, ClienteleDiagram diagram);

/* The cells in which no value is missing. */
extern ClienteleDiagram clientele_diagram_known(ClienteleDiagrams *diagrams);

/* How many such cells are in it, levels apart left aside. */
extern double clientele_diagram_count(ClienteleDiagrams *diagrams, ClienteleDiagram diagram);

/* The level that a diagram asks for first, and what is left of it for a class there. */
extern int	clientele_diagram_level(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram);
extern ClienteleDiagram clientele_diagram_rest(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, int class);

/* Marks the levels that it asks for anywhere. */
extern void clientele_diagram_levels(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, bool *asked);

#endif							/* CLIENTELE_DIAGRAM_H */
