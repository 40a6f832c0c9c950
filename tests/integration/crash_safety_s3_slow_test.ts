/** Lakes in S3 whose server fails, is slow or is killed, and whose pipelines are killed too. */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import { createS3Store } from "../../lib/lake/store/s3/s3_store.ts";
import type { Random } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { killRandom, KILLS } from "../fixtures/crash/kill_settings.ts";
import {
  anyLocalPoint,
  type CourseOptions,
  courseText,
  runKilledCourse,
} from "../fixtures/crash/killed_course.ts";
import { startLakeReader } from "../fixtures/crash/lake_reader.ts";
import { assertEmpty, expectedKeys, filesBeneath } from "../fixtures/crash/left_behind.ts";
import { createShopLake, type ShopLake } from "../fixtures/crash/shop_lake.ts";
import { createUndisturbedLake } from "../fixtures/crash/undisturbed_lake.ts";
import { type ShopPlace, withGrowingShops } from "../fixtures/crash/with_growing_shops.ts";
import { type ProxiedRequest, startFaultyProxy } from "../fixtures/faulty_proxy.ts";
import { slowAndFaulty } from "../fixtures/s3_faults.ts";
import { startRelay } from "../fixtures/relay.ts";
import { BUCKET, type S3Server, startS3Server } from "../fixtures/s3_server.ts";
import { testWith } from "../requirements.ts";

const LAKE = `s3://${BUCKET}/shop`;
const CACHE_BYTES = 2 ** 30;
/** Which requests fail: with fewer in between, most of the time would go into waiting before the next attempt. */
const EVERY = 11;
/** A look takes a hundred requests. */
const PAUSE_MS = 1000;
/** About as many as a run makes; one that goes on where another was killed makes fewer. */
const WRITES = 20;

/** A lake that the test itself reads straight from the server; its pipelines may reach it another way. */
function lakeInS3({ folder, shop }: ShopPlace, server: S3Server, pipelinesUrl = server.url) {
  const cache = { folder: join(folder, "reader_cache"), maxBytes: CACHE_BYTES };
  return createShopLake(folder, shop, () => createS3Store(LAKE, { env: server.env, cache }), {
    ...server.env,
    AWS_ENDPOINT_URL: pipelinesUrl,
    SHOPFLOW_LAKE: LAKE,
  });
}

const lakeInFolder = ({ folder, shop }: ShopPlace): Promise<ShopLake> =>
  createShopLake(folder, shop, (home) => createDirectoryStore(join(home, "lake")));

/** Runs a test body with a server of its own and two equal shops. */
const withServer = (body: (server: S3Server, calm: ShopPlace, disturbed: ShopPlace) => Promise<void>) =>
  withGrowingShops(2, async ([calm, disturbed]) => {
    await using server = await startS3Server(join(disturbed!.folder, "s3"));
    await body(server, calm!, disturbed!);
  });

/** Whether the lake and its home hold nothing but what they should, after a garbage collection. */
async function assertTidy(lake: ShopLake): Promise<void> {
  const keys = (await lake.store.list("")).map(({ key }) => key);
  assert.deepEqual(keys, await expectedKeys(lake.store));
  assert.deepEqual(await lake.store.unfinishedWrites!(), []);
  // What was read from S3 stays in the cache, whole files under the name of their content; the home knows its lake.
  const strange = (await filesBeneath(lake.home))
    .filter((path) =>
      !/^(cache\/shopflow_lake\/([0-9a-f]{64}\.parquet|\.lock)|lakes\/[0-9a-f]{16}\.json)$/.test(path)
    );
  assert.deepEqual(strange, []);
  await assertEmpty(lake.temporary);
}

/**
 * Kills a server and starts it again until it is told to stop; returns how often. It lives until it has answered some
 * requests, not for some time: then a slow machine comes on as well.
 */
function keepKilling(server: S3Server, answered: () => number, random: Random): { stop(): Promise<number> } {
  let going = true;
  const killing = (async () => {
    let kills = 0;
    while (going) {
      const enough = answered() + 1 + Math.floor(20 * random());
      while (going && answered() < enough) await delay(2);
      if (!going) break;
      await delay(20 * random());
      await server.kill();
      kills++;
      await delay(100 * random());
      await server.restart();
    }
    return kills;
  })();
  return {
    stop() {
      going = false;
      return killing;
    },
  };
}

testWith(
  ["postgres", "versitygw"],
  "while the S3 server is killed and started again all the time, the snapshots are those of an undisturbed lake",
  () =>
    withServer(async (server, calm, disturbed) => {
      const undisturbed = createUndisturbedLake(await lakeInFolder(calm));
      let answers = 0;
      const relay = startRelay(server.url, { onBytes: () => void answers++ });
      const lake = await lakeInS3(disturbed, server, relay.url);
      const reader = startLakeReader(lake.store, { pauseMs: PAUSE_MS });
      const random = killRandom("server");
      let kills = 0, day = 0;
      // Each day brings a kill at least; how many more depends on how quick the machine is.
      for (; day < 2 || kills < 10; day++) {
        if (day > 0) await lake.shop.change(day);
        const killing = keepKilling(server, () => answers, random);
        try {
          await lake.runPipelines(day);
        } finally {
          kills += await killing.stop();
        }
        const { id, tables } = await readManifest(lake.store);
        assert.deepEqual(tables, (await undisturbed.day(day)).tables, `tables of day ${day}`);
        await reader.hasSeen(id);
      }
      await reader.stop();
      await lake.collectGarbage(day, { keep: 1, attempt: 0 });
      await assertTidy(lake);
      await relay.kill();
      console.log(`${kills} kills in ${day} days; the reader looked ${reader.looks} times`);
    }),
);

/** Kills at one of the requests that change something, as it reaches the server or when it is done; or elsewhere. */
function anyPoint(
  random: Random,
  killAtWrite: (point: { write: number; done: boolean; kill: () => void }) => void,
): CourseOptions["disturb"] {
  const local = anyLocalPoint(random);
  return (measured) => {
    if (random() < 0.5) return local(measured);
    const write = 1 + Math.floor(random() * WRITES), done = random() < 0.5;
    return {
      name: `${done ? "after" : "before"} write ${write} to S3`,
      onStart: (kill) => killAtWrite({ write, done, kill }),
    };
  };
}

testWith(
  ["postgres", "versitygw"],
  "with a slow S3 server that fails every eleventh request, pipelines can be killed anywhere just as well",
  () =>
    withServer(async (server, calm, disturbed) => {
      let due: { write: number; done: boolean; kill: () => void } | undefined;
      let writes = 0;
      const isDue = ({ method }: ProxiedRequest, done: boolean) =>
        method !== "GET" && method !== "HEAD" && due?.done === done && writes === due.write;
      const trouble = slowAndFaulty(EVERY);
      const proxy = startFaultyProxy(server.url, async (request) => {
        if (request.method !== "GET" && request.method !== "HEAD") writes++;
        if (isDue(request, false)) due!.kill();
        return await trouble(request);
      }, { onDone: (request) => isDue(request, true) && due!.kill() });
      try {
        const lake = await lakeInS3(disturbed, server, proxy.url);
        const random = killRandom("pipelines on S3");
        const course = await runKilledCourse(lake, createUndisturbedLake(await lakeInFolder(calm)), {
          kills: Math.ceil(KILLS / 5),
          pauseMs: PAUSE_MS,
          disturb: anyPoint(random, (point) => {
            writes = 0;
            due = point;
          }),
        });
        console.log(courseText(course));
        assert.ok(proxy.faults > 20, `${proxy.faults} faults`);
        await assertTidy(lake);
      } finally {
        await proxy.close();
      }
    }),
);
