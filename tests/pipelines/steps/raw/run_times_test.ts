/** A clock that was ahead for one run does not stay ahead. */
import assert from "node:assert/strict";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { runsAhead } from "../../../../pipelines/steps/raw/run_times.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

const at = (context: PipelineContext, now: Date): PipelineContext => ({
  ...context,
  runtime: { ...context.runtime, now: () => now },
});
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

Deno.test("versions that an extract with a clock ahead brought begin when it read, once the clock is right", () =>
  withEmbeddedShop(async (context) => {
    const rename = (name: string) => changeShop(`UPDATE customers SET first_name = '${name}'`);
    await changeShop("INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'Ada')");
    const started = Date.now();
    await extract(at(context, new Date()));
    await rename("Bea");
    await extract(at(context, new Date(Date.now() + YEAR_MS)));
    const ahead = await readRawExtract(context.store);
    assert.ok(Date.parse(ahead.extractedAt) > Date.now() + YEAR_MS / 2);
    await transform(context);
    await rename("Cleo");
    const { summary } = await extract(at(context, new Date()));
    assert.match(summary, /the time of 1 run whose clock was ahead is corrected/);
    await transform(context);
    const { extractedAt, tables } = await readRawExtract(context.store);
    assert.ok(Date.parse(extractedAt) <= Date.now());
    for (const run of Object.values(tables).flatMap(({ files }) => files.flatMap(({ runs }) => runs))) {
      assert.ok(Date.parse(run.extractedAt) <= Date.now(), `${run.run} of ${run.extractedAt}`);
    }
    using session = await openSnapshot(context.store);
    const versions = await session.rows<{ name: string; since: string }>(
      `SELECT first_name AS name, CAST(valid_from AS VARCHAR) AS since FROM dim_customers
       WHERE customer_id = 'C1' ORDER BY valid_from`,
    );
    assert.deepEqual(versions.map(({ name }) => name), ["Ada", "Bea", "Cleo"]);
    for (const { since } of versions.slice(1)) {
      const time = Date.parse(`${since.replace(" ", "T")}Z`);
      assert.ok(time >= started && time <= Date.now(), since);
    }
    // And all is quiet again.
    assert.equal((await extract(at(context, new Date()))).status, "unchanged");
  }));

Deno.test("a clock that is behind for one run changes no time of those before", () =>
  withEmbeddedShop(async (context) => {
    await changeShop("INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'Ada')");
    await extract(at(context, new Date()));
    const before = (await readRawExtract(context.store)).tables.customers!;
    await changeShop("UPDATE customers SET first_name = 'Bea'");
    await extract(at(context, new Date("1970-01-01")));
    const { files } = (await readRawExtract(context.store)).tables.customers!;
    assert.deepEqual(files[0], before.files[0]);
    const [first, second] = files.flatMap(({ runs }) => runs.map((run) => run.extractedAt));
    assert.ok(second! > first!);
  }));

const run = (name: string, extractedAt: string, sourceTime?: string) => ({
  files: [{
    key: name,
    rows: 1,
    size: 1,
    sha256: name,
    runs: [{ run: name, extractedAt, rows: 1, sha256: name, ...(sourceTime && { sourceTime }) }],
  }],
});
const NOW = { run: "now", now: "2026-03-01T08:00:00.000Z", sourceTime: "2026-03-01T08:00:01.000Z" };

Deno.test("runs ahead get the time at which PostgreSQL was read, and stay in their order", () => {
  const { corrected } = runsAhead({
    a: run("past", "2026-02-27T08:00:00.000Z"),
    b: run("ahead1", "2027-02-28T08:00:00.000Z", "2026-02-28T08:00:00.000Z"),
    c: run("ahead2", "2027-02-28T09:00:00.000Z", "2026-02-28T09:00:00.000Z"),
    d: run("now", "2027-02-28T09:00:00.001Z", "2026-03-01T08:00:01.000Z"),
  }, NOW);
  assert.deepEqual([...corrected], [
    ["ahead1", "2026-02-28T08:00:00.000Z"],
    ["ahead2", "2026-02-28T09:00:00.000Z"],
    ["now", "2026-03-01T08:00:00.000Z"],
  ]);
});

Deno.test("a run ahead on a machine whose PostgreSQL has the same clock is dated just before the present one", () => {
  const { corrected } = runsAhead({
    a: run("past", "2026-02-27T08:00:00.000Z"),
    b: run("ahead", "2027-02-28T08:00:00.000Z", "2027-02-28T08:00:00.000Z"),
  }, NOW);
  assert.equal(corrected.get("ahead"), "2026-03-01T07:59:59.999Z");
});

Deno.test("where all runs seem to be ahead, the present clock may be behind: nothing is corrected", () => {
  const tables = { a: run("one", "2026-05-01T08:00:00.000Z", "2026-05-01T08:00:00.000Z") };
  assert.deepEqual(runsAhead(tables, NOW), { corrected: new Map(), doubtful: ["one"] });
  const elsewhere = { ...NOW, sourceTime: "2026-05-02T08:00:00.000Z" };
  assert.deepEqual(runsAhead(tables, elsewhere), { corrected: new Map(), doubtful: [] });
});

Deno.test("clocks that differ by minutes are no cause to correct anything", () => {
  const tables = { a: run("past", "2026-02-01T00:00:00.000Z"), b: run("one", "2026-03-01T08:10:00.000Z") };
  assert.deepEqual(runsAhead(tables, NOW), { corrected: new Map(), doubtful: [] });
});
