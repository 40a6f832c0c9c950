import assert from "node:assert/strict";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { withS3Lake } from "../fixtures/s3_lake.ts";
import { testWith } from "../requirements.ts";
import { lastScheduledFor, succeeding, withScheduler, withTerminal } from "./jobs_terminal.ts";

Deno.test("run queues a run of now; without a scheduler it says who would have to be started", () =>
  withTerminal(async ({ jobs, json }) => {
    const { code, stdout } = await jobs("trigger", "train-models");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^train-models@\S+Z is queued\. No scheduler is running for the lake .*`deno task jobs tick`\.\n$/,
    );
    const [run] = await json("runs", "train-models");
    assert.deepEqual([run.status, run.trigger], ["queued", "manual"]);
    assert.match(run.requestedBy.by, /^\S+@\S+ \(terminal\)$/);
  }));

Deno.test("trigger --wait prints the log of each attempt and ends with 0 when the last one succeeds", () =>
  withTerminal(({ jobs, store }) =>
    withScheduler(
      store,
      (attempt) => Promise.resolve({ lines: [`words of attempt ${attempt}`], succeeds: attempt === 2 }),
      async () => {
        const { code, stdout, stderr } = await jobs("trigger", "refresh-data", "--wait");
        assert.equal(code, 0, stderr);
        assert.match(
          stdout,
          /words of attempt 1\n(.*\n)*.*words of attempt 2\nrefresh-data@\S+ succeeded: all steps done\n$/,
        );
        assert.match(stderr, /is queued\n(.*\n)*.*attempt 1 on test-host:1/);
      },
    )
  ));

Deno.test("run --wait without a scheduler says so, and goes on when one is started", () =>
  withTerminal(async ({ start, store }) => {
    const { answer } = await start(
      /No scheduler is running for the lake/,
      "trigger",
      "refresh-data",
      "--wait",
    );
    await withScheduler(store, succeeding, async () => {
      const { code, stdout } = await answer;
      assert.deepEqual([code, /copied 5 tables\nrefresh-data@\S+ succeeded/.test(stdout)], [0, true]);
    });
  }));

Deno.test("run --wait ends with 1 when the run failed, and show and logs tell everything about it", () =>
  withTerminal(({ jobs, json, store }) =>
    withScheduler(
      store,
      (attempt) => Promise.resolve({ lines: [`no source, ${attempt}`], succeeds: false }),
      async () => {
        const waited = await jobs("trigger", "refresh-data", "--wait", "--json");
        assert.equal(waited.code, 1);
        assert.equal(JSON.parse(waited.stdout).status, "failed");

        const { stdout } = await jobs("show", "refresh-data");
        assert.match(stdout, /^refresh-data@\S+Z +failed\n +reason +extract ended with exit code 3\n/);
        assert.match(stdout, /^ +data +from \S+ \S+:05 to .* UTC$/m);
        assert.match(stdout, /^ +requested by +\S+@\S+ \(terminal\) at/m);
        assert.match(stdout, /^2 +\S+ \S+ +\S+ m?s +failed +3 +5 MiB +test-host:1 +extract ended/m);
        const shown = await json("show", "refresh-data");
        assert.equal(shown.attempts.length, 2);

        assert.match((await jobs("logs", "refresh-data")).stdout, /^\S+ no source, 2\n$/);
        assert.match((await jobs("logs", "refresh-data", "--attempt", "1")).stdout, /^\S+ no source, 1\n$/);
        const missing = await jobs("logs", "refresh-data", "--attempt", "7");
        assert.deepEqual([missing.code, /has no attempt 7: expected one of 1, 2/.test(missing.stderr)], [
          1,
          true,
        ]);
      },
    )
  ));

Deno.test("logs --follow ends with the run; cancel ends the run that goes on", () =>
  withTerminal(({ jobs, json, store }) =>
    withScheduler(store, async (_, signal) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { lines: ["told to end"], succeeds: false };
    }, async () => {
      const { scheduledFor } = await json("trigger", "refresh-data");
      while ((await json("show", "refresh-data")).status !== "running");
      const following = jobs("logs", "refresh-data", "--follow");
      const { code, stdout } = await jobs("cancel", "refresh-data");
      assert.deepEqual([code, /Cancellation of \S+ requested/.test(stdout)], [0, true]);
      assert.match((await following).stdout, /told to end\n$/);
      const ended = await json("show", `refresh-data@${scheduledFor}`);
      assert.equal(ended.status, "cancelled");
      assert.match(ended.reason, /^cancelled by \S+@\S+ \(terminal\)$/);
      const again = await jobs("cancel", `refresh-data@${scheduledFor}`);
      assert.deepEqual([again.code, /cannot be cancelled.*found one that was cancelled/.test(again.stderr)], [
        1,
        true,
      ]);
    })
  ));

Deno.test("a run that is cancelled before it is started is cancelled", () =>
  withTerminal(async ({ jobs, json }) => {
    await jobs("trigger", "refresh-data");
    assert.match(
      (await jobs("cancel", "refresh-data")).stdout,
      /is cancelled: cancelled by \S+ \(terminal\) before it started/,
    );
    assert.equal((await json("runs"))[0].status, "cancelled");
  }));

Deno.test("trigger --scheduled-for and backfill ask for runs with their own times and intervals, each once", () =>
  withTerminal(async ({ jobs, json }) => {
    const scheduledFor = lastScheduledFor();
    const run = await json("trigger", "refresh-data", "--scheduled-for", scheduledFor);
    assert.deepEqual([run.scheduledFor, run.trigger, run.dataInterval.end], [
      scheduledFor,
      "backfill",
      scheduledFor,
    ]);
    const from = new Date(Date.parse(scheduledFor) - 3 * 3_600_000).toISOString();
    const range = ["backfill", "refresh-data", "--from", from, "--to", scheduledFor];
    const planned = await jobs(...range, "--dry-run");
    assert.match(
      planned.stdout,
      /^(refresh-data@\S+Z\n){3}3 runs of refresh-data would be queued; 1 other succ/,
    );
    assert.equal((await json("runs")).length, 1, "a dry run writes nothing");
    const first = await json(...range);
    assert.equal(first.queued.length, 3);
    assert.equal((await json("runs", "refresh-data")).length, 4);
    assert.deepEqual((await json(...range)).queued, [], "requested again, nothing is left to do");
    const repeated = await jobs("trigger", "refresh-data", "--scheduled-for", scheduledFor);
    assert.match(repeated.stderr, /cannot be run again: .*found one that is queued/);
  }));

testWith(
  ["s3"],
  "the same commands work on a lake in S3",
  () =>
    withS3Lake((lake) =>
      withTerminal(({ jobs, json }) =>
        withScheduler(lake.store, succeeding, async () => {
          const { code, stdout, stderr } = await jobs("trigger", "refresh-data", "--wait");
          assert.equal(code, 0, stderr);
          assert.match(stdout, /copied 5 tables\nrefresh-data@\S+ succeeded/);
          assert.equal((await json("list")).schedulers.length, 1);
          const ledger = openLedger(lake.store, () => new Date());
          await jobs("pause", "train-models");
          assert.ok((await ledger.jobState("train-models").read()).paused);
        }), lake.url)
    ),
);

Deno.test("backfill says what its runs wait for, and how that is asked for, too, or not waited for", () =>
  withTerminal(async ({ jobs, json }) => {
    const range = ["score-customers", "--from", "2024-10-01", "--to", "2024-10-02"];
    const planned = await jobs("backfill", ...range, "--dry-run");
    assert.match(
      planned.stdout,
      /1 run of score-customers would be queued\n1 run of refresh-data that they depend on did not succ/,
    );
    assert.match(
      planned.stdout,
      /--with-dependencies also queues them; --ignore-dependencies does not wait/,
    );
    assert.deepEqual((await json("backfill", ...range)).dependencies, "wait");
    assert.equal((await json("runs", "score-customers"))[0].status, "waiting");
    await jobs("cancel", "score-customers");
    const both = await jobs("backfill", ...range, "--with-dependencies");
    assert.match(both.stdout, /1 run of refresh-data that they depend on: also queued\n$/);
    assert.equal((await json("runs", "refresh-data"))[0].status, "queued");
    await jobs("cancel", "score-customers");
    assert.deepEqual((await json("backfill", ...range, "--ignore-dependencies")).upstream, []);
    assert.equal((await json("runs", "score-customers"))[0].status, "queued");
    const contrary = await jobs("backfill", ...range, "--ignore-dependencies", "--with-dependencies");
    assert.match(contrary.stderr, /cannot be used with option/);
  }));

Deno.test("run says what of its dependencies has not succeeded, and show says it afterwards", () =>
  withTerminal(async ({ jobs, json }) => {
    const { stderr } = await jobs("trigger", "train-models");
    assert.match(
      stderr,
      /Unmet dependency \(ignored\): refresh-data, whose runs up to then are not planned/,
    );
    assert.match((await jobs("show", "train-models")).stdout, /^ +unmet +refresh-data, whose runs/m);
    assert.equal((await json("show", "train-models")).unmet.length, 1);
    assert.equal((await jobs("trigger", "refresh-data")).stderr, "", "it depends on nothing");
  }));

Deno.test("the id that lists print is taken by every command, and a request for a paused job says so", () =>
  withTerminal(async ({ jobs }) => {
    const done = async (...args: string[]) => {
      const { code, stdout, stderr } = await jobs(...args);
      assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
      return stdout;
    };
    const id = `refresh-data@${lastScheduledFor()}`;
    assert.match(await done("backfill", id), /^1 run of refresh-data is queued/);
    const printed = (await done("runs", "refresh-data")).match(/^refresh-data@\S+/m)![0];
    for (const command of ["runs", "show", "logs"]) await done(command, printed);
    assert.match(await done("cancel", printed), /is cancelled: cancelled by/);
    const paused = await done("pause", printed, "--reason", "the disk is full");
    assert.match(paused, /^refresh-data is paused/);
    assert.match(
      await done("trigger", printed),
      /is queued\. The job is paused by .* since .* UTC: the disk is full; it waits for `deno task jobs resume refresh-data`/,
    );
    assert.match(await done("runs", printed), /it waits until the job is resumed, paused by/);
    assert.match(
      await done("trigger", "refresh-data"),
      /The job is paused by .*; a run that is triggered by hand starts all the same/,
    );
    await done("resume", printed);
    assert.doesNotMatch(await done("runs", printed), /paused/);
    const two = await jobs("trigger", printed, "--scheduled-for", "2024-10-02T03:05Z");
    assert.match(two.stderr, /Two runs are named/);
  }));
