import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { buildSnapshot, loadSqlProject, openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { salesProject, stillRuntime, withProject, writeFiles } from "../small_project.ts";

const NO_TESTS = "    columns: []\n";
const MANY =
  "select i as id, (hash(i) % 1000)::integer as n, repeat('x', (i % 9)::integer) as t from range(300000) r(i)";

Deno.test("the same rows give the same files and snapshot, whatever their order or the number of threads", async () => {
  const keys: string[] = [];
  for (const [order, threads] of [["order by id", 1], ["order by n, id desc", 2]] as const) {
    await withProject(salesProject(`${MANY} ${order}`, NO_TESTS), async ({ build }) => {
      keys.push((await build()).manifest.tables.sales!.files[0]!.key);
    }, { options: { threads } });
  }
  assert.equal(keys[0], keys[1]);
  assert.match(keys[0]!, /^curated\/sales\/[0-9a-f]{16}\.parquet$/);
});

Deno.test("a rerun writes no file again and gives the same snapshot", async () => {
  await withProject(salesProject("select 1 as id", NO_TESTS), async ({ build, store }) => {
    const first = await build();
    const files = await store.list("");
    assert.deepEqual((await build()).manifest, first.manifest);
    assert.deepEqual(await store.list(""), files);
  });
});

Deno.test("a curated file of another size than its content says is written again", async () => {
  await withProject(salesProject("select 1 as id", NO_TESTS), async ({ build, store }) => {
    const { key, size } = (await build()).manifest.tables.sales!.files[0]!;
    await store.put(key, new TextEncoder().encode("torn"));
    await build();
    assert.equal((await store.stat(key))?.size, size);
  });
});

Deno.test("models are published with columns, types, rows and hashes, but those that say no", async () => {
  const more = {
    "models/staging/step.sql":
      "{{ config(meta={'published': false}) }} select 1 as id, 2.50::decimal(10,2) as amount",
    "models/staging/text.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
  };
  await withProject(
    salesProject("select * from {{ ref('step') }}", NO_TESTS, more),
    async ({ build, store }) => {
      const { tables } = (await build()).manifest;
      assert.deepEqual(Object.keys(tables), ["sales"]);
      assert.deepEqual(tables.sales!.columns, [
        { name: "id", type: "INTEGER" },
        { name: "amount", type: "DECIMAL(10,2)" },
      ]);
      const { key, rows, size, sha256 } = tables.sales!.files[0]!;
      assert.equal(rows, 1);
      const object = (await store.get(key))!;
      assert.equal(object.body.length, size);
      assert.equal(sha256, object.etag);
    },
  );
});

Deno.test("publish leaves the old snapshot readable when the process dies before the pointer moves", async () => {
  await withProject(salesProject("select 1 as id", NO_TESTS), async ({ build, folder, store }) => {
    const old = await build();
    await writeFiles(folder, { "models/curated/sales.sql": "select 2 as id" });
    const dying: ObjectStore = { ...store, putIfMatch: () => Promise.reject(new Error("power cut")) };
    const project = await loadSqlProject(folder);
    const inputs = { store: dying, project, inputs: {}, codeVersion: "v1" };
    await assert.rejects(buildSnapshot(inputs, stillRuntime().runtime), /power cut/);
    using session = await openSnapshot(store);
    assert.equal(session.manifest.id, old.manifest.id);
    assert.deepEqual(await session.rows("SELECT * FROM sales"), [{ id: 1 }]);
    // Running again finishes the work.
    await build();
    using after = await openSnapshot(store);
    assert.deepEqual(await after.rows("SELECT * FROM sales"), [{ id: 2 }]);
  });
});

Deno.test("a model whose SQL fails is named by file with DuckDB's reason", async () => {
  await withProject(salesProject("select * fro x", NO_TESTS), async ({ build, store }) => {
    await assert.rejects(build(), {
      name: "WarehouseError",
      message: /The SQL model models\/curated\/sales\.sql failed: .*syntax error/,
    });
    assert.equal(await currentSnapshotId(store), undefined);
  });
});

Deno.test("a model that breaks its contract names the columns", async () => {
  const schema = `  - name: checked
    config: { contract: { enforced: true }, meta: { grain: [id] } }
    columns:
      - { name: id, data_type: INTEGER }
      - { name: amount, data_type: "DECIMAL(10,2)" }
`;
  const more = { "models/curated/checked.sql": "select 1 as id, 2.5::double as amount, 3 as extra" };
  await withProject(salesProject("select 1 as id", NO_TESTS + schema, more), async ({ build }) => {
    await assert.rejects(build(), {
      name: "WarehouseError",
      message:
        /checked\.sql breaks its contract.*expected amount DECIMAL\(10,2\), found amount DOUBLE, extra INTEGER/,
    });
  });
});

Deno.test("a model without grain is sorted by all its columns", async () => {
  const files = { "models/marts/sales.sql": "select i % 3 as b, 9 - i as a from range(9) t(i)" };
  await withProject(files, async ({ build, store }) => {
    await build();
    using session = await openSnapshot(store);
    assert.deepEqual(await session.rows("FROM sales"), await session.rows("FROM sales ORDER BY ALL"));
  });
});

Deno.test("a model kept by month without grain is refused, since its months could not be told apart", async () => {
  const files = {
    "models/sales.sql": "{{ config(meta={'partition_by': 'day'}) }} select current_date as day",
  };
  await withProject(files, async ({ build }) => {
    await assert.rejects(build(), {
      name: "WarehouseError",
      message: /sales\.sql is kept by month and has no grain/,
    });
  });
});

Deno.test("a snapshot whose file is gone or broken is an error that names the file", async () => {
  await withProject(salesProject("select 1 as id", NO_TESTS), async ({ build, store }) => {
    const { key } = (await build()).manifest.tables.sales!.files[0]!;
    await Deno.writeTextFile(join(store.url, key), "not parquet");
    await assert.rejects(openSnapshot(store), {
      name: "LakeError",
      message: new RegExp(
        `^${key} in the lake .* was changed since it was written: expected sha256 .*, found`,
      ),
    });
    await store.delete(key);
    await assert.rejects(openSnapshot(store), {
      name: "LakeError",
      message: new RegExp(`missing: expected ${key}`),
    });
  });
});

Deno.test("a file whose rows were damaged is named when it is opened, by the query that meets it later, and built again", async () => {
  await withProject(salesProject(MANY, NO_TESTS), async ({ build, store }) => {
    const { key } = (await build()).manifest.tables.sales!.files[0]!;
    const path = join(store.url, key);
    const bytes = await Deno.readFile(path);
    // The end, which says where the columns are, stays: opening the file succeeds.
    const damaged = bytes.map((byte, i) => i > 100 && i < bytes.length / 2 ? 0 : byte);
    {
      using session = await openSnapshot(store);
      await Deno.writeFile(path, damaged);
      await assert.rejects(session.rows("SELECT sum(n) FROM sales"), {
        name: "LakeError",
        message: new RegExp(`file ${key} of the lake .* is damaged.*pipeline run transform --force`),
      });
      await assert.rejects(session.rows("SELECT no_column FROM sales"), { name: "WarehouseError" });
    }
    await assert.rejects(openSnapshot(store), {
      name: "LakeError",
      message: /was changed since it was written/,
    });
    await build();
    assert.deepEqual(await Deno.readFile(path), bytes);
  });
});
