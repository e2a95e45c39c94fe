/*
 * diagram.c
 *		Sets of cells, as decision diagrams.
 *
 * Node 0 is the empty set, node 1 all cells.  Every other node has a level, and for
 * each of its classes the node that decides the rest, on a later level.  A node whose
 * rests are all the same is that rest, and no two nodes are alike.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"

#include "compat.h"
#include "lint/diagram.h"

/* Rules that people write need a few thousand; past this, a check says that it cannot tell. */
#define MOST_NODES		200000
#define MOST_STEPS		5000000

typedef enum Operation
{
	AND,
	OR,
	WITHOUT,
	SURELY						/* of the first operand alone */
} Operation;

typedef struct DiagramNode
{
	int			level;
	ClienteleDiagram *rests;
} DiagramNode;

/* What an operation has come to; one that meets it in the same place overwrites it. */
typedef struct DiagramResult
{
	Operation	operation;
	ClienteleDiagram a;
	ClienteleDiagram b;
	ClienteleDiagram result;
	bool		filled;
} DiagramResult;

#define RESULTS 16384

struct ClienteleDiagrams
{
	int			nlevels;
	const ClienteleLevel *levels;
	DiagramNode *nodes;
	int			nnodes;
	int			allocated;
	ClienteleDiagram *slots;	/* nodes by what they are; 0 = free */
	int			nslots;			/* a power of two */
	DiagramResult *results;
	int64		steps;
	bool		exhausted;
};

ClienteleDiagrams *
clientele_diagrams(int nlevels, const ClienteleLevel *levels)
{
	ClienteleDiagrams *diagrams = palloc0(sizeof(ClienteleDiagrams));

	diagrams->nlevels = nlevels;
	diagrams->levels = levels;
	diagrams->allocated = 256;
	diagrams->nodes = palloc(mul_size(sizeof(DiagramNode), diagrams->allocated));
	diagrams->nslots = 1024;
	diagrams->slots = palloc0(mul_size(sizeof(ClienteleDiagram), diagrams->nslots));
	diagrams->results = palloc0(mul_size(sizeof(DiagramResult), RESULTS));
	diagrams->nnodes = 2;
	diagrams->nodes[CLIENTELE_NO_CELL].level = diagrams->nodes[CLIENTELE_EVERY_CELL].level = nlevels;
	return diagrams;
}

bool
clientele_diagrams_exhausted(const ClienteleDiagrams *diagrams)
{
	return diagrams->exhausted;
}

int
clientele_diagram_level(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram)
{
	return diagrams->nodes[diagram].level;
}

ClienteleDiagram
clientele_diagram_rest(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, int class)
{
	return diagrams->nodes[diagram].rests[class];
}

/* ---------- nodes ---------- */

static uint32
hash_node(const ClienteleDiagrams *diagrams, int level, const ClienteleDiagram *rests)
{
	return hash_combine(hash_bytes_uint32((uint32) level),
						hash_bytes((const unsigned char *) rests,
								   (int) (sizeof(ClienteleDiagram) * diagrams->levels[level].nclasses)));
}

/* Where a node like that is, or would be. */
static int
find_slot(const ClienteleDiagrams *diagrams, int level, const ClienteleDiagram *rests)
{
	int			slot = (int) (hash_node(diagrams, level, rests) & (uint32) (diagrams->nslots - 1));

	while (diagrams->slots[slot] != 0)
	{
		const DiagramNode *node = &diagrams->nodes[diagrams->slots[slot]];

		if (node->level == level &&
			memcmp(node->rests, rests, sizeof(ClienteleDiagram) * diagrams->levels[level].nclasses) == 0)
			break;
		slot = (slot + 1) & (diagrams->nslots - 1);
	}
	return slot;
}

static void
enlarge(ClienteleDiagrams *diagrams)
{
	diagrams->allocated *= 2;
	diagrams->nodes = repalloc(diagrams->nodes, mul_size(sizeof(DiagramNode), diagrams->allocated));
	diagrams->nslots *= 2;
	pfree(diagrams->slots);
	diagrams->slots = palloc0(mul_size(sizeof(ClienteleDiagram), diagrams->nslots));
	for (int i = 2; i < diagrams->nnodes; i++)
		diagrams->slots[find_slot(diagrams, diagrams->nodes[i].level, diagrams->nodes[i].rests)] = i;
}

/* The node of that level with these rests, which are ours to keep. */
static ClienteleDiagram
make_node(ClienteleDiagrams *diagrams, int level, ClienteleDiagram *rests)
{
	bool		is_same = true;
	int			slot;

	for (int i = 1; i < diagrams->levels[level].nclasses; i++)
		is_same = is_same && rests[i] == rests[0];
	if (is_same)
		return rests[0];

	slot = find_slot(diagrams, level, rests);
	if (diagrams->slots[slot] != 0)
		return diagrams->slots[slot];
	if (diagrams->nnodes == MOST_NODES)
	{
		diagrams->exhausted = true;
		return CLIENTELE_NO_CELL;
	}
	if (diagrams->nnodes == diagrams->allocated)
	{
		enlarge(diagrams);
		slot = find_slot(diagrams, level, rests);
	}
	diagrams->nodes[diagrams->nnodes].level = level;
	diagrams->nodes[diagrams->nnodes].rests = rests;
	return diagrams->slots[slot] = diagrams->nnodes++;
}

ClienteleDiagram
clientele_diagram_of(ClienteleDiagrams *diagrams, int level, const bool *classes)
{
	int			nclasses = diagrams->levels[level].nclasses;
	ClienteleDiagram *rests = palloc(mul_size(sizeof(ClienteleDiagram), nclasses));

	for (int i = 0; i < nclasses; i++)
		rests[i] = classes[i] ? CLIENTELE_EVERY_CELL : CLIENTELE_NO_CELL;
	return make_node(diagrams, level, rests);
}

/* ---------- operations ---------- */

/* Where the answer can be seen at once. */
static bool
is_plain(Operation operation, ClienteleDiagram a, ClienteleDiagram b, ClienteleDiagram *result)
{
	switch (operation)
	{
		case AND:
			*result = a == CLIENTELE_EVERY_CELL ? b : a;
			return a == b || a <= CLIENTELE_EVERY_CELL || b == CLIENTELE_EVERY_CELL ||
				(b == CLIENTELE_NO_CELL && (*result = b) == b);
		case OR:
			*result = a == CLIENTELE_NO_CELL ? b : a;
			return a == b || a <= CLIENTELE_EVERY_CELL || b == CLIENTELE_NO_CELL ||
				(b == CLIENTELE_EVERY_CELL && (*result = b) == b);
		case WITHOUT:
			*result = b == CLIENTELE_NO_CELL ? a : CLIENTELE_NO_CELL;
			return a == b || a == CLIENTELE_NO_CELL || b <= CLIENTELE_EVERY_CELL;
		case SURELY:
			*result = a;
			return a <= CLIENTELE_EVERY_CELL;
	}
	return false;
}

static ClienteleDiagram
rest_of(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, int level, int class)
{
	return diagrams->nodes[diagram].level == level ? diagrams->nodes[diagram].rests[class] : diagram;
}

static ClienteleDiagram
apply(ClienteleDiagrams *diagrams, Operation operation, ClienteleDiagram a, ClienteleDiagram b)
{
	int			level = Min(diagrams->nodes[a].level, diagrams->nodes[b].level);
	uint32		place;
	ClienteleDiagram result;
	ClienteleDiagram *rests;

	if (is_plain(operation, a, b, &result))
		return result;
	if (operation == SURELY && diagrams->levels[level].apart)
		return CLIENTELE_NO_CELL;
	if (diagrams->exhausted || ++diagrams->steps > MOST_STEPS)
	{
		diagrams->exhausted = true;
		return CLIENTELE_NO_CELL;
	}
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	place = hash_combine(hash_bytes_uint32((uint32) a * 4 + operation), hash_bytes_uint32((uint32) b)) % RESULTS;
	if (diagrams->results[place].filled && diagrams->results[place].operation == operation &&
		diagrams->results[place].a == a && diagrams->results[place].b == b)
		return diagrams->results[place].result;

	rests = palloc(mul_size(sizeof(ClienteleDiagram), diagrams->levels[level].nclasses));
	for (int class = 0; class < diagrams->levels[level].nclasses; class++)
		rests[class] = apply(diagrams, operation, rest_of(diagrams, a, level, class), rest_of(diagrams, b, level, class));
	result = make_node(diagrams, level, rests);
	diagrams->results[place] = (DiagramResult) {operation, a, b, result, true};
	return result;
}

ClienteleDiagram
clientele_diagram_and(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b)
{
	return apply(diagrams, AND, a, b);
}

ClienteleDiagram
clientele_diagram_or(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b)
{
	return apply(diagrams, OR, a, b);
}

ClienteleDiagram
clientele_diagram_without(ClienteleDiagrams *diagrams, ClienteleDiagram a, ClienteleDiagram b)
{
	return apply(diagrams, WITHOUT, a, b);
}

/* Levels apart come last: a node there decides by one of them. */
ClienteleDiagram
clientele_diagram_surely(ClienteleDiagrams *diagrams, ClienteleDiagram diagram)
{
	return apply(diagrams, SURELY, diagram, diagram);
}

ClienteleDiagram
clientele_diagram_known(ClienteleDiagrams *diagrams)
{
	ClienteleDiagram known = CLIENTELE_EVERY_CELL;

	for (int level = 0; level < diagrams->nlevels; level++)
	{
		bool	   *classes;

		if (!diagrams->levels[level].has_null || diagrams->levels[level].apart)
			continue;
		classes = palloc(mul_size(sizeof(bool), diagrams->levels[level].nclasses));
		memset(classes, true, mul_size(sizeof(bool), diagrams->levels[level].nclasses));
		classes[0] = false;
		known = clientele_diagram_and(diagrams, known, clientele_diagram_of(diagrams, level, classes));
	}
	return known;
}

/* ---------- counting ---------- */

static int
first_known(const ClienteleLevel *level)
{
	return level->has_null ? 1 : 0;
}

/* The known cells of the levels from `level` up to `end`, not included. */
static double
cells_between(const ClienteleDiagrams *diagrams, int level, int end)
{
	double		cells = 1;

	for (; level < end && !diagrams->levels[level].apart; level++)
		cells *= diagrams->levels[level].nclasses - first_known(&diagrams->levels[level]);
	return cells;
}

/* Those of its own level and the later ones; counts below 0 are not known yet. */
static double
count_below(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, double *counts)
{
	const DiagramNode *node = &diagrams->nodes[diagram];
	double		count = 0;

	if (diagram <= CLIENTELE_EVERY_CELL)
		return diagram;
	if (counts[diagram] >= 0)
		return counts[diagram];
	check_stack_depth();
	for (int class = first_known(&diagrams->levels[node->level]); class < diagrams->levels[node->level].nclasses; class++)
		count += count_below(diagrams, node->rests[class], counts) *
			cells_between(diagrams, node->level + 1, diagrams->nodes[node->rests[class]].level);
	return counts[diagram] = count;
}

double
clientele_diagram_count(ClienteleDiagrams *diagrams, ClienteleDiagram diagram)
{
	double	   *counts;
	double		count;

	diagram = clientele_diagram_surely(diagrams, diagram);
	if (diagrams->exhausted)
		return 0;
	counts = palloc(mul_size(sizeof(double), diagrams->nnodes));
	for (int i = 0; i < diagrams->nnodes; i++)
		counts[i] = -1;
	count = count_below(diagrams, diagram, counts) * cells_between(diagrams, 0, diagrams->nodes[diagram].level);
	pfree(counts);
	return count;
}

/* ---------- what it asks ---------- */

static void
mark_levels(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, bool *asked, bool *seen)
{
	const DiagramNode *node = &diagrams->nodes[diagram];

	if (diagram <= CLIENTELE_EVERY_CELL || seen[diagram])
		return;
	check_stack_depth();
	seen[diagram] = asked[node->level] = true;
	for (int class = 0; class < diagrams->levels[node->level].nclasses; class++)
		mark_levels(diagrams, node->rests[class], asked, seen);
}

void
clientele_diagram_levels(const ClienteleDiagrams *diagrams, ClienteleDiagram diagram, bool *asked)
{
	bool	   *seen = palloc0(mul_size(sizeof(bool), diagrams->nnodes));

	mark_levels(diagrams, diagram, asked, seen);
	pfree(seen);
}
