import { openSession, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";

Deno.test("values of a result are plain: numbers, text, booleans, lists, objects and null", async () => {
  using session = await openSession();
  const [row] = await session.rows(`
    SELECT 1::BIGINT AS big, 12.34::DECIMAL(10,2) AS money, -0.05::DECIMAL(5,2) AS cents, DATE '2024-02-29' AS day,
      TIMESTAMP '2024-02-29 13:45:01' AS moment, true AS yes, NULL AS nothing, 'ä' AS letter,
      [1.5, NULL] AS list, {'a': 1, 'b': DATE '2024-01-01'} AS struct`);
  assert.deepEqual(row, {
    big: 1,
    money: 12.34,
    cents: -0.05,
    day: "2024-02-29",
    moment: "2024-02-29 13:45:01",
    yes: true,
    nothing: null,
    letter: "ä",
    list: [1.5, null],
    struct: { a: 1, b: "2024-01-01" },
  });
});

Deno.test("parameters are bound, not spliced in", async () => {
  using session = await openSession();
  const rows = await session.rows("SELECT $1 AS name, $2 AS n", ["x'; DROP TABLE y", 3]);
  assert.deepEqual(rows, [{ name: "x'; DROP TABLE y", n: 3 }]);
});

Deno.test("numbers come in single precision row by row, with the text that identifies each", async () => {
  using session = await openSession();
  const { keys, names, values } = await session.floats(
    "SELECT 'k' || i AS id, CAST(i AS DOUBLE) AS n, CASE WHEN i > 0 THEN i / 4 END AS quarter FROM range(5000) r(i) ORDER BY i",
  );
  assert.deepEqual([keys.length, keys[4999], names], [5000, "k4999", ["n", "quarter"]]);
  assert.deepEqual([...values.slice(0, 6)], [0, NaN, 1, 0.25, 2, 0.5]);
  assert.deepEqual([...values.slice(-2)], [4999, 1249.75]);
  for (
    const [sql, problem] of [
      ["SELECT 1 AS id, 1.5::DOUBLE AS n", /first column is not text/],
      ["SELECT 'a' AS id, 1 AS n", /column n is not DOUBLE/],
      ["SELECT 'a' AS id, 'inf'::DOUBLE AS n", /column n has the value Infinity/],
    ] as const
  ) {
    await assert.rejects(session.floats(sql), { name: "WarehouseError", message: problem });
  }
});

Deno.test("columns come as one array each", async () => {
  using session = await openSession();
  const columns = await session.columns("SELECT i AS n, 'x' AS t FROM range(3) r(i) ORDER BY i");
  assert.deepEqual(columns, { n: [0, 1, 2], t: ["x", "x", "x"] });
});

Deno.test("a connection beside another one sees the same tables, at the same time", async () => {
  using session = await openSession();
  await session.run("CREATE TABLE numbers AS SELECT i FROM range(100) r(i)");
  {
    using other = await session.beside();
    const sums = await Promise.all(
      [session, other].map((one) => one.rows("SELECT sum(i) AS total FROM numbers")),
    );
    assert.deepEqual(sums, [[{ total: 4950 }], [{ total: 4950 }]]);
    await other.run("INSERT INTO numbers VALUES (50)");
  }
  assert.deepEqual(await session.rows("SELECT sum(i) AS total FROM numbers"), [{ total: 5000 }]);
});

Deno.test("a statement that DuckDB refuses is shown with the reason", async () => {
  using session = await openSession();
  await assert.rejects(session.rows("SELECT nowhere FROM nothing"), {
    name: "WarehouseError",
    message: /nothing.*in: SELECT nowhere FROM nothing/s,
  });
});

Deno.test("names and strings are quoted so that any text is safe", async () => {
  using session = await openSession();
  const [row] = await session.rows(`SELECT ${sqlString("it's")} AS ${sqlName('a "b"')}`);
  assert.deepEqual(row, { 'a "b"': "it's" });
});

Deno.test("work larger than the memory limit goes to the folder for it, and fails clearly without one", async () => {
  const folder = await Deno.makeTempDir();
  const large =
    "SELECT count(*) AS n FROM (SELECT DISTINCT hash(i) AS h, i::VARCHAR AS t FROM range(1500000) r(i))";
  try {
    using spilling = await openSession({ memoryLimit: "60MB", threads: 1, spillFolder: folder });
    assert.deepEqual(await spilling.rows(large), [{ n: 1_500_000 }]);
    using bounded = await openSession({ memoryLimit: "60MB", threads: 1 });
    await assert.rejects(bounded.rows(large), { name: "WarehouseError", message: /Out of Memory/ });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
