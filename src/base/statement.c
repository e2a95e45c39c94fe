/*
 * statement.c
 *		Statements of ours, run by SPI, and what they answer.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/memutils.h"

#include "base/statement.h"

uint64
clientele_run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	if (SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "a statement of clientele failed: %s", sql);
	return SPI_processed;
}

Datum
clientele_answer(int column, bool *isnull)
{
	if (SPI_processed != 1)
		elog(ERROR, "one row was expected, not " UINT64_FORMAT, SPI_processed);
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

int64
clientele_answer_int64(int column)
{
	bool		isnull;
	Datum		value = clientele_answer(column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

char *
clientele_answer_text(MemoryContext context, int column)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return value == NULL ? NULL : MemoryContextStrdup(context, value);
}
