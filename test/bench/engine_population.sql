-- The same model in clientele.
SELECT clientele.create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai') \g /dev/null
SELECT clientele.add_source('customer', 'payment', 'pos.payment', 'customer_id', 'paid_at', amount => 'net') \g /dev/null
SELECT clientele.add_source('customer', 'consultation', 'crm.consultation', 'customer_id', 'held_at') \g /dev/null
SELECT clientele.define_metric('customer', name, bench.metric_expression(m)::clientele.expression, CASE WHEN argument = 'net' THEN 2 END)
FROM bench.metric AS m ORDER BY position \g /dev/null
SELECT clientele.define_rfm('customer', 'member', recency => 'latest(payment)', frequency => 'visits_365', monetary => 'paid_365',
                            cuts => bench.cuts(), scheme => 'eight', high_from => 4) \g /dev/null
SELECT clientele.set_parameter('customer', 'weight_spend', 30) \g /dev/null
SELECT clientele.set_revenue('customer', 'payment') \g /dev/null
SELECT clientele.define_scorecard('customer', 'value', bench.card()::clientele.scorecard) \g /dev/null
SELECT clientele.define_tag('customer', to_char(position, '"tag_"FM000'), rule::clientele.expression) FROM bench.tag ORDER BY position \g /dev/null
