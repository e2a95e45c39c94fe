
-- The managed engine: what is registered, drafted and published.  Rows are
-- written by the functions below alone; they are dumped with the database.  C code reads
-- some of them as heaps, so all are, whatever the default.  They have no foreign keys,
-- because pg_restore -j loads an extension's tables in any order.

CREATE SCHEMA clientele_data;
COMMENT ON SCHEMA clientele_data IS 'the tables beneath clientele''s views: stored profiles, marks, change feeds';

CREATE TABLE clientele.population (
    population_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name name NOT NULL UNIQUE,
    relation regclass NOT NULL,
    key_column name NOT NULL,
    time_zone text NOT NULL,
    target_schema name NOT NULL,
    owner regrole NOT NULL,
    made_schema boolean NOT NULL DEFAULT false,
    live_version int,
    next_version int,
    capture_paused boolean NOT NULL DEFAULT false,
    capture_lost boolean NOT NULL DEFAULT false,
    relation_name text,
    branch name
) USING heap;
COMMENT ON TABLE clientele.population IS 'customer tables that are kept segmented';
COMMENT ON SEQUENCE clientele.population_population_id_seq IS 'numbers of populations';
COMMENT ON COLUMN clientele.population.population_id IS 'number of the population, which all other tables refer to';
COMMENT ON COLUMN clientele.population.name IS 'what functions call it, and the name of its view';
COMMENT ON COLUMN clientele.population.relation IS 'the customer table';
COMMENT ON COLUMN clientele.population.key_column IS 'the column of the customer table that tells customers apart';
COMMENT ON COLUMN clientele.population.time_zone IS 'the zone whose calendar days count';
COMMENT ON COLUMN clientele.population.target_schema IS 'where the views that people read are made';
COMMENT ON COLUMN clientele.population.owner IS 'the role with whose rights the tables are read; who may change definitions';
COMMENT ON COLUMN clientele.population.made_schema IS 'whether target_schema was made for a population, so that it goes with the last one in it';
COMMENT ON COLUMN clientele.population.live_version IS 'the version that readers see; NULL before the first refresh';
COMMENT ON COLUMN clientele.population.next_version IS 'a published version that refresh is to build and switch to';
COMMENT ON COLUMN clientele.population.capture_paused IS 'changes make no marks; resume_capture then makes everyone due';
COMMENT ON COLUMN clientele.population.capture_lost IS 'paused, because a watched table has lost its triggers; over when it has them again';
COMMENT ON COLUMN clientele.population.branch IS 'the metric that says where a customer belongs; NULL: none does';
COMMENT ON COLUMN clientele.population.relation_name IS 'what the customer table was called when it was registered';

CREATE FUNCTION clientele.delete_of_population(relation regclass, population_id int) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_delete_of_population' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.delete_of_population(regclass, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.delete_of_population(regclass, int) IS 'internal: deletes what a population has in a table, as committed now, whatever the snapshot';

CREATE FUNCTION clientele.delete_rows_of_population() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT a.attrelid FROM pg_extension AS e JOIN pg_attribute AS a ON a.attrelid = ANY (e.extconfig)
        WHERE e.extname = 'clientele' AND a.attname = 'population_id' AND a.attrelid <> tg_relid
    LOOP
        PERFORM clientele.delete_of_population(relation, old.population_id);
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION clientele.delete_rows_of_population() FROM PUBLIC;
COMMENT ON FUNCTION clientele.delete_rows_of_population() IS 'internal: trigger function: what a population has in the other tables goes with it';

CREATE TRIGGER delete_rows AFTER DELETE ON clientele.population
    FOR EACH ROW EXECUTE FUNCTION clientele.delete_rows_of_population();
COMMENT ON TRIGGER delete_rows ON clientele.population IS 'what the population has in the other tables goes with it';

-- Several relations under one name are one source: a payment table per branch.
CREATE TABLE clientele.source (
    population_id int NOT NULL,
    name name NOT NULL,
    part int NOT NULL,
    relation regclass NOT NULL,
    key_path text NOT NULL,
    occurred_at_path text NOT NULL,
    amount text,
    branch text,
    filter text,
    future_tolerance interval NOT NULL DEFAULT '0',
    relation_name text,
    revenue boolean,
    PRIMARY KEY (population_id, name, part)
) USING heap;
COMMENT ON TABLE clientele.source IS 'event tables of a population';
COMMENT ON COLUMN clientele.source.population_id IS 'whose source it is';
COMMENT ON COLUMN clientele.source.name IS 'what expressions call it';
COMMENT ON COLUMN clientele.source.part IS 'number of the relation among those of this name, from 1';
COMMENT ON COLUMN clientele.source.relation IS 'the event table';
COMMENT ON COLUMN clientele.source.key_path IS 'column with the customer''s key, as an expression writes it; bill_id.customer_id follows a foreign key';
COMMENT ON COLUMN clientele.source.occurred_at_path IS 'column with the time of the event, written likewise';
COMMENT ON COLUMN clientele.source.amount IS 'column that counts as money; NULL = none';
COMMENT ON COLUMN clientele.source.branch IS 'column that tells the place; NULL = none';
COMMENT ON COLUMN clientele.source.filter IS 'expression over an events columns: only events for which it holds exist; NULL = all';
COMMENT ON COLUMN clientele.source.future_tolerance IS 'events that far ahead of the clock have happened';
COMMENT ON COLUMN clientele.source.revenue IS 'whether the amount is what the clinic earns; NULL: nobody has said so yet';
COMMENT ON COLUMN clientele.source.relation_name IS 'what the event table was called when it was registered';

CREATE TABLE clientele.definition (
    population_id int NOT NULL,
    name name NOT NULL,
    kind text NOT NULL CHECK (kind IN ('parameter', 'metric', 'rfm', 'scorecard', 'ladder', 'tag')),
    body jsonb NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    author name NOT NULL DEFAULT session_user,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (population_id, name)
) USING heap;
COMMENT ON TABLE clientele.definition IS 'the draft of each population''s definitions';
COMMENT ON SEQUENCE clientele.definition_position_seq IS 'order of definition, over all populations';
COMMENT ON COLUMN clientele.definition.population_id IS 'whose draft it belongs to';
COMMENT ON COLUMN clientele.definition.name IS 'what expressions call it, and its column in the view';
COMMENT ON COLUMN clientele.definition.kind IS 'parameter, metric, rfm, scorecard, ladder or tag';
COMMENT ON COLUMN clientele.definition.body IS 'the definition as it stands in a model, with neither kind nor name';
COMMENT ON COLUMN clientele.definition.position IS 'order of definition, in which columns appear in the view';
COMMENT ON COLUMN clientele.definition.author IS 'the role that wrote it';
COMMENT ON COLUMN clientele.definition.changed_at IS 'when it was written';

CREATE TABLE clientele.version (
    population_id int NOT NULL,
    version int NOT NULL,
    model clientele.model NOT NULL,
    note text,
    author name NOT NULL DEFAULT session_user,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    built_from text,
    shown_at timestamptz,
    PRIMARY KEY (population_id, version)
) USING heap;
COMMENT ON TABLE clientele.version IS 'published models; a version never changes';
COMMENT ON COLUMN clientele.version.population_id IS 'whose model it is';
COMMENT ON COLUMN clientele.version.version IS 'number of the version, from 1 in each population';
COMMENT ON COLUMN clientele.version.model IS 'all definitions of the population';
COMMENT ON COLUMN clientele.version.note IS 'what the publisher said about it';
COMMENT ON COLUMN clientele.version.author IS 'the role in whose name it was published';
COMMENT ON COLUMN clientele.version.published_at IS 'when it was published';
COMMENT ON COLUMN clientele.version.shown_at IS 'since when readers saw it; NULL: not built yet, or replaced before';
COMMENT ON COLUMN clientele.version.built_from IS 'refresh, which builds it from the greatest key down, has stored the customers from this key on; NULL: none yet, or all at once';

-- What the capture trigger on a relation has to know.
CREATE TABLE clientele.watch (
    relation regclass NOT NULL,
    population_id int NOT NULL,
    role text NOT NULL CHECK (role IN ('population', 'event', 'line', 'header', 'lookup')),
    link smallint NOT NULL DEFAULT 0,
    key_column name,
    columns name[] NOT NULL,
    PRIMARY KEY (relation, population_id, role, link)
) USING heap;
COMMENT ON TABLE clientele.watch IS 'relations whose changes are captured, and how they lead to a customer';
COMMENT ON COLUMN clientele.watch.relation IS 'the relation whose changes are captured';
COMMENT ON COLUMN clientele.watch.population_id IS 'the population whose customers a change concerns';
COMMENT ON COLUMN clientele.watch.role IS 'population, event, header: key_column holds the customer''s key; line: key_column holds a value that link leads to customers with; lookup: any change concerns everyone';
COMMENT ON COLUMN clientele.watch.link IS 'line: number of the link that is followed; otherwise it only tells rows of one role apart, whose key_column differ';
COMMENT ON COLUMN clientele.watch.key_column IS 'column by which a row leads to its customer; NULL for a lookup';
COMMENT ON COLUMN clientele.watch.columns IS 'an UPDATE that changes none of these, nor key_column, makes no mark';

-- How a line finds its customer: the relation it points to, whose column unique_column
-- holds the line's value, and the path from there to the customer's key.
CREATE TABLE clientele.link (
    population_id int NOT NULL,
    link smallint NOT NULL,
    relation regclass NOT NULL,
    unique_column name NOT NULL,
    key_path text NOT NULL,
    PRIMARY KEY (population_id, link)
) USING heap;
COMMENT ON TABLE clientele.link IS 'foreign keys through which changed lines lead to customers';
COMMENT ON COLUMN clientele.link.population_id IS 'whose customers it leads to';
COMMENT ON COLUMN clientele.link.link IS 'number of the link in its population, which marks carry';
COMMENT ON COLUMN clientele.link.relation IS 'the relation that the lines point to';
COMMENT ON COLUMN clientele.link.unique_column IS 'its column that holds the value of the line';
COMMENT ON COLUMN clientele.link.key_path IS 'path from there to the customers key, as source.key_path';

-- What event triggers have seen, for status to tell the way back.
CREATE TABLE clientele.renamed_column (
    relation regclass NOT NULL,
    name name NOT NULL,
    new_name name NOT NULL,
    PRIMARY KEY (relation, name)
) USING heap;
COMMENT ON TABLE clientele.renamed_column IS 'watched columns that were renamed';
COMMENT ON COLUMN clientele.renamed_column.relation IS 'the table';
COMMENT ON COLUMN clientele.renamed_column.name IS 'what the column was called when it was watched';
COMMENT ON COLUMN clientele.renamed_column.new_name IS 'what it is called now';

SELECT pg_extension_config_dump('clientele.population', '');
SELECT pg_extension_config_dump('clientele.population_population_id_seq', '');
SELECT pg_extension_config_dump('clientele.source', '');
SELECT pg_extension_config_dump('clientele.definition', '');
SELECT pg_extension_config_dump('clientele.definition_position_seq', '');
SELECT pg_extension_config_dump('clientele.version', '');
SELECT pg_extension_config_dump('clientele.watch', '');
SELECT pg_extension_config_dump('clientele.link', '');
SELECT pg_extension_config_dump('clientele.renamed_column', '');
