import { compareRows, type RowDifference } from "shopflow/warehouse/describe/mod.ts";
import { compareSnapshots, type Manifest } from "shopflow/lake/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createHash } from "node:crypto";

/** Compares two states of a table, each a list of queries of which every one is a file of its own. */
async function compare(
  before: string[] | undefined,
  after: string[] | undefined,
  grain: string[],
): Promise<RowDifference | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_compare_" });
  const store = createDirectoryStore(folder, { sync: false });
  try {
    using session = await openSession();
    const manifest = async (queries: string[] | undefined): Promise<Manifest> => {
      const base = { id: "", createdAt: "", codeVersion: "", inputs: {} };
      if (queries === undefined) return { ...base, tables: {} };
      const files = [];
      for (const query of queries) {
        const sha256 = createHash("sha256").update(query).digest("hex");
        const path = join(folder, "file");
        await session.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
        await store.moveIn(`curated/t/${sha256}.parquet`, path);
        const rows = (await session.rows(query)).length;
        files.push({ key: `curated/t/${sha256}.parquet`, rows, size: 1, sha256 });
      }
      const described = await session.rows<{ column_name: string; column_type: string }>(
        `DESCRIBE ${queries[0]}`,
      );
      const columns = described.map((column) => ({ name: column.column_name, type: column.column_type }));
      return { ...base, tables: { t: { columns, rows: 0, files } } };
    };
    const manifests: [Manifest, Manifest] = [await manifest(before), await manifest(after)];
    return await compareRows(session, store, compareSnapshots(...manifests)[0]!, manifests, grain);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("rows are matched by key, NULL included, and counted as added, removed or changed", async () => {
  const before = ["SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL), (NULL, 'n')) AS t(id, v)"];
  const after = ["SELECT * FROM (VALUES (2, 'B'), (3, NULL), (4, 'd'), (5, 'e'), (NULL, 'm')) AS t(id, v)"];
  assert.deepEqual(await compare(before, after, ["id"]), { added: 2, removed: 1, changed: 2 });
});

Deno.test("a row that moved to another file is the same row, and shared files are not read", async () => {
  const file = (from: number, to: number) =>
    `SELECT i AS id, 'x' || i AS v FROM range(${from}, ${to}) AS t(i)`;
  assert.deepEqual(await compare([file(0, 5), file(5, 9)], [file(0, 5), file(5, 7), file(7, 10)], ["id"]), {
    added: 1,
    removed: 0,
    changed: 0,
  });
});

Deno.test("only columns of both sides are compared, a retyped one by its text", async () => {
  assert.deepEqual(
    await compare(["SELECT 1 AS id, 2 AS n, 'gone' AS old"], ["SELECT 1 AS id, '2' AS n, 'new' AS fresh"], [
      "id",
    ]),
    { added: 0, removed: 0, changed: 0 },
  );
});

Deno.test("a table that is new or gone is all added or removed", async () => {
  const rows = ["SELECT 1 AS id UNION ALL SELECT 2"];
  assert.deepEqual(await compare(undefined, rows, []), { added: 2, removed: 0, changed: 0 });
  assert.deepEqual(await compare(rows, undefined, []), { added: 0, removed: 2, changed: 0 });
});

Deno.test("without a key, or with one that is not unique, rows are not compared", async () => {
  const [before, after] = [["SELECT 1 AS id, 1 AS v"], ["SELECT 1 AS id, 2 AS v UNION ALL SELECT 1, 3"]];
  assert.equal(await compare(before, after, []), undefined);
  assert.equal(await compare(before, after, ["no_such_column"]), undefined);
  assert.equal(await compare(before, after, ["id"]), undefined);
});
