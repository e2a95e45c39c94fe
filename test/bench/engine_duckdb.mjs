// Reads the exported tables into DuckDB and runs the query that comes on standard
// input; writes the times as SQL.  The query's first line is the time of the export.
import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const directory = process.argv[2];
const [heading, ...lines] = readFileSync(0, 'utf8').split('\n');
const exported = Number(heading.replace('-- ', ''));
const query = lines.join('\n').trim();
const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();

async function timed(...statements) {
    const started = performance.now();
    for (const statement of statements) {
        await connection.run(statement);
    }
    return performance.now() - started;
}

function read(table, columns) {
    return `CREATE TABLE ${table} AS SELECT * FROM read_csv('${directory}/${table.replace(/.*\./, '')}.csv', header = false, columns = {${columns}})`;
}

const imported = await timed('CREATE SCHEMA crm', 'CREATE SCHEMA pos',
    read('crm.customer', "customer_id: 'int', gender: 'varchar', birthday: 'date', city: 'varchar', joined_at: 'timestamptz'"),
    read('pos.payment', "customer_id: 'int', paid_at: 'timestamptz', net: 'decimal(12,2)', category: 'varchar'"),
    read('crm.consultation', "customer_id: 'int', held_at: 'timestamptz', minutes: 'int', topic: 'varchar'"));
const queried = await timed(`CREATE TABLE result AS ${query}`);

for (const [name, amount] of [['DuckDB: export, import, query', exported + imported + queried], ['DuckDB: query alone', queried]]) {
    console.log(`INSERT INTO bench.engine_run VALUES ('${name}', 'peer', ${amount});`);
}
console.error(`DuckDB: export ${Math.round(exported)} ms, import ${Math.round(imported)} ms, query ${Math.round(queried)} ms`);
