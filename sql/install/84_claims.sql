
-- Claims: what is checked is taken, once, and comes back.

-- ---------------------------------------------------------------------------
-- Stock
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.lock_promotion(population_id int, promotion_id int) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock_promotion' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.lock_promotion(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_promotion(int, int) IS 'internal: until the transaction ends nobody claims, redeems or gives back anything of this promotion; before it is published, paused or ended';

CREATE FUNCTION clientele.put_stock(population_id int, promotion_id int, before clientele.promotion, after clientele.promotion) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_put_stock' LANGUAGE C VOLATILE;
REVOKE ALL ON FUNCTION clientele.put_stock(int, int, clientele.promotion, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_stock(int, int, clientele.promotion, clientele.promotion) IS 'internal: the stock of a promotion as its new version limits it, less what is taken; before is NULL with the first version';
