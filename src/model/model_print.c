/*
 * model_print.c
 *		A model's canonical text.
 *
 * As a scorecard's: keys stand in one order, defaults are left out.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "model/model.h"

static void
append_int(StringInfo out, const char *key, int value)
{
	clientele_json_append_number(out, key, clientele_decimal_from_int64(value));
}

/* Microseconds, as seconds. */
static void
append_seconds(StringInfo out, const char *key, int64 microseconds)
{
	ClienteleDecimal seconds;

	seconds.u.units = microseconds;
	seconds.scale = 6;
	clientele_json_append_number(out, key, seconds);
}

static void
append_source(StringInfo out, const ClienteleModelSource *source)
{
	appendStringInfoChar(out, '{');
	clientele_json_append_text(out, "name", source->name);
	clientele_json_append_text(out, "amount", source->amount);
	if (source->revenue)
	{
		clientele_json_append_key(out, "revenue");
		appendStringInfoString(out, "true");
	}
	clientele_json_append_text(out, "branch", source->branch);
	clientele_json_append_text(out, "filter", source->filter);
	if (source->future_tolerance != 0)
		append_seconds(out, "future_tolerance", source->future_tolerance);
	appendStringInfoChar(out, '}');
}

static void
append_rungs(StringInfo out, const char *key, const ClienteleDefinition *definition)
{
	clientele_json_append_key(out, key);
	for (int i = 0; i < definition->nrungs; i++)
	{
		appendStringInfoString(out, i == 0 ? "[{" : ", {");
		clientele_json_append_text(out, "label", definition->rungs[i].label);
		clientele_json_append_text(out, "when", definition->rungs[i].when);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

static void
append_parameter(StringInfo out, const ClienteleDefinition *parameter)
{
	clientele_json_append_key(out, "value");
	appendStringInfoString(out, parameter->expression);
	if (parameter->nbranches == 0)
		return;
	clientele_json_append_key(out, "branches");
	appendStringInfoChar(out, '{');
	for (int i = 0; i < parameter->nbranches; i++)
	{
		clientele_json_append_key(out, parameter->branches[i].branch);
		appendStringInfoString(out, parameter->branches[i].value);
	}
	appendStringInfoChar(out, '}');
}

static void
append_grid(StringInfo out, const ClienteleDefinition *grid)
{
	for (int axis = 0; axis < CLIENTELE_RFM_AXES; axis++)
		clientele_json_append_text(out, clientele_rfm_axis_names[axis], grid->axes[axis]);
	append_int(out, "bins", grid->bins);
	clientele_json_append_text(out, "method", grid->method);
	if (grid->has_cuts)
		clientele_json_append_text(out, "cuts", clientele_rfm_grid_print(&grid->cuts, grid->cut_formulas));
	clientele_json_append_text(out, "calibrated_at", grid->calibrated_at);
	clientele_json_append_text(out, "scheme", grid->scheme);
	clientele_json_append_text(out, "high_from", grid->high_from_formula);
	if (grid->high_from != 0)
		append_int(out, "high_from", grid->high_from);
	if (grid->nrungs > 0)
		append_rungs(out, "groups", grid);
}

static void
append_definition(StringInfo out, const ClienteleDefinition *definition)
{
	appendStringInfoChar(out, '{');
	clientele_json_append_text(out, "kind", clientele_definition_kinds[definition->kind]);
	clientele_json_append_text(out, "name", definition->name);
	switch (definition->kind)
	{
		case CLIENTELE_PARAMETER:
			append_parameter(out, definition);
			break;
		case CLIENTELE_METRIC:
			clientele_json_append_text(out, "value", definition->expression);
			if (definition->scale != CLIENTELE_METRIC_SCALE)
				append_int(out, "scale", definition->scale);
			break;
		case CLIENTELE_RFM_GRID:
			append_grid(out, definition);
			break;
		case CLIENTELE_CARD:
			clientele_json_append_key(out, "card");
			appendStringInfoString(out, clientele_scorecard_print(definition->card));
			if (definition->keep)
				clientele_keep_append(out, definition->keep);
			break;
		case CLIENTELE_LADDER:
			append_rungs(out, "rules", definition);
			if (definition->keep)
				clientele_keep_append(out, definition->keep);
			break;
		case CLIENTELE_TAG:
			clientele_json_append_text(out, "when", definition->expression);
			clientele_json_append_text(out, "family", definition->family);
			break;
	}
	appendStringInfoChar(out, '}');
}

char *
clientele_model_print(const ClienteleModel *model)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	clientele_json_append_text(&out, "time_zone", model->time_zone);
	clientele_json_append_text(&out, "branch", model->branch);
	clientele_json_append_key(&out, "sources");
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < model->nsources; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		append_source(&out, &model->sources[i]);
	}
	appendStringInfoChar(&out, ']');
	clientele_json_append_key(&out, "definitions");
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < model->ndefinitions; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		append_definition(&out, &model->definitions[i]);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

char *
clientele_definition_print(const ClienteleDefinition *definition)
{
	StringInfoData out;

	initStringInfo(&out);
	append_definition(&out, definition);
	return out.data;
}
