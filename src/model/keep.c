/*
 * keep.c
 *		How a level is kept: what a ladder or a card may say of it, and which days
 *		that means.
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "base/json_write.h"
#include "base/local_time.h"
#include "model/keep.h"

#define KEEP_HINT \
	"Write {\"demote_after\": \"12 months\"}, or {\"review\": \"yearly\", \"on\": \"01-01\"}."
#define LENGTH_HINT \
	"Write a number or a parameter, and days, weeks, months or years: \"12 months\", \"keep_months months\"."

enum KeepKey
{
	KEEP_DEMOTE_AFTER, KEEP_REVIEW, KEEP_ON, KEEP_KEYS
};
static const char *const keep_keys[KEEP_KEYS] = {"demote_after", "review", "on"};
static const ClienteleJsonShape keep_shape = {KEEP_KEYS, keep_keys, KEEP_HINT};

static const struct
{
	const char *one;
	const char *many;
	ClienteleUnit unit;
}			calendar_units[] = {
	{"day", "days", CLIENTELE_DAYS},
	{"week", "weeks", CLIENTELE_WEEKS},
	{"month", "months", CLIENTELE_MONTHS},
	{"year", "years", CLIENTELE_YEARS}
};

static const struct
{
	const char *word;
	int			months;
}			reviews[] = {
	{"yearly", 12},
	{"quarterly", 3},
	{"monthly", 1}
};

/* ---------- reading ---------- */

/* "12 months": the unit is the last word, and what stands before it is its number. */
static bool
read_length(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place, const ClienteleJson *value,
			ClienteleKeep *keep)
{
	const char *text;
	const char *space;
	const char *canonical;
	const ClienteleNode *number;
	ClienteleJson before = *value;
	int			unit = 0;

	if (!clientele_json_read_text(reader, place, value, &text))
		return false;
	space = strrchr(text, ' ');
	while (space && unit < (int) lengthof(calendar_units) &&
		   strcmp(space + 1, calendar_units[unit].one) != 0 && strcmp(space + 1, calendar_units[unit].many) != 0)
		unit++;
	if (space == NULL || unit == (int) lengthof(calendar_units))
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, LENGTH_HINT,
									 psprintf("%s is no length of calendar time", clientele_json_show(value)));
	before.text = pnstrdup(text, space - text);
	if (!clientele_json_read_expression(reader, place, &before, &canonical))
		return false;
	number = clientele_expression_parse(canonical, NULL);
	if (!(number->kind == CLIENTELE_NODE_NAME && number->next_name == NULL) &&
		!(number->kind == CLIENTELE_NODE_NUMBER && strspn(canonical, "0123456789") == strlen(canonical) &&
		  strlen(canonical) <= 6 && strcmp(canonical, "0") != 0))
		return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, LENGTH_HINT,
									 psprintf("%s is no whole number from 1 to 999999", clientele_json_show_text(canonical)));
	keep->number = number;
	keep->unit = calendar_units[unit].unit;
	keep->demote_after = psprintf("%s %s", canonical,
								  strcmp(canonical, "1") == 0 ? calendar_units[unit].one : calendar_units[unit].many);
	return true;
}

static bool
read_review(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place, const ClienteleJson *value,
			ClienteleKeep *keep)
{
	if (!clientele_json_read_text(reader, place, value, &keep->review))
		return false;
	for (int i = 0; i < (int) lengthof(reviews); i++)
	{
		if (strcmp(keep->review, reviews[i].word) == 0)
			keep->every = reviews[i].months;
	}
	return keep->every > 0 ||
		clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
							  "Write \"yearly\", \"quarterly\" or \"monthly\".",
							  psprintf("unknown word %s", clientele_json_show(value)));
}

/* "04-01"; a leap year has every day that there is. */
static bool
read_on(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place, const ClienteleJson *value,
		ClienteleKeep *keep)
{
	const char *text;

	keep->month = keep->day = 1;
	if (value == NULL)
		return true;
	if (!clientele_json_read_text(reader, place, value, &text))
		return false;
	if (strlen(text) == 5 && text[2] == '-' && strspn(text, "0123456789") == 2 && strspn(text + 3, "0123456789") == 2)
	{
		keep->month = (text[0] - '0') * 10 + text[1] - '0';
		keep->day = (text[3] - '0') * 10 + text[4] - '0';
		if (keep->month >= 1 && keep->month <= 12 && keep->day >= 1 && keep->day <= day_tab[1][keep->month - 1])
			return true;
	}
	return clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE,
								 "Write a month and a day of it, such as \"04-01\".",
								 psprintf("%s is no day of a year", clientele_json_show(value)));
}

ClienteleKeep *
clientele_keep_read(const ClienteleJsonReader *reader, const ClienteleJsonPlace *place, const ClienteleJson *value)
{
	ClienteleJsonPlace demote_after = {place, keep_keys[KEEP_DEMOTE_AFTER], 0, NULL};
	ClienteleJsonPlace review = {place, keep_keys[KEEP_REVIEW], 0, NULL};
	ClienteleJsonPlace on = {place, keep_keys[KEEP_ON], 0, NULL};
	const ClienteleJson *members[KEEP_KEYS];
	ClienteleKeep *keep = palloc0(sizeof(ClienteleKeep));
	bool		read;

	if (!clientele_json_read_object(reader, place, value, &keep_shape, members))
		return NULL;
	if ((members[KEEP_DEMOTE_AFTER] == NULL) == (members[KEEP_REVIEW] == NULL))
		read = clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, KEEP_HINT,
									 members[KEEP_REVIEW] == NULL ? "neither \"demote_after\" nor \"review\"" :
									 "both \"demote_after\" and \"review\"");
	else if (members[KEEP_DEMOTE_AFTER] != NULL && members[KEEP_ON] != NULL)
		read = clientele_json_refuse(reader, place, ERRCODE_INVALID_PARAMETER_VALUE, KEEP_HINT,
									 "\"on\" beside \"demote_after\"");
	else if (members[KEEP_DEMOTE_AFTER] != NULL)
		read = read_length(reader, &demote_after, members[KEEP_DEMOTE_AFTER], keep);
	else
		read = read_review(reader, &review, members[KEEP_REVIEW], keep) &&
			read_on(reader, &on, members[KEEP_ON], keep);
	return read ? keep : NULL;
}

/* ---------- writing ---------- */

static char *
on_text(const ClienteleKeep *keep)
{
	return psprintf("%02d-%02d", keep->month, keep->day);
}

void
clientele_keep_append(StringInfo out, const ClienteleKeep *keep)
{
	clientele_json_append_key(out, "keep");
	appendStringInfoChar(out, '{');
	clientele_json_append_text(out, "demote_after", keep->demote_after);
	clientele_json_append_text(out, "review", keep->review);
	if (keep->review && (keep->month != 1 || keep->day != 1))
		clientele_json_append_text(out, "on", on_text(keep));
	appendStringInfoChar(out, '}');
}

char *
clientele_keep_text(const ClienteleKeep *keep)
{
	return keep->review ? psprintf("review %s on %s", keep->review, on_text(keep)) :
		psprintf("demote after %s", keep->demote_after);
}

/* ---------- days ---------- */

/* Months are numbered from year 0 on. */
static int64
month_number(DateADT day)
{
	int			year;
	int			month;
	int			day_of_month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
	return year * INT64CONST(12) + month - 1;
}

/* The day of the review in a month that has one. */
static DateADT
review_in(const ClienteleKeep *keep, int64 number)
{
	int			year = (int) (number >= 0 ? number / 12 : -((11 - number) / 12));
	int			month = (int) (number - year * INT64CONST(12)) + 1;

	return date2j(year, month, Min(keep->day, day_tab[isleap(year)][month - 1])) - POSTGRES_EPOCH_JDATE;
}

/* The month of the last review that is not after a day. */
static int64
last_review(const ClienteleKeep *keep, DateADT day)
{
	int64		month = month_number(day);
	int64		beyond = (month - (keep->month - 1)) % keep->every;

	month -= beyond < 0 ? beyond + keep->every : beyond;
	return review_in(keep, month) <= day ? month : month - keep->every;
}

DateADT
clientele_keep_first_day(const ClienteleKeep *keep, int number, DateADT today)
{
	DateADT		day;

	if (keep->review)
		return review_in(keep, last_review(keep, today));
	day = clientele_day_before(today, keep->unit, number);
	return DATE_NOT_FINITE(day) ? day : day + 1;
}

int64
clientele_keep_lapses_on(const ClienteleKeep *keep, int number, DateADT day)
{
	if (keep->review)
		return review_in(keep, last_review(keep, day) + keep->every);
	return clientele_first_day_since(day, keep->unit, number);
}
