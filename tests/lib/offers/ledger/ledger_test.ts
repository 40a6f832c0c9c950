import assert from "node:assert/strict";
import { join } from "node:path";
import { drawList } from "../../../../lib/offers/draw/draw.ts";
import type { Draw } from "../../../../lib/offers/ledger/events.ts";
import { openOfferLedger } from "../../../../lib/offers/ledger/ledger.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { inputs, options } from "../listed_population.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";

async function withStore(body: (store: ObjectStore, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "offers_ledger_" });
  try {
    await body(createDirectoryStore(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Draws a list into the ledger of a store, as a process of its own would. */
function drawInto(store: ObjectStore, trial: string, most = 100): Promise<Draw | undefined> {
  return openOfferLedger(store).append((events) => {
    const { draw, isNew } = drawList(options({ trial, most }), inputs(), events);
    return isNew ? draw : undefined;
  });
}

Deno.test("draws at once come one after the other: no customer is offered twice", () =>
  withStore(async (store) => {
    const trials = ["a", "b", "c", "d", "e"];
    await Promise.all(trials.map((trial) => drawInto(store, trial)));
    const events = await openOfferLedger(store).read();
    assert.equal(events.length, 5);
    const offered = events.flatMap((event) => event.kind !== "draw" ? [] : event.customers)
      .filter(({ arm }) => arm === "offered").map(({ customerId }) => customerId);
    assert.ok(offered.length > 350);
    assert.equal(new Set(offered).size, offered.length);
  }));

Deno.test("the same draw at once is one list", () =>
  withStore(async (store) => {
    const drawn = await Promise.all([1, 2, 3].map(() => drawInto(store, "a")));
    assert.deepEqual(await openOfferLedger(store).read(), [drawn[0]]);
    for (const draw of drawn) {
      assert.ok(draw === undefined || JSON.stringify(draw) === JSON.stringify(drawn[0]));
    }
  }));

Deno.test("a write whose answer is lost counts once", () =>
  withStore(async (store) => {
    let lost = 0;
    const lossy: ObjectStore = {
      ...store,
      async putIfAbsent(key, body) {
        const written = await store.putIfAbsent(key, body);
        return written && lost++ === 0 ? undefined : written;
      },
    };
    assert.equal((await drawInto(lossy, "a"))?.id, "a-2024-10-01");
    assert.equal((await openOfferLedger(store).read()).length, 1);
  }));

Deno.test("an entry is read as it was written, and another reader sees it", () =>
  withStore(async (store) => {
    const reader = openOfferLedger(store);
    assert.deepEqual(await reader.read(), []);
    const draw = await drawInto(store, "a");
    assert.deepEqual(await reader.read(), [draw]);
  }));

Deno.test("readers at once of one ledger see each entry once, as requests to a server do", () =>
  withStore(async (store) => {
    const reader = openOfferLedger(store);
    for (const trial of ["a", "b"]) {
      await drawInto(store, trial, 20);
      const [one, two, three] = await Promise.all([reader.read(), reader.read(), reader.read()]);
      assert.deepEqual([two, three], [one, one]);
    }
    assert.equal((await reader.read()).length, 2);
  }));

Deno.test("an entry that was changed or taken away is noticed", () =>
  withStore(async (store, folder) => {
    for (const trial of ["a", "b", "c"]) await drawInto(store, trial, 20);
    const path = (entry: number) => join(folder, "offers", "ledger", `0000000${entry}.json`);
    const second = await Deno.readTextFile(path(2));
    await Deno.writeTextFile(path(2), second.replace('"arm": "trial"', '"arm": "offered"'));
    await assert.rejects(openOfferLedger(store).read(), {
      name: "LakeError",
      message: /ledger of offers in .* is damaged: offers\/ledger\/00000002\.json.*changed since/,
    });
    await Deno.remove(path(2));
    await assert.rejects(openOfferLedger(store).read(), {
      message: /00000002\.json: expected an entry, found none/,
    });
    // Sealed, but not the entry that the third was written after.
    await Deno.writeTextFile(path(2), await Deno.readTextFile(path(1)));
    await assert.rejects(openOfferLedger(store).read(), { message: /damaged.*an entry that follows/ });
    await Deno.writeTextFile(path(2), second);
    assert.equal((await openOfferLedger(store).read()).length, 3);
  }));

testWith(
  ["s3"],
  "in S3, too, draws at once come one after the other",
  () =>
    withS3Lake(async ({ client }) => {
      const trials = ["a", "b", "c", "d"];
      await Promise.all(trials.map((trial) => drawInto(client(), trial)));
      const events = await openOfferLedger(client()).read();
      const offered = events.flatMap((event) => event.kind === "draw" ? event.customers : [])
        .filter(({ arm }) => arm === "offered").map(({ customerId }) => customerId);
      assert.equal(events.length, 4);
      assert.equal(new Set(offered).size, offered.length);
    }),
);
