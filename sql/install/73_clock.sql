
-- What time it is, and what has passed since.

CREATE FUNCTION clientele.wall_clock() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'clientele_wall_clock' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

CREATE FUNCTION clientele.elapsed(unit text, since date, as_of timestamptz, time_zone text) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_elapsed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION clientele.wall_clock() IS 'this moment, or the instant of the setting clientele.clock; another one at each call';
COMMENT ON FUNCTION clientele.elapsed(text, date, timestamptz, text) IS 'whole days, months or years from a date to the local date of as_of in the time zone, as days_since(), months_since() and years_since() count; negative if the date lies ahead; NULL if an argument is NULL or the date infinite';
