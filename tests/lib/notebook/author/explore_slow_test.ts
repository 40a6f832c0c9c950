import assert from "node:assert/strict";
import { join } from "node:path";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { hasTag, type Notebook } from "../../../../lib/notebook/format/nbformat.ts";
import { outputOf } from "../../../fixtures/notebook_output.ts";
import { testWith } from "../../../requirements.ts";
import { executeInJupyter } from "../execute_in_jupyter.ts";
import { withLake } from "../run_context.ts";
import { writeNotebook } from "../write_notebook.ts";

const IMPORT = `import { describe, profile, sql, table, tables } from "shopflow/notebook/kernel.ts";`;
const root = new URL("../../../..", import.meta.url).pathname;

/** A folder in the repository, where notebooks find its modules. */
async function withNotebooks(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: join(root, "notebooks"), prefix: ".explore_" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const textOf = (notebook: Notebook, id: string): string => {
  const cell = notebook.cells.find((cell) => cell.id === id);
  assert.ok(cell?.cell_type === "code" && !hasTag(cell, "injected-parameters"));
  return JSON.stringify(cell.outputs);
};

Deno.test("tables, their columns with meanings, and what is in them are one call away", () =>
  withLake((context) =>
    withNotebooks(async (folder) => {
      const path = await writeNotebook(join(folder, "explore.ipynb"), [
        IMPORT,
        "await tables()",
        `await describe("fact_orders")`,
        `await profile("fact_orders")`,
        `await describe("fact_order")`,
      ]);
      const run = await runNotebook(path, context);
      assert.match(
        run.record.failure!.evalue,
        /No such table: expected one of dim_dates, fact_orders, found "fact_order"/,
      );
      assert.match(outputOf(run, "cell-1"), /fact_orders +120 +5/);
      assert.match(outputOf(run, "cell-2"), /net_amount +DECIMAL\(12,2\) +\S/);
      assert.match(
        outputOf(run, "cell-3"),
        /net_amount +DECIMAL\(12,2\) +120 +0 +0 +7 +100\.00 /,
      );
      const html = JSON.stringify(run.notebook.cells);
      assert.match(html, /<table class=\\"data\\">/);
    })
  ));

Deno.test("rows have the types of the data dictionary, and those that a query names", () =>
  withLake((context) =>
    withNotebooks(async (folder) => {
      const check = async (code: string) => {
        const path = await writeNotebook(join(folder, "typed.ipynb"), [`${IMPORT}\n${code}`]);
        const { failure } = (await runNotebook(path, context)).record;
        return failure === undefined ? "" : `${failure.ename} ${failure.evalue}`;
      };
      assert.equal(
        await check(
          `const [order] = (await table("fact_orders")).objects();
           const amount: number | null = order!.net_amount;
           const day: string | null = order!.order_date;`,
        ),
        "",
      );
      assert.match(
        await check(`(await table("fact_orders")).objects()[0]!.net_amonut`),
        /TS2551 .*net_amonut/,
      );
      assert.match(
        await check(`const text: string = (await table("fact_orders")).objects()[0]!.net_amount!;`),
        /TS2322 .*'number' is not assignable to type 'string'/,
      );
      assert.equal(
        await check(
          "const [{ n }] = (await sql<{ n: number }>`SELECT 1 AS n`).objects() as [{ n: number }]; n.toFixed(2)",
        ),
        "",
      );
      assert.match(await check("(await sql<{ n: number }>`SELECT 1 AS n`).objects()[0]!.m"), /TS2339 .*'m'/);
      assert.equal(await check(`(await table("dim_dates")).objects({ limit: 1 })`), "", "options stay");
    })
  ));

testWith(
  ["jupyter"],
  "Jupyter shows tables, descriptions and profiles as tables",
  () =>
    withLake(({ config }) =>
      withNotebooks(async (folder) => {
        const path = await writeNotebook(join(folder, "in_jupyter.ipynb"), [
          IMPORT,
          "await tables()",
          `await describe("fact_orders")`,
          `await profile("fact_orders")`,
        ]);
        const notebook = await readNotebook(await executeInJupyter(path, config.home));
        for (const id of ["cell-1", "cell-2", "cell-3"]) {
          assert.match(textOf(notebook, id), /"text\/html":"<table class=/, id);
        }
        assert.match(textOf(notebook, "cell-2"), /Net amount|amount/);
      })
    ),
);
