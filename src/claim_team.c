/*
 * claim_team.c
 *		Buying together: the first claim begins a team, others join it, and nobody redeems before
 *		enough are there.  Too few: all expire by themselves.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "claim.h"
#include "fresh.h"

void
clientele_team_lock(const ClienteleRequest *request, int64 team)
{
	clientele_fresh_lock(CLIENTELE_LOCK_TEAM, request->population.id, psprintf(INT64_FORMAT, team));
}

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
		elog(ERROR, "team %lld is gone", (long long) team);
	return promotion_of(&first)->joiners;
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
	else if (count >= size)
		why = psprintf("team %lld has its %d customers", (long long) team, size);
	else if (*expires_at <= now || count == 0)
		why = psprintf("the time of team %lld is over", (long long) team);
	if (why != NULL)
		clientele_reasons_add(reasons, CLIENTELE_ERRCODE_NOT_ELIGIBLE, "team", why);
	*is_complete = count + 1 >= size;
	if (*is_complete)
		*expires_at = clientele_claim_term(promotion->bound->promotion, now, asked->zone);
}

static List *
list_members(ClienteleOwnTable *claims, int64 team, TimestampTz now)
{
	List	   *members = NIL;
	ClienteleOwnRow claim;

	find_members(claims, team);
	while (clientele_own_next(claims, &claim))
	{
		int64	   *number = palloc(sizeof(int64));

		*number = DatumGetInt64(claim.values[CLAIM_ID]);
		if (clientele_claim_is_held(&claim, now))
			members = lappend(members, number);
	}
	clientele_own_found(claims);
	return members;
}

/* Equal keys are in the order of their rows in the table, so they are locked as they were claimed. */
void
clientele_team_complete(const ClienteleRequest *request, int64 team, TimestampTz expires_at)
{
	ClienteleOwnTable *claims = clientele_own_open("claim");
	ListCell   *cell;

	foreach(cell, list_members(claims, team, request->now))
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
