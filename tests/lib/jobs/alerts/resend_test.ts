/** Alerts that were not taken are sent again by an interval: nobody reviews or flushes here after the first time. */
import { type Alerts, createAlerts } from "shopflow/jobs/alerts/mod.ts";
import { type Channel, DeliveryError } from "../../../../lib/jobs/alerts/channels.ts";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { isBusy, observed, quiet } from "../quiet_store.ts";
import { at, failedAt, JOB as HOURLY } from "./hourly_job.ts";

/** Without an SLA, since missing it would be a second alert. */
const { slaMinutes: _, ...JOB } = HOURLY;

interface Place {
  alerts: Alerts;
  enqueue(...runs: Run[]): Promise<void>;
  /** Lets so many seconds pass; intervals call back. */
  pass(seconds: number): Promise<void>;
  /** Seconds since the beginning at which the channel was asked. */
  asked: number[];
  /** Intervals that call back. */
  intervals(): number;
  /** How the channel answers from now on: nothing is taken. */
  refuse(error: DeliveryError | undefined): void;
  /** Whether the lake refuses to be written. */
  lake: { full: boolean };
}

async function withSimulatedTime(body: (place: Place) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const start = at("09:15").getTime();
    let time = start;
    let intervals: { due: number; ms: number; work: () => void }[] = [];
    const now = () => new Date(time);
    const lake = { full: false };
    const directory = createDirectoryStore(folder);
    const store = observed({
      ...directory,
      putIfMatch: (key, body, etag) =>
        lake.full ? Promise.reject(new Error("no space left")) : directory.putIfMatch(key, body, etag),
    });
    let refusal: DeliveryError | undefined;
    const asked: number[] = [];
    const channel: Channel = {
      name: "operations",
      place: "here",
      send() {
        asked.push((time - start) / 1000);
        return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
      },
    };
    const alerts = createAlerts({
      ledger: openLedger(store, now),
      channels: [channel],
      runtime: { now, log: createLogger(() => {}) },
      every(ms, work) {
        const interval = { due: time + ms, ms, work };
        intervals.push(interval);
        return () => void (intervals = intervals.filter((other) => other !== interval));
      },
    });
    try {
      await body({
        alerts,
        enqueue: (...runs) => openLedger(store, now).enqueue(JOB.name, runs),
        async pass(seconds) {
          const end = time + seconds * 1000;
          for (;;) {
            const next = intervals.toSorted((a, b) => a.due - b.due)[0];
            if (next === undefined || next.due > end) break;
            time = next.due;
            next.due += next.ms;
            next.work();
            await new Promise((resolve) => setTimeout(resolve));
            if (isBusy()) await quiet();
          }
          time = end;
        },
        asked,
        intervals: () => intervals.length,
        refuse: (error) => void (refusal = error),
        lake,
      });
    } finally {
      await alerts.close();
    }
  });
}

const GONE = new DeliveryError("it does not answer");

Deno.test("an alert that was not taken is sent again after 30 s, 1, 2, 4 minutes, then every 15, until it is", () =>
  withSimulatedTime(async ({ alerts, enqueue, pass, asked, refuse }) => {
    refuse(GONE);
    await enqueue(failedAt("09:00"));
    await alerts.review(JOB);
    await quiet();
    await pass(29);
    assert.deepEqual(asked, [0]);
    await pass(3600);
    const minutes = [0, 0.5, 1.5, 3.5, 7.5, 15.5, 30.5, 45.5, 60.5].map((minute) => minute * 60);
    assert.deepEqual(asked, minutes.filter((second) => second <= 3629));
    refuse(undefined);
    await pass(900);
    assert.deepEqual(asked, minutes);
    await pass(3600);
    assert.deepEqual(asked, minutes);
  }));

Deno.test("a channel that asks for a longer wait gets it", () =>
  withSimulatedTime(async ({ alerts, enqueue, pass, asked, refuse }) => {
    refuse(new DeliveryError("slowly", 300_000));
    await enqueue(failedAt("09:00"));
    await alerts.review(JOB);
    await quiet();
    await pass(299);
    assert.deepEqual(asked, [0]);
    await pass(2);
    assert.deepEqual(asked, [0, 300]);
  }));

Deno.test("when the lake cannot be written, the alert is sent half a minute later", () =>
  withSimulatedTime(async ({ alerts, enqueue, pass, asked, refuse, lake }) => {
    refuse(GONE);
    await enqueue(failedAt("09:00"));
    await alerts.review(JOB);
    await quiet();
    refuse(undefined);
    lake.full = true;
    await pass(31);
    assert.deepEqual(asked, [0], "what cannot be claimed is not sent");
    lake.full = false;
    await pass(60);
    assert.deepEqual(asked, [0, 60]);
  }));

Deno.test("alerts that are closed have no intervals", () =>
  withSimulatedTime(async ({ alerts, enqueue, pass, asked, refuse, intervals }) => {
    refuse(GONE);
    await enqueue(failedAt("09:00"));
    await alerts.review(JOB);
    await quiet();
    await alerts.close();
    assert.equal(intervals(), 0);
    await pass(3600);
    assert.deepEqual(asked, [0]);
  }));
