
-- Templates: definitions that a clinic starts from, filled with the names of its own tables.
--
-- A template is JSON: roles (what a clinic may have), labels in two languages, parameters, and
-- definitions in an order in which each comes after those it names; of several with one name the
-- first that can be had is taken.  {role} stands for a source, {role.key} for a column or
-- condition of it, {=key} for a label.  "needs" names what else must be there.  What cannot be
-- had is left out, by itself where it stands in a list: a rung, a characteristic, a bin.
-- Labels are escaped, because this script is ASCII.

CREATE FUNCTION clientele.template(name text) RETURNS json
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $template$
BEGIN
    IF name <> 'medical_aesthetics' THEN
        RAISE undefined_object USING
            MESSAGE = format('there is no template "%s"', name),
            HINT = 'There is one: medical_aesthetics.';
    END IF;
    RETURN $json$
{"roles": {
  "customer": {"birthday": {"type": "value", "en": "date of birth"}, "registered_at": {"type": "value", "en": "when the customer left her number"}, "budget": {"type": "value", "en": "what she has said she would spend"}, "consent": {"type": "value", "en": "whether she lets the clinic write to her"}},
  "payment": {"source": {"type": "source", "en": "the name of the source"}, "amount": {"type": "column", "en": "money paid; if left out, the amount of the source"}, "is_sale": {"type": "condition", "en": "a purchase; if left out, an amount above 0"}, "is_revenue": {"type": "condition", "en": "money earned, refunds included; if left out, any amount"}, "is_refund": {"type": "condition", "en": "a refund"}, "is_deposit": {"type": "condition", "en": "a deposit"}, "is_top_up": {"type": "condition", "en": "a top-up of stored value"}, "is_repayment": {"type": "condition", "en": "a debt repaid"}, "is_surgery": {"type": "condition", "en": "a surgical purchase"}, "list_amount": {"type": "column", "en": "the price without discount"}, "owed": {"type": "column", "en": "what remains to be paid"}, "category": {"type": "column", "en": "line of work"}, "sessions": {"type": "column", "en": "sessions that it pays for"}},
  "visit": {"source": {"type": "source", "en": "the name of the source"}, "is_consult": {"type": "condition", "en": "a consultation by a doctor"}},
  "consultation": {"source": {"type": "source", "en": "the name of the source"}, "named_budget": {"type": "condition", "en": "the customer named a budget"}, "is_surgery": {"type": "condition", "en": "about surgery"}},
  "reading": {"source": {"type": "source", "en": "the name of the source"}, "is_anti_ageing": {"type": "condition", "en": "an article about anti-ageing"}},
  "treatment": {"source": {"type": "source", "en": "the name of the source"}},
  "referral": {"source": {"type": "source", "en": "the name of the source"}},
  "survey": {"source": {"type": "source", "en": "the name of the source"}, "recommend": {"type": "column", "en": "0 to 10: would recommend the clinic"}},
  "complaint": {"source": {"type": "source", "en": "the name of the source"}, "is_open": {"type": "condition", "en": "not closed yet"}}
}, "labels": {
  "important_value": {"en": "important: value", "zh": "\u91cd\u8981\u4ef7\u503c"},
  "important_keep": {"en": "important: keep", "zh": "\u91cd\u8981\u4fdd\u6301"},
  "important_develop": {"en": "important: develop", "zh": "\u91cd\u8981\u53d1\u5c55"},
  "important_win_back": {"en": "important: win back", "zh": "\u91cd\u8981\u633d\u7559"},
  "general_value": {"en": "general: value", "zh": "\u4e00\u822c\u4ef7\u503c"},
  "general_keep": {"en": "general: keep", "zh": "\u4e00\u822c\u4fdd\u6301"},
  "general_develop": {"en": "general: develop", "zh": "\u4e00\u822c\u53d1\u5c55"},
  "general_win_back": {"en": "general: win back", "zh": "\u4e00\u822c\u633d\u7559"},
  "no_purchase": {"en": "no purchase", "zh": "\u672a\u6210\u4ea4"},
  "t_strategic": {"en": "strategic", "zh": "\u6218\u7565"},
  "t_value": {"en": "value", "zh": "\u4ef7\u503c"},
  "t_nurture": {"en": "nurture", "zh": "\u57f9\u80b2"},
  "t_wake": {"en": "wake-up", "zh": "\u5524\u9192"},
  "v_strategic": {"en": "strategic", "zh": "\u6218\u7565"},
  "v_profit": {"en": "profit", "zh": "\u5229\u6da6"},
  "v_potential": {"en": "potential", "zh": "\u6f5c\u529b"},
  "v_ordinary": {"en": "ordinary", "zh": "\u666e\u901a"},
  "s_lead": {"en": "lead", "zh": "\u7ebf\u7d22"},
  "s_first": {"en": "first consult", "zh": "\u521d\u8bca"},
  "s_again": {"en": "re-consult", "zh": "\u590d\u8bca"},
  "s_dealt": {"en": "dealt", "zh": "\u6210\u4ea4"},
  "s_repurchase": {"en": "re-purchase", "zh": "\u518d\u6d88\u8d39"},
  "s_course": {"en": "course", "zh": "\u7597\u7a0b"},
  "s_dormant": {"en": "dormant", "zh": "\u6c89\u7761"},
  "c_consumption": {"en": "consumption", "zh": "\u6d88\u8d39"},
  "c_need": {"en": "need clarity", "zh": "\u9700\u6c42"},
  "c_interaction": {"en": "interaction", "zh": "\u4e92\u52a8"},
  "c_loyalty": {"en": "loyalty", "zh": "\u5fe0\u8bda"},
  "f_value": {"en": "value", "zh": "\u4ef7\u503c"},
  "f_need": {"en": "need", "zh": "\u9700\u6c42"},
  "f_service": {"en": "service", "zh": "\u670d\u52a1"},
  "f_voice": {"en": "voice", "zh": "\u53e3\u7891"},
  "f_risk": {"en": "risk", "zh": "\u98ce\u9669"},
  "f_consent": {"en": "consent", "zh": "\u6388\u6743"},
  "tag_class_A": {"en": "class A", "zh": "A\u7c7b\u5ba2\u6237"},
  "tag_high_spender": {"en": "high spender", "zh": "\u9ad8\u6d88\u8d39"},
  "tag_top_spender": {"en": "top spender", "zh": "\u8d85\u9ad8\u6d88\u8d39"},
  "tag_high_ticket": {"en": "high ticket", "zh": "\u9ad8\u5ba2\u5355"},
  "tag_spending_more": {"en": "spending more", "zh": "\u6d88\u8d39\u4e0a\u5347"},
  "tag_spending_less": {"en": "spending less", "zh": "\u6d88\u8d39\u4e0b\u964d"},
  "tag_sleeping_VIP": {"en": "sleeping VIP", "zh": "\u6c89\u7761\u5927\u5ba2"},
  "tag_frequent_buyer": {"en": "frequent buyer", "zh": "\u9ad8\u9891\u5ba2"},
  "tag_several_lines": {"en": "several lines", "zh": "\u591a\u9879\u76ee"},
  "tag_one_line_only": {"en": "one line only", "zh": "\u5355\u4e00\u9879\u76ee"},
  "tag_topped_up": {"en": "topped up", "zh": "\u50a8\u503c\u4f1a\u5458"},
  "tag_price_sensitive": {"en": "price sensitive", "zh": "\u4ef7\u683c\u654f\u611f"},
  "tag_second_purchase_due": {"en": "second purchase due", "zh": "\u5f85\u4e8c\u6b21\u6210\u4ea4"},
  "tag_new_buyer": {"en": "new buyer", "zh": "\u9996\u5355\u65b0\u5ba2"},
  "tag_new_this_month": {"en": "new this month", "zh": "\u65b0\u5ba2"},
  "tag_asked_and_not_come": {"en": "asked and not come", "zh": "\u54a8\u8be2\u672a\u5230\u9662"},
  "tag_surgery_wished_for": {"en": "surgery wished for", "zh": "\u624b\u672f\u610f\u5411"},
  "tag_young": {"en": "young", "zh": "\u5e74\u8f7b\u5ba2\u7fa4"},
  "tag_anti_ageing_reader": {"en": "anti-ageing reader", "zh": "\u6297\u8870\u8bfb\u8005"},
  "tag_large_budget_unspent": {"en": "large budget unspent", "zh": "\u9884\u7b97\u5145\u8db3"},
  "tag_came_and_not_bought": {"en": "came and not bought", "zh": "\u5230\u9662\u672a\u6210\u4ea4"},
  "tag_birthday_this_month": {"en": "birthday this month", "zh": "\u672c\u6708\u751f\u65e5"},
  "tag_here_today": {"en": "here today", "zh": "\u4eca\u65e5\u5230\u9662"},
  "tag_recovering": {"en": "recovering", "zh": "\u6062\u590d\u671f"},
  "tag_follow_up_due": {"en": "follow-up due", "zh": "\u5f85\u56de\u8bbf"},
  "tag_course_unfinished": {"en": "course unfinished", "zh": "\u7597\u7a0b\u672a\u5b8c"},
  "tag_course_left": {"en": "course left", "zh": "\u7597\u7a0b\u4e2d\u65ad"},
  "tag_owes_money": {"en": "owes money", "zh": "\u6b20\u6b3e\u672a\u6e05"},
  "tag_referral_star": {"en": "referral star", "zh": "\u8f6c\u4ecb\u7ecd\u4e4b\u661f"},
  "tag_referrer": {"en": "referrer", "zh": "\u8f6c\u4ecb\u7ecd\u5ba2"},
  "tag_promoter_without_referral": {"en": "promoter without referral", "zh": "\u6ee1\u610f\u672a\u8f6c\u4ecb"},
  "tag_promoter": {"en": "promoter", "zh": "\u63a8\u8350\u8005"},
  "tag_unhappy": {"en": "unhappy", "zh": "\u4e0d\u6ee1\u610f"},
  "tag_complaint_open": {"en": "complaint open", "zh": "\u6295\u8bc9\u672a\u7ed3"},
  "tag_lost_after_first_visit": {"en": "lost after first visit", "zh": "\u9996\u8bbf\u6d41\u5931"},
  "tag_about_to_go_dormant": {"en": "about to go dormant", "zh": "\u5373\u5c06\u6c89\u7761"},
  "tag_dormant": {"en": "dormant", "zh": "\u6c89\u7761\u5ba2\u6237"},
  "tag_lost": {"en": "lost", "zh": "\u6d41\u5931\u5ba2\u6237"},
  "tag_deposit_and_no_purchase": {"en": "deposit and no purchase", "zh": "\u5b9a\u91d1\u672a\u6210\u4ea4"},
  "tag_refund_this_year": {"en": "refund this year", "zh": "\u8fd1\u4e00\u5e74\u9000\u6b3e"},
  "tag_may_be_contacted": {"en": "may be contacted", "zh": "\u53ef\u8425\u9500"},
  "tag_may_not_be_contacted": {"en": "may not be contacted", "zh": "\u672a\u6388\u6743"}
}, "parameters": [
  {"name": "year_days", "value": 365, "unit": "days", "en": "what counts as the last year", "zh": "\u8fd1\u4e00\u5e74", "source": "chosen"},
  {"name": "half_days", "value": 180, "unit": "days", "en": "what counts as the last half-year", "zh": "\u8fd1\u534a\u5e74", "source": "chosen"},
  {"name": "new_days", "value": 30, "unit": "days", "en": "how long a customer is new", "zh": "\u65b0\u5ba2\u671f", "source": "custom of the trade"},
  {"name": "dormant_days", "value": 180, "unit": "days", "en": "without coming or paying: dormant", "zh": "\u6c89\u7761", "source": "custom of the trade"},
  {"name": "lost_days", "value": 365, "unit": "days", "en": "without coming or paying: lost", "zh": "\u6d41\u5931", "source": "tiering plan"},
  {"name": "warn_days", "value": 30, "unit": "days", "en": "how long before that a warning is due", "zh": "\u9884\u8b66\u63d0\u524d", "source": "chosen"},
  {"name": "weight_consumption", "value": 40, "unit": "weight", "en": "weight of consumption", "zh": "\u6d88\u8d39\u6743\u91cd", "source": "tiering plan"},
  {"name": "weight_need", "value": 30, "unit": "weight", "en": "weight of how clear the need is", "zh": "\u9700\u6c42\u6743\u91cd", "source": "tiering plan"},
  {"name": "weight_interaction", "value": 20, "unit": "weight", "en": "weight of interaction", "zh": "\u4e92\u52a8\u6743\u91cd", "source": "tiering plan"},
  {"name": "weight_loyalty", "value": 10, "unit": "weight", "en": "weight of loyalty", "zh": "\u5fe0\u8bda\u6743\u91cd", "source": "tiering plan"},
  {"name": "spend_low", "value": 1000, "unit": "money", "en": "a year: little", "zh": "\u4f4e\u6d88\u8d39", "source": "chosen"},
  {"name": "spend_mid", "value": 3000, "unit": "money", "en": "a year: middling", "zh": "\u4e2d\u6d88\u8d39", "source": "chosen"},
  {"name": "spend_good", "value": 8000, "unit": "money", "en": "a year: good", "zh": "\u8f83\u9ad8\u6d88\u8d39", "source": "chosen"},
  {"name": "spend_high", "value": 20000, "unit": "money", "en": "a year: high", "zh": "\u9ad8\u6d88\u8d39", "source": "class A rule"},
  {"name": "spend_top", "value": 50000, "unit": "money", "en": "a year: highest", "zh": "\u8d85\u9ad8\u6d88\u8d39", "source": "chosen"},
  {"name": "interaction_low", "value": 4, "unit": "points", "en": "interactions of a year: few", "zh": "\u4e92\u52a8\u5c11", "source": "chosen"},
  {"name": "interaction_mid", "value": 9, "unit": "points", "en": "interactions of a year: some", "zh": "\u4e92\u52a8\u4e2d", "source": "chosen"},
  {"name": "interaction_high", "value": 18, "unit": "points", "en": "interactions of a year: many", "zh": "\u4e92\u52a8\u591a", "source": "chosen"},
  {"name": "rfm_high", "value": 4, "unit": "score", "en": "from this score on an axis is high", "zh": "\u9ad8\u5206\u8d77\u70b9", "source": "custom of the trade"},
  {"name": "class_a_pay_days", "value": 7, "unit": "days", "en": "paid within", "zh": "\u4ed8\u8d39\u65f6\u95f4", "source": "class A rule"},
  {"name": "class_a_days", "value": 30, "unit": "days", "en": "visits and money of", "zh": "\u7edf\u8ba1\u65f6\u95f4", "source": "class A rule"},
  {"name": "class_a_visits", "value": 4, "unit": "visits", "en": "more visits than", "zh": "\u5230\u9662\u6b21\u6570", "source": "class A rule"},
  {"name": "class_a_spend", "value": 20000, "unit": "money", "en": "more money than", "zh": "\u6d88\u8d39\u91d1\u989d", "source": "class A rule"},
  {"name": "ticket_high", "value": 10000, "unit": "money", "en": "a purchase: high on average", "zh": "\u9ad8\u5ba2\u5355", "source": "chosen"},
  {"name": "discount_high", "value": 0.25, "unit": "share", "en": "of the list price: price-sensitive", "zh": "\u6298\u6263\u654f\u611f", "source": "chosen"},
  {"name": "second_from_days", "value": 30, "unit": "days", "en": "after the first purchase: the second is due", "zh": "\u4e8c\u6b21\u6210\u4ea4\u8d77", "source": "chosen"},
  {"name": "second_to_days", "value": 90, "unit": "days", "en": "after the first purchase: the second is late", "zh": "\u4e8c\u6b21\u6210\u4ea4\u6b62", "source": "chosen"},
  {"name": "ask_days", "value": 14, "unit": "days", "en": "after a question: come soon or never", "zh": "\u54a8\u8be2\u8ddf\u8fdb", "source": "custom of the trade"},
  {"name": "surgery_days", "value": 90, "unit": "days", "en": "that the wish for surgery lasts", "zh": "\u624b\u672f\u610f\u5411\u671f", "source": "custom of the trade"},
  {"name": "followup_from_days", "value": 28, "unit": "days", "en": "after a treatment: ask how it went, from", "zh": "\u56de\u8bbf\u8d77", "source": "chosen"},
  {"name": "followup_to_days", "value": 35, "unit": "days", "en": "after a treatment: ask how it went, until", "zh": "\u56de\u8bbf\u6b62", "source": "chosen"},
  {"name": "recovery_days", "value": 7, "unit": "days", "en": "after a treatment: recovering", "zh": "\u6062\u590d\u671f", "source": "chosen"},
  {"name": "course_gap_days", "value": 45, "unit": "days", "en": "without a session: a course is left", "zh": "\u7597\u7a0b\u4e2d\u65ad", "source": "chosen"},
  {"name": "promoter_from", "value": 9, "unit": "score", "en": "recommends us: from", "zh": "\u63a8\u8350\u8005", "source": "custom of the trade"},
  {"name": "detractor_to", "value": 6, "unit": "score", "en": "does not recommend us: up to", "zh": "\u8d2c\u635f\u8005", "source": "custom of the trade"},
  {"name": "referrals_star", "value": 3, "unit": "customers", "en": "referred: a star", "zh": "\u8f6c\u4ecb\u7ecd\u4e4b\u661f", "source": "chosen"},
  {"name": "young_from", "value": 18, "unit": "years", "en": "young: from", "zh": "\u5e74\u8f7b\u8d77", "source": "custom of the trade"},
  {"name": "young_to", "value": 25, "unit": "years", "en": "young: up to", "zh": "\u5e74\u8f7b\u6b62", "source": "custom of the trade"},
  {"name": "mature_from", "value": 30, "unit": "years", "en": "anti-ageing: from", "zh": "\u6297\u8870\u8d77", "source": "custom of the trade"},
  {"name": "budget_high", "value": 20000, "unit": "money", "en": "a budget: large", "zh": "\u9ad8\u9884\u7b97", "source": "chosen"}
], "definitions": [
  {"kind": "metric", "name": "purchases", "value": "count({payment} where {payment.is_sale})"},
  {"kind": "metric", "name": "purchases_1y", "value": "count({payment} where {payment.is_sale} last year_days days)"},
  {"kind": "metric", "name": "paid_total", "value": "sum({payment.amount} where {payment.is_revenue})", "scale": 2},
  {"kind": "metric", "name": "paid_1y", "value": "sum({payment.amount} where {payment.is_revenue} last year_days days)", "scale": 2},
  {"kind": "metric", "name": "paid_half", "value": "sum({payment.amount} where {payment.is_revenue} last half_days days)", "scale": 2},
  {"kind": "metric", "name": "paid_half_before", "value": "sum({payment.amount} where {payment.is_revenue} from year_days days ago to half_days days ago)", "scale": 2},
  {"kind": "metric", "name": "last_paid", "value": "latest({payment} where {payment.is_sale})"},
  {"kind": "metric", "name": "ticket", "value": "case when purchases > 0 then paid_total / purchases end", "scale": 2},
  {"kind": "metric", "name": "discount", "value": "case when purchases > 0 then 1 - sum({payment.amount} where {payment.is_sale}) / sum({payment.list_amount} where {payment.is_sale}) end", "scale": 4},
  {"kind": "metric", "name": "owing", "value": "sum({payment.owed} where {payment.is_sale}) - sum({payment.amount} where {payment.is_repayment})", "scale": 2},
  {"kind": "metric", "name": "lines", "value": "count(distinct {payment.category} where {payment.is_sale})"},
  {"kind": "metric", "name": "visits", "value": "count({visit})"},
  {"kind": "metric", "name": "visits_1y", "value": "count({visit} last year_days days)"},
  {"kind": "metric", "name": "consults", "value": "count({visit} where {visit.is_consult})"},
  {"kind": "metric", "name": "consults_1y", "value": "count({visit} where {visit.is_consult} last year_days days)"},
  {"kind": "metric", "name": "last_visit", "value": "latest({visit})"},
  {"kind": "metric", "name": "last_seen", "value": "greatest(last_paid, last_visit)"},
  {"kind": "metric", "name": "last_seen", "value": "last_paid"},
  {"kind": "metric", "name": "asked_1y", "value": "count({consultation} last year_days days)"},
  {"kind": "metric", "name": "budgets_1y", "value": "count({consultation} where {consultation.named_budget} last year_days days)"},
  {"kind": "metric", "name": "reads_1y", "value": "count({reading} last year_days days)"},
  {"kind": "metric", "name": "sessions_left", "value": "sum({payment.sessions} where {payment.is_sale}) - count({treatment})"},
  {"kind": "metric", "name": "last_treated", "value": "latest({treatment})"},
  {"kind": "metric", "name": "referred", "value": "count({referral})"},
  {"kind": "metric", "name": "referred_1y", "value": "count({referral} last year_days days)"},
  {"kind": "metric", "name": "recommend", "value": "last({survey.recommend})"},
  {"kind": "rfm", "name": "member", "recency": "last_paid", "frequency": "purchases", "monetary": "paid_total", "bins": 5, "method": "r-rfm", "groups": [
    {"label": "{=no_purchase}", "when": "score is null"},
    {"label": "{=important_value}", "when": "r >= rfm_high and f >= rfm_high and m >= rfm_high"},
    {"label": "{=important_keep}", "when": "r < rfm_high and f >= rfm_high and m >= rfm_high"},
    {"label": "{=important_develop}", "when": "r >= rfm_high and f < rfm_high and m >= rfm_high"},
    {"label": "{=important_win_back}", "when": "r < rfm_high and f < rfm_high and m >= rfm_high"},
    {"label": "{=general_value}", "when": "r >= rfm_high and f >= rfm_high and m < rfm_high"},
    {"label": "{=general_keep}", "when": "r < rfm_high and f >= rfm_high and m < rfm_high"},
    {"label": "{=general_develop}", "when": "r >= rfm_high and f < rfm_high and m < rfm_high"},
    {"label": "{=general_win_back}"}]},
  {"kind": "metric", "name": "interaction", "value": "reads_1y + 2 * asked_1y + 3 * visits_1y"},
  {"kind": "metric", "name": "interaction", "value": "2 * asked_1y + 3 * visits_1y"},
  {"kind": "metric", "name": "interaction", "value": "3 * visits_1y"},
  {"kind": "metric", "name": "interaction", "value": "2 * asked_1y"},
  {"kind": "scorecard", "name": "tier", "card": {"method": "weighted", "characteristics": [
    {"name": "{=c_consumption}", "weight": "weight_consumption", "bins": [
      {"when": "paid_1y < 1", "points": 0},
      {"when": "paid_1y < spend_low", "points": 30},
      {"when": "paid_1y < spend_mid", "points": 50},
      {"when": "paid_1y < spend_good", "points": 70},
      {"when": "paid_1y < spend_high", "points": 85},
      {"points": 100}]},
    {"name": "{=c_need}", "weight": "weight_need", "needs": ["budgets_1y", "consults_1y"], "bins": [
      {"when": "budgets_1y > 0 and consults_1y > 0", "points": 100},
      {"when": "budgets_1y > 0 and asked_1y > 1", "points": 75},
      {"when": "budgets_1y > 0 or asked_1y > 1 or consults_1y > 1", "points": 50},
      {"when": "asked_1y > 0 or consults_1y > 0", "points": 30},
      {"points": 0}]},
    {"needs": ["interaction"], "name": "{=c_interaction}", "weight": "weight_interaction", "bins": [
      {"when": "interaction < 1", "points": 0},
      {"when": "interaction < interaction_low", "points": 25},
      {"when": "interaction < interaction_mid", "points": 50},
      {"when": "interaction < interaction_high", "points": 75},
      {"points": 100}]},
    {"name": "{=c_loyalty}", "weight": "weight_loyalty", "bins": [
      {"when": "purchases_1y >= 4", "points": 100},
      {"when": "referred_1y >= 2", "points": 100},
      {"when": "purchases_1y = 3", "points": 70},
      {"when": "referred_1y = 1", "points": 70},
      {"when": "purchases_1y = 2", "points": 45},
      {"when": "purchases_1y = 1", "points": 20},
      {"points": 0}]}],
    "tiers": [{"label": "{=t_strategic}", "at_least": 80}, {"label": "{=t_value}", "at_least": 60}, {"label": "{=t_nurture}", "at_least": 40}, {"label": "{=t_wake}", "at_least": 0}]}},
  {"kind": "ladder", "name": "value_class", "rules": [
    {"label": "{=v_strategic}", "when": "paid_1y >= spend_good and paid_half > paid_half_before"},
    {"label": "{=v_profit}", "when": "paid_1y >= spend_good"},
    {"label": "{=v_potential}", "when": "paid_half > paid_half_before"},
    {"label": "{=v_ordinary}"}]},
  {"kind": "ladder", "name": "stage", "rules": [
    {"label": "{=s_dormant}", "when": "days_since(last_seen) > dormant_days"},
    {"label": "{=s_course}", "when": "sessions_left > 0"},
    {"label": "{=s_repurchase}", "when": "purchases > 1"},
    {"label": "{=s_dealt}", "when": "purchases = 1"},
    {"label": "{=s_again}", "when": "visits > 1"},
    {"label": "{=s_first}", "when": "visits = 1"},
    {"label": "{=s_lead}"}]},
  {"kind": "tag", "name": "{=tag_class_A}", "family": "{=f_value}", "when": "count({payment} where {payment.is_sale} last class_a_pay_days days) > 0 and count({visit} last class_a_days days) > class_a_visits and sum({payment.amount} where {payment.is_revenue} last class_a_days days) > class_a_spend"},
  {"kind": "tag", "name": "{=tag_high_spender}", "family": "{=f_value}", "when": "paid_1y >= spend_high"},
  {"kind": "tag", "name": "{=tag_top_spender}", "family": "{=f_value}", "when": "paid_1y >= spend_top"},
  {"kind": "tag", "name": "{=tag_high_ticket}", "family": "{=f_value}", "when": "ticket >= ticket_high"},
  {"kind": "tag", "name": "{=tag_spending_more}", "family": "{=f_value}", "when": "paid_half > 0 and paid_half > paid_half_before and paid_total > paid_half"},
  {"kind": "tag", "name": "{=tag_spending_less}", "family": "{=f_value}", "when": "paid_half > 0 and paid_half < paid_half_before"},
  {"kind": "tag", "name": "{=tag_sleeping_VIP}", "family": "{=f_value}", "when": "paid_total >= spend_high and days_since(last_paid) > dormant_days"},
  {"kind": "tag", "name": "{=tag_frequent_buyer}", "family": "{=f_value}", "when": "purchases_1y >= 4"},
  {"kind": "tag", "name": "{=tag_several_lines}", "family": "{=f_value}", "when": "lines >= 3"},
  {"kind": "tag", "name": "{=tag_one_line_only}", "family": "{=f_value}", "when": "purchases >= 2 and lines = 1"},
  {"kind": "tag", "name": "{=tag_topped_up}", "family": "{=f_value}", "when": "count({payment} where {payment.is_top_up} last year_days days) > 0"},
  {"kind": "tag", "name": "{=tag_price_sensitive}", "family": "{=f_value}", "when": "purchases >= 2 and discount >= discount_high"},
  {"kind": "tag", "name": "{=tag_second_purchase_due}", "family": "{=f_value}", "when": "purchases = 1 and days_since(last_paid) between second_from_days and second_to_days"},
  {"kind": "tag", "name": "{=tag_new_buyer}", "family": "{=f_value}", "when": "purchases = 1 and days_since(last_paid) < second_from_days"},
  {"kind": "tag", "name": "{=tag_new_this_month}", "family": "{=f_need}", "when": "days_since({customer.registered_at}) <= new_days"},
  {"kind": "tag", "name": "{=tag_asked_and_not_come}", "family": "{=f_need}", "when": "visits = 0 and days_since(latest({consultation})) <= ask_days"},
  {"kind": "tag", "name": "{=tag_surgery_wished_for}", "family": "{=f_need}", "when": "count({consultation} where {consultation.is_surgery} last surgery_days days) > 0 and count({payment} where {payment.is_surgery}) = 0"},
  {"kind": "tag", "name": "{=tag_young}", "family": "{=f_need}", "when": "age({customer.birthday}) between young_from and young_to"},
  {"kind": "tag", "name": "{=tag_anti_ageing_reader}", "family": "{=f_need}", "when": "count({reading} where {reading.is_anti_ageing} last half_days days) >= 2 and age({customer.birthday}) >= mature_from"},
  {"kind": "tag", "name": "{=tag_large_budget_unspent}", "family": "{=f_need}", "when": "{customer.budget} >= budget_high and paid_1y < {customer.budget} / 2"},
  {"kind": "tag", "name": "{=tag_came_and_not_bought}", "family": "{=f_need}", "when": "purchases = 0 and visits > 0 and days_since(last_visit) <= second_from_days"},
  {"kind": "tag", "name": "{=tag_birthday_this_month}", "family": "{=f_service}", "when": "month({customer.birthday}) = month(today())"},
  {"kind": "tag", "name": "{=tag_here_today}", "family": "{=f_service}", "when": "days_since(last_visit) = 0"},
  {"kind": "tag", "name": "{=tag_recovering}", "family": "{=f_service}", "when": "days_since(last_treated) <= recovery_days"},
  {"kind": "tag", "name": "{=tag_follow_up_due}", "family": "{=f_service}", "when": "days_since(last_treated) between followup_from_days and followup_to_days"},
  {"kind": "tag", "name": "{=tag_course_unfinished}", "family": "{=f_service}", "when": "sessions_left > 0"},
  {"kind": "tag", "name": "{=tag_course_left}", "family": "{=f_service}", "when": "sessions_left > 0 and days_since(last_treated) > course_gap_days"},
  {"kind": "tag", "name": "{=tag_owes_money}", "family": "{=f_service}", "when": "owing > 0"},
  {"kind": "tag", "name": "{=tag_referral_star}", "family": "{=f_voice}", "when": "referred >= referrals_star"},
  {"kind": "tag", "name": "{=tag_referrer}", "family": "{=f_voice}", "when": "referred > 0"},
  {"kind": "tag", "name": "{=tag_promoter_without_referral}", "family": "{=f_voice}", "when": "recommend >= promoter_from and referred = 0"},
  {"kind": "tag", "name": "{=tag_promoter}", "family": "{=f_voice}", "when": "recommend >= promoter_from"},
  {"kind": "tag", "name": "{=tag_unhappy}", "family": "{=f_voice}", "when": "recommend <= detractor_to"},
  {"kind": "tag", "name": "{=tag_complaint_open}", "family": "{=f_risk}", "when": "count({complaint} where {complaint.is_open}) > 0"},
  {"kind": "tag", "name": "{=tag_lost_after_first_visit}", "family": "{=f_risk}", "when": "visits = 1 and purchases = 0 and days_since(last_visit) > second_from_days"},
  {"kind": "tag", "name": "{=tag_about_to_go_dormant}", "family": "{=f_risk}", "when": "purchases > 0 and days_since(last_seen) between dormant_days - warn_days and dormant_days"},
  {"kind": "tag", "name": "{=tag_dormant}", "family": "{=f_risk}", "when": "days_since(last_seen) between dormant_days + 1 and lost_days"},
  {"kind": "tag", "name": "{=tag_lost}", "family": "{=f_risk}", "when": "days_since(last_seen) > lost_days"},
  {"kind": "tag", "name": "{=tag_deposit_and_no_purchase}", "family": "{=f_risk}", "when": "purchases = 0 and count({payment} where {payment.is_deposit}) > 0"},
  {"kind": "tag", "name": "{=tag_refund_this_year}", "family": "{=f_risk}", "when": "count({payment} where {payment.is_refund} last year_days days) > 0"},
  {"kind": "tag", "name": "{=tag_may_be_contacted}", "family": "{=f_consent}", "when": "{customer.consent}"},
  {"kind": "tag", "name": "{=tag_may_not_be_contacted}", "family": "{=f_consent}", "when": "not coalesce({customer.consent}, false)"}
]}
$json$;
END
$template$;
COMMENT ON FUNCTION clientele.template(text) IS 'a template as JSON: the roles that a mapping may name, labels, parameters with unit and origin, definitions; the only one is medical_aesthetics; NULL for NULL';

-- ---------------------------------------------------------------------------
-- The clinic's own names
-- ---------------------------------------------------------------------------

-- A column of an event is named with its source, as aggregates want it; conditions stand in brackets.
CREATE FUNCTION clientele.template_fragment(kind text, source text, given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN CASE kind WHEN 'source' THEN clientele.path_text(ARRAY[given])
                     WHEN 'column' THEN clientele.path_text(source || clientele.path_names(given))
                     ELSE format('(%s)', given::clientele.expression) END;
END
$$;
REVOKE ALL ON FUNCTION clientele.template_fragment(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.template_fragment(text, text, text) IS 'internal: what is put in the place of {role.key}';

CREATE FUNCTION clientele.check_mapping(population clientele.population, roles jsonb, mapping jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wrong record;
BEGIN
    IF jsonb_typeof(mapping) IS DISTINCT FROM 'object' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'a mapping is a JSON object',
            HINT = 'For example: {"payment": {"source": "payment", "amount": "net"}, "visit": {"source": "visit"}}.';
    END IF;
    FOR wrong IN
        SELECT role.key AS role, entry.key AS entry, entry.value, roles -> role.key AS known_keys,
               roles -> role.key -> entry.key ->> 'type' AS type
        FROM jsonb_each(mapping) AS role
        LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(role.value) WHEN 'object' THEN role.value ELSE '{}' END) AS entry ON true
        WHERE role.key <> 'language'
    LOOP
        IF wrong.known_keys IS NULL THEN
            RAISE undefined_object USING
                MESSAGE = format('the template has no role "%s"', wrong.role),
                HINT = format('Its roles are %s.', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(roles) AS k));
        ELSIF jsonb_typeof(mapping -> wrong.role) <> 'object' OR wrong.entry IS NULL THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('role "%s" of the mapping is no JSON object with keys', wrong.role),
                HINT = format('Its keys are %s.', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(wrong.known_keys) AS k));
        ELSIF wrong.type IS NULL THEN
            RAISE undefined_object USING
                MESSAGE = format('role "%s" has no key "%s"', wrong.role, wrong.entry),
                HINT = format('Its keys are %s.', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(wrong.known_keys) AS k));
        ELSIF jsonb_typeof(wrong.value) <> 'string' THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('%s of role "%s" is no text', wrong.entry, wrong.role),
                HINT = CASE wrong.type WHEN 'condition' THEN 'Write a condition on the events, such as "kind = ''sale''".'
                       ELSE 'Write a name, such as "net".' END;
        ELSIF wrong.type = 'source' AND NOT EXISTS (SELECT FROM clientele.source AS s
              WHERE s.population_id = population.population_id AND s.name = wrong.value #>> '{}') THEN
            RAISE undefined_object USING
                MESSAGE = format('population "%s" has no source "%s", which is to be the role "%s"', population.name, wrong.value #>> '{}', wrong.role),
                HINT = format('SELECT clientele.add_source(%L, %L, ...); first, or leave the role out.', population.name, wrong.value #>> '{}');
        ELSIF roles -> wrong.role ? 'source' AND NOT mapping -> wrong.role ? 'source' THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('role "%s" of the mapping names no source', wrong.role),
                HINT = format('For example: {"%s": {"source": "%s"}}.', wrong.role, wrong.role);
        END IF;
    END LOOP;
    IF NOT mapping ? 'payment' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'the mapping has no role "payment"',
            HINT = 'Payments are all that is needed: {"payment": {"source": "payment", "amount": "net"}}.';
    END IF;
    IF coalesce(mapping ->> 'language', 'both') NOT IN ('en', 'zh', 'both') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('language cannot be "%s"', mapping ->> 'language'),
            HINT = 'Labels are in English ("en"), in Chinese ("zh"), or in both ("both").';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_mapping(clientele.population, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_mapping(clientele.population, jsonb, jsonb) IS 'internal: an error where a mapping names what the template or the population does not have';

-- What may be left out of a mapping of payments, because the source says it, or money does.
CREATE FUNCTION clientele.complete_mapping(population clientele.population, mapping jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    payment jsonb := mapping -> 'payment';
    amount text := coalesce(payment ->> 'amount', (SELECT min(s.amount) FROM clientele.source AS s
                            WHERE s.population_id = population.population_id AND s.name = payment ->> 'source'));
BEGIN
    IF amount IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('source "%s" does not say which column is money', payment ->> 'source'),
            HINT = 'Say it in the mapping: {"payment": {"source": "payment", "amount": "net"}}.';
    END IF;
    RETURN mapping || jsonb_build_object('payment', jsonb_build_object(
        'is_sale', format('%s > 0', amount), 'is_revenue', format('%s <> 0', amount), 'amount', amount) || payment);
END
$$;
REVOKE ALL ON FUNCTION clientele.complete_mapping(clientele.population, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.complete_mapping(clientele.population, jsonb) IS 'internal: a mapping with what it may leave out';

-- Every {...} of a template with what stands in its place.
CREATE FUNCTION clientele.template_words(template jsonb, mapping jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_object_agg(w.word, w.text)
    FROM (SELECT CASE entry.key WHEN 'source' THEN role.key ELSE concat_ws('.', role.key, entry.key) END AS word,
                 clientele.template_fragment(template -> 'roles' -> role.key -> entry.key ->> 'type', role.value ->> 'source', entry.value #>> '{}') AS text
          FROM jsonb_each(mapping - 'language') AS role CROSS JOIN LATERAL jsonb_each(role.value) AS entry
          UNION ALL
          SELECT '=' || label.key,
                 CASE coalesce(mapping ->> 'language', 'both') WHEN 'both' THEN concat_ws(' ', label.value ->> 'zh', label.value ->> 'en')
                      ELSE label.value ->> (mapping ->> 'language') END
          FROM jsonb_each(template -> 'labels') AS label) AS w
    $$;
REVOKE ALL ON FUNCTION clientele.template_words(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.template_words(jsonb, jsonb) IS 'internal: {word: text} for a mapping that is checked';

-- ---------------------------------------------------------------------------
-- Filling it
-- ---------------------------------------------------------------------------

-- missing: what keeps the whole node from being there; left_out: parts of lists, and why.
CREATE FUNCTION clientele.fill_template(node jsonb, words jsonb, absent jsonb, is_expression boolean,
                                        OUT filled jsonb, OUT missing text[], OUT left_out text[])
RETURNS record LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    text_of text := node #>> '{}';
    part record;
    one record;
BEGIN
    missing := '{}';
    left_out := '{}';
    IF jsonb_typeof(node) = 'string' THEN
        FOR part IN SELECT DISTINCT m[1] AS word FROM regexp_matches(text_of, '\{([^}]+)\}', 'g') AS m LOOP
            IF words ? part.word THEN
                text_of := replace(text_of, '{' || part.word || '}', words ->> part.word);
            ELSE
                missing := missing || part.word;
            END IF;
        END LOOP;
        IF is_expression AND missing = '{}' THEN
            missing := ARRAY(SELECT DISTINCT w.word FROM unnest(clientele.identifiers(text_of::clientele.expression)) AS i (name)
                             CROSS JOIN LATERAL jsonb_array_elements_text(absent -> i.name) AS w (word));
        END IF;
        filled := to_jsonb(text_of);
    ELSIF jsonb_typeof(node) = 'object' THEN
        filled := '{}';
        FOR part IN SELECT e.key, e.value FROM jsonb_each(node) AS e WHERE e.key <> 'needs' ORDER BY e.key LOOP
            one := clientele.fill_template(part.value, words, absent,
                                           part.key IN ('value', 'when', 'recency', 'frequency', 'monetary', 'weight'));
            filled := filled || jsonb_build_object(part.key, one.filled);
            missing := missing || one.missing;
            left_out := left_out || one.left_out;
        END LOOP;
        missing := missing || ARRAY(SELECT w.word FROM jsonb_array_elements_text(node -> 'needs') AS n (name)
                                    CROSS JOIN LATERAL jsonb_array_elements_text(absent -> n.name) AS w (word));
    ELSIF jsonb_typeof(node) = 'array' THEN
        filled := '[]';
        FOR part IN SELECT e.value FROM jsonb_array_elements(node) AS e LOOP
            one := clientele.fill_template(part.value, words, absent, false);
            IF one.missing = '{}' THEN
                filled := filled || jsonb_build_array(one.filled);
                left_out := left_out || one.left_out;
            ELSE
                left_out := left_out || format('%s (needs %s)', coalesce(one.filled ->> 'label', one.filled ->> 'name', part.value ->> 'when'),
                                               (SELECT string_agg(DISTINCT w, ', ' ORDER BY w) FROM unnest(one.missing) AS w));
            END IF;
        END LOOP;
    ELSE
        filled := node;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.fill_template(jsonb, jsonb, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.fill_template(jsonb, jsonb, jsonb, boolean) IS 'internal: a part of a template with the clinic''s names; absent: {definition that was left out: [what it needs]}';

CREATE FUNCTION clientele.template_expressions(node jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT v #>> '{}' FROM jsonb_path_query(node, '$.** ? (@.type() == "object").keyvalue() ? (@.key like_regex "^(value|when|recency|frequency|monetary|weight)$")') AS k
          CROSS JOIN LATERAL (VALUES (k -> 'value')) AS e (v) WHERE jsonb_typeof(v) = 'string' $$;
REVOKE ALL ON FUNCTION clientele.template_expressions(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.template_expressions(jsonb) IS 'internal: the expressions in a definition';

-- What a card whose characteristics are not all there weighs with.
CREATE FUNCTION clientele.shared_weights(population_id int, card jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'weights are now ' || string_agg(format('%s %s %%', w.name, round(100 * w.weight / w.total, 1)), ', ' ORDER BY w.place)
    FROM (SELECT c.value ->> 'name' AS name, (d.body ->> 'value')::numeric AS weight, sum((d.body ->> 'value')::numeric) OVER () AS total, c.place
          FROM jsonb_array_elements(card -> 'characteristics') WITH ORDINALITY AS c (value, place)
          JOIN clientele.definition AS d ON d.population_id = shared_weights.population_id AND d.name = c.value ->> 'weight') AS w
    $$;
REVOKE ALL ON FUNCTION clientele.shared_weights(int, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.shared_weights(int, jsonb) IS 'internal: the share of each characteristic that a card has, whose weights are parameters of the draft';

CREATE FUNCTION clientele.install_template_for(caller regrole, population text, template text, mapping jsonb,
                                               OUT kind text, OUT name text, OUT state text, OUT message text)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    wanted jsonb := clientele.template(clientele.check_given('template', template))::jsonb;
    words jsonb;
    absent jsonb := '{}';
    chosen jsonb := '[]';
    part record;
    one record;
    grid text;
BEGIN
    PERFORM clientele.check_mapping(owned, wanted -> 'roles', mapping);
    words := clientele.template_words(wanted, clientele.complete_mapping(owned, mapping));

    FOR part IN SELECT e.value FROM jsonb_array_elements(wanted -> 'definitions') AS e LOOP
        CONTINUE WHEN EXISTS (SELECT FROM jsonb_array_elements(chosen) AS c WHERE c -> 'state' <> '"left out"' AND c -> 'template' = part.value -> 'name');
        one := clientele.fill_template(part.value, words, absent, false);
        absent := absent - (part.value ->> 'name');
        IF one.missing <> '{}' THEN
            absent := absent || jsonb_build_object(part.value ->> 'name', one.missing);
        END IF;
        chosen := (SELECT coalesce(jsonb_agg(c.value ORDER BY c.place), '[]') FROM jsonb_array_elements(chosen) WITH ORDINALITY AS c (value, place)
                   WHERE c.value -> 'template' <> part.value -> 'name')
            || jsonb_build_object('template', part.value -> 'name', 'body', one.filled,
                 'state', CASE WHEN one.missing <> '{}' THEN 'left out' WHEN one.left_out <> '{}' THEN 'partly' ELSE 'defined' END,
                 'message', CASE WHEN one.missing <> '{}'
                                 THEN 'needs ' || (SELECT string_agg(DISTINCT m, ', ' ORDER BY m) FROM unnest(one.missing) AS m)
                                 WHEN one.left_out <> '{}'
                                 THEN 'without ' || array_to_string(one.left_out, ', ') END);
    END LOOP;

    -- A number that somebody has set already is his.
    FOR kind, name, state, message IN
        SELECT 'parameter', p.value ->> 'name', CASE WHEN d.name IS NULL THEN 'defined' ELSE 'kept' END,
               concat_ws('; ', concat_ws(' ', coalesce(d.body ->> 'value', p.value ->> 'value'), p.value ->> 'unit', p.value ->> 'zh', p.value ->> 'en'), p.value ->> 'source')
        FROM jsonb_array_elements(wanted -> 'parameters') WITH ORDINALITY AS p (value, place)
        LEFT JOIN clientele.definition AS d ON d.population_id = owned.population_id AND d.name = p.value ->> 'name' AND d.kind = 'parameter'
        WHERE EXISTS (SELECT FROM jsonb_array_elements(chosen) AS c CROSS JOIN LATERAL clientele.template_expressions(c -> 'body') AS e (expression)
                      WHERE c -> 'state' <> '"left out"' AND p.value ->> 'name' = ANY (clientele.identifiers(e.expression::clientele.expression)))
        ORDER BY p.place
    LOOP
        IF state = 'defined' THEN
            PERFORM clientele.define(caller, population, name, 'parameter',
                                     (SELECT jsonb_build_object('value', p -> 'value') FROM jsonb_array_elements(wanted -> 'parameters') AS p WHERE p ->> 'name' = install_template_for.name));
        END IF;
        RETURN NEXT;
    END LOOP;

    FOR part IN SELECT c.value FROM jsonb_array_elements(chosen) WITH ORDINALITY AS c (value, place) ORDER BY c.place LOOP
        kind := part.value -> 'body' ->> 'kind';
        name := part.value -> 'body' ->> 'name';
        state := part.value ->> 'state';
        message := part.value ->> 'message';
        IF state <> 'left out' THEN
            PERFORM clientele.define(caller, population, name, kind, (part.value -> 'body') - 'kind' - 'name');
        END IF;
        IF kind = 'scorecard' AND state = 'partly' THEN
            message := concat_ws('; ', message, clientele.shared_weights(owned.population_id, part.value -> 'body' -> 'card'));
        END IF;
        IF kind = 'rfm' AND state <> 'left out' THEN
            grid := name;
            BEGIN
                PERFORM FROM clientele.calibrate_for(caller, population, grid, NULL);
                message := concat_ws('; ', message, 'cut points are of today');
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                message := concat_ws('; ', message, format('to be calibrated when there are payments: SELECT clientele.calibrate(%L, %L);', population, grid));
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.install_template_for(regrole, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.install_template_for(regrole, text, text, jsonb) IS 'internal: install_template, behind the door';

CREATE FUNCTION clientele.install_template(population text, template text, mapping jsonb,
                                           OUT kind text, OUT name text, OUT state text, OUT message text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.install_template(text, text, jsonb) IS 'puts a template''s definitions into the draft, as far as the clinic has what they need: mapping says which source is which role and which columns and conditions are what, as in {"payment": {"source": "payment", "amount": "net", "is_sale": "kind = ''sale''"}, "customer": {"birthday": "birthday"}, "language": "both"}; payments alone are enough. Lists every parameter and definition: defined, partly (message: without what), kept (a parameter that has a value already) or left out (message: what it needs). Grids are calibrated as of now';
