/*
 * claim_team.c
 *		Buying together: the first claim begins a team, others join it, and nobody redeems before
 *		enough are there.  Too few: all expire by themselves.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/jsonb_object.h"
#include "claim/claim.h"
#include "own/fresh.h"

static void
find_members(ClienteleOwnTable *claims, int64 team)
{
	ScanKeyData key;

	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(team));
	clientele_own_find(claims, "claim_in_team", 1, &key);
}

static bool
is_there(const ClienteleOwnRow *claim, TimestampTz now)
{
	return clientele_claim_is(claim, "redeemed") || clientele_claim_is_held(claim, now);
}

/* All who ever were in it. */
static List *
list_members(ClienteleOwnTable *claims, int64 team)
{
	List	   *members = NIL;
	ClienteleOwnRow claim;

	find_members(claims, team);
	while (clientele_own_next(claims, &claim))
	{
		int64	   *number = palloc(sizeof(int64));

		*number = DatumGetInt64(claim.values[CLAIM_ID]);
		members = lappend(members, number);
	}
	clientele_own_found(claims);
	return members;
}

int
clientele_team_count(int64 team, TimestampTz now)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnRow claim;
	int			count = 0;

	find_members(claims, team);
	while (clientele_own_next(claims, &claim))
		count += is_there(&claim, now);
	clientele_own_close(claims);
	return count;
}

/* The claim that began a team; false if none did. */
static bool
get_first(int64 team, ClienteleOwnRow *first)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	bool		found = clientele_claim_get(claims, team, first) && !first->nulls[CLAIM_TEAM] &&
		DatumGetInt64(first->values[CLAIM_TEAM]) == team;

	clientele_own_close(claims);
	return found;
}

static const ClientelePromotion *
promotion_of(const ClienteleOwnRow *claim)
{
	return clientele_offered_version(DatumGetInt32(claim->values[CLAIM_PROMOTION]),
									 DatumGetInt32(claim->values[CLAIM_VERSION]))->promotion;
}

int
clientele_team_size(int64 team)
{
	ClienteleOwnRow first;

	if (!get_first(team, &first))
		clientele_refuse_gone(psprintf("team %lld", (long long) team));
	return promotion_of(&first)->joiners;
}

static bool
has_completed(ClienteleOwnTable *steps, int64 claim_id)
{
	ScanKeyData key;
	ClienteleOwnRow step;
	bool		found = false;

	clientele_own_key_equal(&key, 1, INT8OID, Int64GetDatum(claim_id));
	clientele_own_find(steps, "claim_step_of_claim", 1, &key);
	while (!found && clientele_own_next(steps, &step))
		found = !step.nulls[STEP_ANSWER] && clientele_jsonb_bool(clientele_claim_json(&step, STEP_ANSWER), CLIENTELE_COMPLETES_TEAM);
	clientele_own_found(steps);
	return found;
}

bool
clientele_team_is_complete(int64 team)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnTable *steps = clientele_own_open("claim_step");
	bool		found = false;
	ListCell   *cell;

	foreach(cell, list_members(claims, team))
		found = found || has_completed(steps, *(int64 *) lfirst(cell));
	clientele_own_close(steps);
	clientele_own_close(claims);
	return found;
}

static bool
is_member(int64 team, const char *key, TimestampTz now)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ClienteleOwnRow claim;
	bool		found = false;

	find_members(claims, team);
	while (!found && clientele_own_next(claims, &claim))
		found = is_there(&claim, now) && strcmp(clientele_claim_text(&claim, CLAIM_KEY), key) == 0;
	clientele_own_close(claims);
	return found;
}

void
clientele_team_join(const ClienteleAsked *asked, const ClienteleOffered *promotion, int64 team, ClienteleReasons *reasons,
					TimestampTz *expires_at, bool *is_complete)
{
	TimestampTz now = asked->request->now;
	ClienteleOwnRow first;
	const char *why = NULL;
	int			count;
	int			size;

	if (!get_first(team, &first) || DatumGetInt32(first.values[CLAIM_PROMOTION]) != promotion->id)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("promotion \"%s\" has no team %lld", NameStr(promotion->name), (long long) team),
				 errhint("A team's number is that of the claim that began it: see clientele.teams().")));
	size = promotion_of(&first)->joiners;
	count = clientele_team_count(team, now);
	*expires_at = DatumGetTimestampTz(first.values[CLAIM_CLAIMED_AT]) + promotion_of(&first)->within_hours * USECS_PER_HOUR;
	if (is_member(team, asked->key, now))
		why = psprintf("the customer is in team %lld already", (long long) team);
	else if (clientele_team_is_complete(team))
		why = psprintf("team %lld has its %d customers", (long long) team, size);
	else if (*expires_at <= now || count == 0)
		why = psprintf("the time of team %lld is over", (long long) team);
	if (why != NULL)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, CLIENTELE_REASON_TEAM, why);
	*is_complete = count + 1 >= size;
	if (*is_complete)
		*expires_at = clientele_claim_term(promotion->bound->promotion, now, asked->zone);
}

/* Equal keys are in the order of their rows in the table, so they are locked as they were claimed. */
void
clientele_team_complete(const ClienteleRequest *request, int64 team, TimestampTz expires_at)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ListCell   *cell;

	foreach(cell, list_members(claims, team))
	{
		int64		number = *(int64 *) lfirst(cell);
		ClienteleOwnRow claim;

		clientele_claim_lock(request->population.id, number);
		if (!clientele_claim_get(claims, number, &claim) || !clientele_claim_is_held(&claim, request->now))
			continue;
		clientele_claim_set(&claim, CLAIM_EXPIRES_AT, TimestampTzGetDatum(expires_at));
		clientele_own_update(claims, &claim);
	}
	clientele_own_close(claims);
}
