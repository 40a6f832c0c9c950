import { currentSnapshotId } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { salesProject, stillRuntime, withProject, writeFiles } from "../small_project.ts";

const GOOD = "select 1 as id, 'a' as kind, 2 as other";
const column = (name: string, test: string) =>
  `    columns:\n      - name: ${name}\n        data_tests:\n          - ${test}\n`;

/** A data test that a good row passes and that stops the publish of `bad` rows. */
function stops(
  kind: string,
  { schema, bad, more = {}, message }: {
    schema: string;
    bad: string;
    more?: Record<string, string>;
    message: RegExp;
  },
): void {
  Deno.test(`a failing ${kind} test stops the publish and shows rows`, async () => {
    await withProject(salesProject(GOOD, schema, more), async ({ build, folder, store }) => {
      const { manifest } = await build();
      await writeFiles(folder, { "models/curated/sales.sql": bad });
      await assert.rejects(build(), { name: "DataTestError", message });
      assert.equal(await currentSnapshotId(store), manifest.id);
    });
  });
}

stops("unique", {
  schema: column("id", "unique"),
  bad: "select 7 as id, 'a' as kind union all select 7, 'b'",
  message: /nothing was published\n {2}sales\.id: unique failed for 1 row, e\.g\. \{"id":7,"copies":2\}/,
});
stops("not_null", {
  schema: column("kind", "not_null"),
  bad: "select i as id, null as kind from range(5) t(i)",
  message:
    /sales\.kind: not_null failed for 5 rows, e\.g\. (\{"id":\d,"kind":null\} ?){3}\. `deno task lake quarantine` shows all such rows/,
});
stops("accepted_values", {
  schema: column("kind", "accepted_values: { arguments: { values: [a, it's] } }"),
  bad: "select 1 as id, 'it''s' as kind union all select 2, 'b' union all select 3, 'b'",
  message: /sales\.kind: accepted_values failed for 1 row, e\.g\. \{"kind":"b","rows":2\}/,
});
stops("accepted_values of numbers", {
  schema: column("id", "accepted_values: { arguments: { values: [1, 2], quote: false } }"),
  bad: "select 3 as id, 'a' as kind",
  message: /sales\.id: accepted_values failed for 1 row/,
});
stops("relationships", {
  schema: column("other", "relationships: { arguments: { to: ref('parents'), field: id } }"),
  more: { "models/staging/parents.sql": "select 2 as id" },
  bad: "select 1 as id, 2 as other union all select 2, null union all select 3, 9",
  message: /sales\.other: relationships failed for 1 row, e\.g\. \{"other":9,"rows":1\}/,
});
stops("generic", {
  schema: "    data_tests:\n      - positive: { arguments: { expression: id } }\n",
  more: {
    "tests/generic/positive.sql":
      "{% test positive(model, expression, least=1) %}select * from {{ model }} where {{ expression }} < {{ least }}{% endtest %}",
  },
  bad: "select -1 as id",
  message: /sales: positive failed for 1 row, e\.g\. \{"id":-1\}/,
});
stops("singular", {
  schema: "    columns: []\n",
  more: { "tests/few_sales.sql": "select count(*) as n from {{ ref('sales') }} having count(*) > 2" },
  bad: "select i as id from range(3) t(i)",
  message: /few_sales failed for 1 row, e\.g\. \{"n":3\}/,
});

Deno.test("a test of severity warn that fails is reported and published", async () => {
  const { runtime, lines } = stillRuntime();
  const schema = column("id", "accepted_values: { arguments: { values: [5] }, config: { severity: warn } }");
  await withProject(salesProject(GOOD, schema), async ({ build, store }) => {
    const { manifest, tests } = await build();
    assert.equal(tests.passed, 0);
    assert.deepEqual(manifest.dataTests, {
      passed: 0,
      warnings: [{ name: "sales.id: accepted_values", failures: 1 }],
    });
    assert.equal(await currentSnapshotId(store), manifest.id);
  }, { runtime });
  assert.match(lines.join("\n"), /sales\.id: accepted_values failed for 1 row/);
});

Deno.test("all failing tests are named, not the first alone", async () => {
  const schema =
    "    columns:\n      - { name: id, data_tests: [unique] }\n      - { name: kind, data_tests: [not_null] }\n";
  const bad = "select 1 as id, null as kind union all select 1, 'b'";
  await withProject(salesProject(bad, schema), async ({ build }) => {
    await assert.rejects(build(), {
      message: /2 data tests failed.*sales\.id: unique.*sales\.kind: not_null/s,
    });
  });
});

Deno.test("a generic test with an argument it does not take is refused", async () => {
  const more = { "tests/generic/never.sql": "{% test never(model) %}select 1 where false{% endtest %}" };
  const schema = "    data_tests:\n      - never: { arguments: { expresion: id } }\n";
  await withProject(salesProject(GOOD, schema, more), async ({ build }) => {
    await assert.rejects(build(), {
      name: "WarehouseError",
      message: /never of sales is malformed.*expresion/,
    });
  });
});

Deno.test("a data test whose SQL fails names itself and its file", async () => {
  await withProject(salesProject(GOOD, column("colour", "not_null")), async ({ build }) => {
    await assert.rejects(build(), {
      name: "WarehouseError",
      message: /data test sales\.colour: not_null in models\/curated\/schema\.yml cannot be run:.*colour/s,
    });
  });
});
