import { readManifest } from "shopflow/lake/mod.ts";
import { publishScores } from "shopflow/ml/registry/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { createQueryCommand } from "../../../pipelines/commands/lake_query.ts";
import { withTransformedShop } from "../built_shop.ts";

/** What a query prints. */
async function query(context: PipelineContext, args: string[], input = ""): Promise<string> {
  const printed: string[] = [];
  const command = createQueryCommand(
    () => context,
    (text) => printed.push(text),
    () => Promise.resolve(input),
  );
  await command.exitOverride().configureOutput({ writeErr: () => {} }).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

Deno.test("a query prints a table: numbers at the right, NULL, and the number of rows", () =>
  withTransformedShop(async (context) => {
    const text = await query(context, [
      "SELECT customer_id, country, 12.50 AS amount FROM dim_customers WHERE customer_id <= 'CUST000004' ORDER BY 1",
    ]);
    assert.equal(
      text,
      [
        "customer_id  country  amount",
        "───────────  ───────  ──────",
        "CUST000001   UK        12.50",
        "CUST000002   USA       12.50",
        "CUST000003   France    12.50",
        "CUST000004   NULL      12.50",
        "",
        "4 rows",
      ].join("\n"),
    );
  }));

Deno.test("a long result is cut with a line that says how to get all of it, and --limit says where", () =>
  withTransformedShop(async (context) => {
    const sql = "SELECT n FROM range(1000) AS numbers(n) ORDER BY n";
    const cut = await query(context, [sql]);
    assert.equal(cut.split("\n").length, 2 + 100 + 2);
    assert.match(
      cut,
      /^ *99\n\nThe first 100 rows of more: `--limit all` prints all, `--csv` all as CSV\.$/m,
    );
    assert.match(
      await query(context, [
        "PIVOT fact_orders ON line_type IN ('sale', 'return') USING count(*) GROUP BY order_id",
        "--csv",
      ]),
      /^order_id,sale,return$/m,
    );
    assert.match(await query(context, [sql, "--limit", "3"]), /\n2\n\nThe first 3 rows of more/);
    assert.match(await query(context, [sql, "--limit", "all"]), /^999\n\n1,000 rows$/m);
    assert.equal((await query(context, [sql, "--csv"])).split("\n").length, 1001);
    assert.equal(JSON.parse(await query(context, [sql, "--json", "--limit", "7"])).length, 7);
    await assert.rejects(query(context, [sql, "--limit", "0"]), {
      message: /whole number above 0, or `all`/,
    });
  }));

Deno.test("CSV quotes what must be quoted, leaves NULL empty and keeps every digit", () =>
  withTransformedShop(async (context) => {
    const sql =
      `SELECT 'a "b", c' AS text, NULL AS nothing, 9007199254740993 AS large, 0.10::DECIMAL(9, 2) AS money,
      DATE '2024-05-06' AS day`;
    assert.equal(
      await query(context, [sql, "--csv"]),
      'text,nothing,large,money,day\n"a ""b"", c",,9007199254740993,0.10,2024-05-06',
    );
  }));

Deno.test("JSON is an array of objects, empty where there are no rows", () =>
  withTransformedShop(async (context) => {
    const sql =
      "SELECT 1.5 AS number, NULL AS nothing, true AS truth, 'x' AS text UNION ALL BY NAME SELECT 2 AS number";
    assert.deepEqual(JSON.parse(await query(context, [`${sql} ORDER BY number`, "--json"])), [
      { number: 1.5, nothing: null, truth: true, text: "x" },
      { number: 2, nothing: null, truth: null, text: null },
    ]);
    assert.deepEqual(JSON.parse(await query(context, ["FROM dim_dates WHERE false", "--json"])), []);
    await assert.rejects(query(context, ["SELECT 1", "--json", "--csv"]), { message: /cannot be used with/ });
  }));

Deno.test("raw rows and score tables are queried by name, and the list of tables names them", () =>
  withTransformedShop(async (context) => {
    await putScores(context);
    assert.match(
      await query(context, ["SELECT count(*) AS lines FROM raw.orders WHERE order_id = 'ORD0000002'"]),
      /^ +2\n\n1 row$/m,
    );
    assert.match(await query(context, ["FROM scores.churn"]), /CUST000001 +0\.25/);
    const tables = await query(context, []);
    assert.match(tables, /^fact_orders +9$/m);
    assert.match(tables, /^raw\.orders +17$/m);
    assert.match(tables, /^scores\.churn +1$/m);
    assert.match(await query(context, ["SHOW ALL TABLES", "--csv"]), /fact_support_tickets/);
  }));

Deno.test("SQL is read from a file and from standard input", () =>
  withTransformedShop(async (context) => {
    const file = join(context.config.home, "query.sql");
    await Deno.writeTextFile(file, "-- how many\nSELECT 41 + 1 AS answer;\n");
    for (
      const printed of [
        await query(context, ["--file", file, "--csv"]),
        await query(context, ["-", "--csv"], "SELECT 42 AS answer"),
      ]
    ) assert.equal(printed, "answer\n42");
    await assert.rejects(query(context, ["SELECT 1", "--file", file]), { message: /given twice/ });
    await assert.rejects(query(context, ["--file", `${file}.gone`]), {
      message: /query\.sql\.gone cannot be read/,
    });
  }));

Deno.test("an older snapshot is queried by the beginning of its id", () =>
  withTransformedShop(async (context) => {
    const { id } = await readManifest(context.store);
    assert.match(
      await query(context, ["SELECT 1 AS one FROM dim_dates LIMIT 1", "--snapshot", id.slice(0, 6)]),
      /1 row$/,
    );
    await assert.rejects(query(context, ["SELECT 1", "--snapshot", "zz"]), { message: /no such snapshot/ });
  }));

Deno.test("a misspelt table is an error with the names that are near", () =>
  withTransformedShop(async (context) => {
    const refusal = (sql: string) => query(context, [sql]).then(() => "", (error: Error) => error.message);
    assert.match(
      await refusal("SELECT * FROM fact_ordres"),
      /names a table that the lake does not have: expected fact_orders or .*, found fact_ordres\./,
    );
    assert.match(
      await refusal("SELECT * FROM orders"),
      /expected (fact|raw)\.?_?orders or (fact|raw)\.?_?orders or /,
    );
    assert.match(await refusal("SELECT * FROM dim_products JOIN customers USING (id)"), /dim_customers/);
    assert.match(await refusal("SELECT nope FROM dim_dates"), /cannot be run: Binder Error: .*"nope"/);
    assert.match(await refusal("SELEC 1"), /Only queries can be run here.*found SELEC/);
    assert.match(await refusal("SELECT FROM WHERE"), /cannot be run: Parser Error/);
  }));

Deno.test("whatever is no query is refused and changes nothing, files of the lake and others alike", () =>
  withTransformedShop(async (context) => {
    const { store, config } = context;
    const before = await contentsOf(store.url);
    const manifest = await readManifest(store);
    const lakeFile = await store.localPath(manifest.tables.dim_dates!.files[0]!.key);
    const elsewhere = join(config.home, "out.csv");
    const secret = join(config.home, "secret.csv");
    await Deno.writeTextFile(secret, "a\n1\n");
    for (
      const sql of [
        "INSERT INTO dim_dates SELECT * FROM dim_dates",
        "CREATE TABLE copy AS FROM dim_dates",
        "DROP VIEW dim_dates",
        "DELETE FROM dim_dates",
        `COPY dim_dates TO '${elsewhere}'`,
        `COPY (FROM dim_dates) TO '${lakeFile}' (FORMAT parquet)`,
        `EXPLAIN ANALYZE COPY (FROM dim_dates) TO '${lakeFile}' (FORMAT parquet)`,
        `/* a */ EXPLAIN (ANALYZE) -- b\n COPY (FROM dim_dates) TO '${lakeFile}' (FORMAT parquet)`,
        `ATTACH '${elsewhere}' AS other`,
        `EXPORT DATABASE '${elsewhere}'`,
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "INSTALL httpfs",
      ]
    ) {
      await assert.rejects(query(context, [sql]), { message: /^Only queries can be run here/ }, sql);
    }
    await assert.rejects(query(context, ["SELECT 1; SELECT 2"]), {
      message: /^Invalid query: expected one statement/,
    });
    await assert.rejects(query(context, ["PIVOT fact_orders ON line_type USING count(*)"]), {
      message: /^Invalid query: expected one statement; a PIVOT with its values/,
    });
    await assert.rejects(query(context, [" -- nothing"]), { message: /^Invalid query: .* found no SQL/ });
    for (const source of [`read_csv('${secret}')`, `'${secret}'`, `glob('${config.home}/*')`]) {
      await assert.rejects(query(context, [`SELECT * FROM dim_dates, ${source}`]), {
        message: /can read the tables of the lake, and no other files/,
      });
    }
    assert.deepEqual(await contentsOf(store.url), before);
    await assert.rejects(Deno.stat(elsewhere), Deno.errors.NotFound);
  }));

Deno.test("a table whose file was changed is an error that names the file; other tables can be queried", () =>
  withTransformedShop(async (context) => {
    const { tables } = await readManifest(context.store);
    const key = tables.fact_orders!.files[0]!.key;
    await Deno.truncate(await context.store.localPath(key), 100);
    await assert.rejects(query(context, ["FROM fact_orders"]), {
      message: new RegExp(`^${key} in the lake .*changed`),
    });
    assert.match(await query(context, ["SELECT count(*) AS n FROM dim_products"]), /1 row$/);
  }));

Deno.test("characters that a terminal would obey are shown, and long values are cut", () =>
  withTransformedShop(async (context) => {
    const text = await query(context, ["SELECT chr(27) || '[2J' || chr(10) || repeat('x', 200) AS value"]);
    assert.match(text, /^\\x1b\[2J\\nx+…$/m);
    assert.ok(text.split("\n").every((line) => line.length <= 80));
  }));

Deno.test("deno task lake query answers on a lake, and says in one line what is wrong", () =>
  withTransformedShop(async ({ config }) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-check",
          "-A",
          join(import.meta.dirname!, "../../../pipelines/commands/lake.ts"),
          ...args,
        ],
        env: { SHOPFLOW_HOME: config.home, NO_COLOR: "1" },
      }).output();
      return { code, out: new TextDecoder().decode(stdout), error: new TextDecoder().decode(stderr) };
    };
    const [answer, refused, help] = await Promise.all([
      run("query", "SELECT count(*) AS lines FROM fact_orders", "--json"),
      run("query", "DROP TABLE fact_orders"),
      run("query", "--help"),
    ]);
    assert.deepEqual(JSON.parse(answer.out), [{ lines: 9 }]);
    assert.equal(refused.code, 1);
    assert.match(refused.error, /^error: Only queries can be run here: .* found DROP\. [^\n]*\n$/);
    assert.match(help.out, /Examples:\n +deno task lake query/);
  }));

/** Publishes one score as the current score table of churn. */
async function putScores({ store, config }: PipelineContext): Promise<void> {
  using session = await openSession();
  const path = join(config.home, "scores.parquet");
  await session.run(`COPY (SELECT 'CUST000001' AS customer_id, 0.25 AS score) TO '${path}' (FORMAT parquet)`);
  const { id } = await readManifest(store);
  await publishScores(
    store,
    {
      name: "churn",
      rows: 1,
      scoredAt: "2024-06-01T00:00:00.000Z",
      snapshot: id,
      modelVersion: "v1",
      asOf: "2024-06-01",
    },
    path,
  );
}

/** Text of every file beneath a folder, by path. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) Object.assign(found, await contentsOf(path));
    else found[path] = new TextDecoder("latin1").decode(await Deno.readFile(path));
  }
  return found;
}
