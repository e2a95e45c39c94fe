/*
 * reason.c
 *		Why a promotion is not to be had: a word for each reason, and what people read for it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/language.h"
#include "base/nearest_name.h"
#include "promotion/reason.h"

PG_FUNCTION_INFO_V1(clientele_reason_label);

const char *const clientele_reason_words[CLIENTELE_REASONS] = {
	[CLIENTELE_REASON_EARLY] = "early",
	[CLIENTELE_REASON_LATE] = "late",
	[CLIENTELE_REASON_DAY] = "day",
	[CLIENTELE_REASON_HOUR] = "hour",
	[CLIENTELE_REASON_BRANCH] = "branch",
	[CLIENTELE_REASON_BILL] = "bill",
	[CLIENTELE_REASON_LINES] = "lines",
	[CLIENTELE_REASON_SPEND] = "spend",
	[CLIENTELE_REASON_NOTHING] = "nothing",
	[CLIENTELE_REASON_AUDIENCE] = "audience",
	[CLIENTELE_REASON_REFUSED] = "refused",
	[CLIENTELE_REASON_HELD_OUT] = "held out",
	[CLIENTELE_REASON_EXCLUSIVE] = "exclusive",
	[CLIENTELE_REASON_PAUSED] = "paused",
	[CLIENTELE_REASON_ENDED] = "ended",
	[CLIENTELE_REASON_SOLD_OUT] = "sold out",
	[CLIENTELE_REASON_BRANCH_STOCK] = "branch stock",
	[CLIENTELE_REASON_DAY_STOCK] = "day stock",
	[CLIENTELE_REASON_BUDGET] = "budget",
	[CLIENTELE_REASON_CUSTOMER_LIMIT] = "customer limit",
	[CLIENTELE_REASON_PERIOD_LIMIT] = "period limit",
	[CLIENTELE_REASON_TEAM] = "team",
	[CLIENTELE_REASON_CODE] = "code"
};

/* What a customer may be shown: that he is one of a control group is nothing for him. */
static const ClienteleWords labels[CLIENTELE_REASONS] = {
	[CLIENTELE_REASON_EARLY] = {"has not begun", "未开始"},
	[CLIENTELE_REASON_LATE] = {"is over", "已结束"},
	[CLIENTELE_REASON_DAY] = {"not on this day", "非活动日"},
	[CLIENTELE_REASON_HOUR] = {"not at this hour", "非活动时段"},
	[CLIENTELE_REASON_BRANCH] = {"not in this branch", "非活动门店"},
	[CLIENTELE_REASON_BILL] = {"not for this bill", "账单不符合条件"},
	[CLIENTELE_REASON_LINES] = {"nothing on the bill is meant", "没有适用的项目"},
	[CLIENTELE_REASON_SPEND] = {"too little is spent", "消费未满"},
	[CLIENTELE_REASON_NOTHING] = {"there is nothing to reduce", "无可优惠"},
	[CLIENTELE_REASON_AUDIENCE] = {"not for this customer", "不在活动客群"},
	[CLIENTELE_REASON_REFUSED] = {"refuses automated decisions", "客户拒绝自动化决策"},
	[CLIENTELE_REASON_HELD_OUT] = {"not in this promotion", "不参与本活动"},
	[CLIENTELE_REASON_EXCLUSIVE] = {"not together with another on the bill", "不可与本单其他优惠同享"},
	[CLIENTELE_REASON_PAUSED] = {"paused", "已暂停"},
	[CLIENTELE_REASON_ENDED] = {"ended", "已终止"},
	[CLIENTELE_REASON_SOLD_OUT] = {"sold out", "已领完"},
	[CLIENTELE_REASON_BRANCH_STOCK] = {"sold out in this branch", "本店已领完"},
	[CLIENTELE_REASON_DAY_STOCK] = {"sold out today", "今日已领完"},
	[CLIENTELE_REASON_BUDGET] = {"budget used up", "预算已用完"},
	[CLIENTELE_REASON_CUSTOMER_LIMIT] = {"no more for this customer", "已达个人上限"},
	[CLIENTELE_REASON_PERIOD_LIMIT] = {"no more for this customer in this period", "已达本期上限"},
	[CLIENTELE_REASON_TEAM] = {"team not complete, or not open", "拼团未成或不可加入"},
	[CLIENTELE_REASON_CODE] = {"code not valid", "券码无效"}
};

static void
refuse_word(const char *word)
{
	ClienteleNearestName nearest;

	clientele_nearest_begin(&nearest, word);
	for (int i = 0; i < CLIENTELE_REASONS; i++)
		clientele_nearest_offer(&nearest, clientele_reason_words[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no reason \"%s\"", word),
			 clientele_nearest_result(&nearest) != NULL ? errhint("Perhaps you mean \"%s\".", clientele_nearest_result(&nearest)) :
			 errhint("It is one of the words that offers() answers in \"reasons\", such as 'sold out'.")));
}

/* reason_label(reason, language) */
Datum
clientele_reason_label(PG_FUNCTION_ARGS)
{
	char	   *word = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < CLIENTELE_REASONS; i++)
	{
		if (strcmp(word, clientele_reason_words[i]) == 0)
			PG_RETURN_DATUM(clientele_words_in(&labels[i], PG_GETARG_DATUM(1)));
	}
	refuse_word(word);
	PG_RETURN_NULL();
}
