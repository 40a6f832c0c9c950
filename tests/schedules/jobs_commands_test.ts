import assert from "node:assert/strict";
import { nextDue, openLedger } from "shopflow/jobs/mod.ts";
import { withS3Lake } from "../fixtures/s3_lake.ts";
import { testWith } from "../requirements.ts";
import { JOBS } from "../../schedules/jobs.ts";
import { withScheduler, withTerminal } from "./jobs_terminal.ts";

const REFRESH = JOBS.jobs.find(({ name }) => name === "refresh-data")!;

/** The last slot of refresh-data that is due, as an ISO time. */
function lastSlot(): string {
  const { schedule } = REFRESH;
  assert.ok("cron" in schedule);
  return nextDue(schedule, new Date(Date.now() - 3_600_000))!.toISOString();
}

const succeeding = () => Promise.resolve({ lines: ["copied 5 tables"], succeeds: true });

Deno.test("list shows every job of a lake that was never used, and that no scheduler runs", () =>
  withTerminal(async ({ jobs, json }) => {
    const { code, stdout } = await jobs("list");
    assert.equal(code, 0);
    assert.match(stdout, /^no scheduler runs on the lake .*: start `deno task schedule`/);
    assert.match(
      stdout,
      /^train-models +20 1 \* \* \* Europe\/Berlin +\S+ \S+ +\w{3} 01:20 Europe\/Berlin +never$/m,
    );
    const listed = await json("list");
    assert.deepEqual(listed.schedulers, []);
    assert.deepEqual(
      listed.jobs.map(({ job }: { job: { name: string } }) => job.name),
      JOBS.jobs.map(({ name }) => name),
    );
    assert.ok(Date.parse(listed.jobs[0].nextDue) > Date.now());
  }));

Deno.test("list shows the scheduler that lives, the last status and who paused a job", () =>
  withTerminal(({ jobs, json, store }) =>
    withScheduler(store, succeeding, async () => {
      assert.equal((await jobs("run", "refresh-data", "--wait")).code, 0);
      assert.equal((await jobs("pause", "train-models", "--reason", "new features")).code, 0);
      const { stdout } = await jobs("list");
      assert.match(stdout, /^1 scheduler on the lake .*: test-host:1\n/);
      assert.match(stdout, /^refresh-data .* succeeded +0\.\d s$/m);
      assert.match(stdout, /^train-models .* paused by \S+@\S+ \(terminal\) at .*: new features$/m);
      const { jobs: listed } = await json("list");
      assert.equal(listed[0].last.status, "succeeded");
      assert.equal(listed[2].paused.reason, "new features");
    })
  ));

Deno.test("run queues a run of now; without a scheduler it says who would have to be started", () =>
  withTerminal(async ({ jobs, json }) => {
    const { code, stdout } = await jobs("run", "train-models");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^train-models@\S+Z is queued; no scheduler runs on the lake .*`deno task jobs tick`\n$/,
    );
    const [run] = await json("runs", "train-models");
    assert.deepEqual([run.status, run.trigger], ["queued", "manual"]);
    assert.match(run.requestedBy.by, /^\S+@\S+ \(terminal\)$/);
  }));

Deno.test("run --wait prints the log of each try and ends with 0 when the last one succeeds", () =>
  withTerminal(({ jobs, store }) =>
    withScheduler(
      store,
      (attempt) => Promise.resolve({ lines: [`words of try ${attempt}`], succeeds: attempt === 2 }),
      async () => {
        const { code, stdout, stderr } = await jobs("run", "refresh-data", "--wait");
        assert.equal(code, 0, stderr);
        assert.match(
          stdout,
          /words of try 1\n(.*\n)*.*words of try 2\nrefresh-data@\S+ succeeded: all steps done\n$/,
        );
        assert.match(stderr, /is queued\n(.*\n)*.*try 1 on test-host:1/);
      },
    )
  ));

Deno.test("run --wait without a scheduler says so, and goes on when one is started", () =>
  withTerminal(async ({ start, store }) => {
    const { answer } = await start(/no scheduler runs on the lake/, "run", "refresh-data", "--wait");
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
        const waited = await jobs("run", "refresh-data", "--wait", "--json");
        assert.equal(waited.code, 1);
        assert.equal(JSON.parse(waited.stdout).status, "failed");

        const { stdout } = await jobs("show", "refresh-data");
        assert.match(stdout, /^refresh-data@\S+Z +failed\n +why +extract ended with exit code 3\n/);
        assert.match(stdout, /^ +data +from \S+ \S+:05 to .* UTC$/m);
        assert.match(stdout, /^ +asked for by +\S+@\S+ \(terminal\) at/m);
        assert.match(stdout, /^2 +\S+ \S+ +0\.\d s +failed +3 +5\.0 MiB +test-host:1 +extract ended/m);
        const shown = await json("show", "refresh-data");
        assert.equal(shown.attempts.length, 2);

        assert.match((await jobs("logs", "refresh-data")).stdout, /^\S+ no source, 2\n$/);
        assert.match((await jobs("logs", "refresh-data", "--attempt", "1")).stdout, /^\S+ no source, 1\n$/);
        const missing = await jobs("logs", "refresh-data", "--attempt", "7");
        assert.deepEqual([missing.code, /has no try 7: expected one of 1, 2/.test(missing.stderr)], [
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
      const { slot } = await json("run", "refresh-data");
      while ((await json("show", "refresh-data")).status !== "running");
      const following = jobs("logs", "refresh-data", "--follow");
      const { code, stdout } = await jobs("cancel", "refresh-data");
      assert.deepEqual([code, /is to be ended/.test(stdout)], [0, true]);
      assert.match((await following).stdout, /told to end\n$/);
      const ended = await json("show", `refresh-data@${slot}`);
      assert.equal(ended.status, "failed");
      assert.match(ended.reason, /^cancelled by \S+@\S+ \(terminal\)$/);
      const again = await jobs("cancel", `refresh-data@${slot}`);
      assert.deepEqual([again.code, /cannot be cancelled.*found one that failed/.test(again.stderr)], [
        1,
        true,
      ]);
    })
  ));

Deno.test("a run that is cancelled before it is started is skipped", () =>
  withTerminal(async ({ jobs, json }) => {
    await jobs("run", "refresh-data");
    assert.match(
      (await jobs("cancel", "refresh-data")).stdout,
      /is skipped: cancelled by \S+ \(terminal\) before it ran/,
    );
    assert.equal((await json("runs"))[0].status, "skipped");
  }));

Deno.test("run --slot and backfill ask for slots with their own times and intervals, each once", () =>
  withTerminal(async ({ jobs, json }) => {
    const slot = lastSlot();
    const run = await json("run", "refresh-data", "--slot", slot);
    assert.deepEqual([run.slot, run.trigger, run.interval.to], [slot, "backfill", slot]);
    const from = new Date(Date.parse(slot) - 3 * 3_600_000).toISOString();
    const range = ["backfill", "refresh-data", "--from", from, "--to", slot];
    const planned = await jobs(...range, "--dry-run");
    assert.match(
      planned.stdout,
      /^(refresh-data@\S+Z\n){3}3 slots of refresh-data would be asked for; 1 other succ/,
    );
    assert.equal((await json("runs")).length, 1, "a dry run writes nothing");
    const asked = await json(...range);
    assert.equal(asked.asked.length, 3);
    assert.equal((await json("runs", "refresh-data")).length, 4);
    assert.deepEqual((await json(...range)).asked, [], "asked for again, nothing is left to do");
    const repeated = await jobs("run", "refresh-data", "--slot", slot);
    assert.match(repeated.stderr, /is not run again: .*found one that is queued/);
  }));

Deno.test("a paused job is paused once and resumed once", () =>
  withTerminal(async ({ jobs }) => {
    assert.match((await jobs("pause", "score-customers")).stdout, /^score-customers is paused; .*resume/);
    assert.match((await jobs("pause", "score-customers")).stderr, /is paused already: found paused by/);
    assert.match((await jobs("resume", "score-customers")).stdout, /^score-customers is no longer paused/);
    assert.match((await jobs("resume", "score-customers")).stderr, /is not paused/);
  }));

Deno.test("runs lists the newest first, of a job, a status, a time, and no more than were asked for", () =>
  withTerminal(async ({ jobs, json }) => {
    const slot = lastSlot();
    const before = (hours: number) => new Date(Date.parse(slot) - hours * 3_600_000).toISOString();
    await jobs("backfill", "refresh-data", "--from", before(30), "--to", slot);
    await jobs("run", "collect-garbage");
    await jobs("cancel", `refresh-data@${before(2)}`);
    const slots = async (...args: string[]) =>
      (await json("runs", ...args)).map(({ slot }: { slot: string }) => slot);
    assert.equal((await slots()).length, 20, "the default limit");
    assert.deepEqual(await slots("refresh-data", "--limit", "3"), [slot, before(1), before(2)]);
    assert.deepEqual(await slots("--status", "skipped"), [before(2)]);
    assert.deepEqual(await slots("refresh-data", "--since", before(1)), [slot, before(1)]);
    assert.equal((await slots("refresh-data", "--since", "3d", "--limit", "100")).length, 31);
    assert.equal((await slots("--status", "skipped,queued", "--limit", "100")).length, 32);
  }));

const MISTAKES: [string, string[], RegExp][] = [
  [
    "an unknown job",
    ["run", "trian-models"],
    /No such job.*found "trian-models"\. Did you mean train-models\?/,
  ],
  ["a part of a job's name", ["pause", "score"], /Did you mean score-customers\?/],
  [
    "a word like no job's name",
    ["runs", "zzzzzzzzzz"],
    /expected one of refresh-data.*jobs list` describes them/,
  ],
  [
    "a slot without a time zone",
    ["run", "refresh-data", "--slot", "2024-10-02T03:05"],
    /--slot is not a time.*zone/,
  ],
  [
    "a slot that is none",
    ["run", "refresh-data", "--slot", "2024-10-02T03:06Z"],
    /no slot at.*nearest.*03:05Z and.*04:05Z/,
  ],
  ["a slot of the future", ["run", "refresh-data", "--slot", "2999-10-02T03:05Z"], /lies in the future/],
  ["a backfill whose end is before its beginning", [
    "backfill",
    "refresh-data",
    "--from",
    "2024-10-03",
    "--to",
    "2024-10-02",
  ], /beginning before its end.*2024-10-03T00:00Z to 2024-10-02T00:00Z/],
  ["a backfill from a day that does not exist", [
    "backfill",
    "refresh-data",
    "--from",
    "2024-02-31",
    "--to",
    "2024-10-02",
  ], /--from is not a time.*2024-02-31/],
  ["a backfill of a job without times", [
    "backfill",
    "check-data",
    "--from",
    "2024-02-01",
    "--to",
    "2024-10-02",
  ], /no slots to fill.*snapshot/],
  [
    "a backfill without an end",
    ["backfill", "refresh-data", "--from", "2024-02-01"],
    /required option '--to/,
  ],
  ["an unknown status", ["runs", "--status", "failed,borken"], /Unknown status.*succeeded.*found "borken"/],
  ["a limit that is no number", ["runs", "--limit", "all"], /--limit cannot be used.*from 1.*"all"/],
  ["a time that is none", ["runs", "--since", "yesterday"], /--since is not a time.*90m.*"yesterday"/],
  ["a run that is none", ["show", "refresh-data@noon"], /Not the name of a run.*JOB@SLOT/],
  [
    "a run that never was",
    ["show", "refresh-data@2024-10-02T03:05Z"],
    /ledger has no refresh-data@2024-10-02T03:05Z/,
  ],
  ["a job that never ran", ["logs", "train-models"], /train-models has no run yet/],
  ["an unknown command", ["restart", "train-models"], /unknown command 'restart'/],
  ["a job too many", ["pause", "train-models", "score-customers"], /too many arguments/],
];

Deno.test("each mistake gets an error that says what would have been right", () =>
  withTerminal(async ({ jobs }) => {
    for (const [mistake, args, message] of MISTAKES) {
      const { code, stderr } = await jobs(...args);
      assert.equal(code, 1, mistake);
      assert.match(stderr, message, mistake);
      assert.doesNotMatch(stderr, /\n +at /, `${mistake}: a stack is for defects`);
    }
  }));

Deno.test("the help of each command has what it takes and an example", () =>
  withTerminal(async ({ jobs }) => {
    const { stdout } = await jobs("--help");
    for (
      const command of [
        "list",
        "runs",
        "show",
        "logs",
        "run",
        "backfill",
        "cancel",
        "pause",
        "resume",
        "tick",
      ]
    ) {
      assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    }
    for (const command of ["runs", "show", "logs", "run", "backfill", "cancel", "pause"]) {
      assert.match((await jobs(command, "--help")).stdout, /Examples?:\n +deno task jobs /, command);
    }
  }));

testWith(
  ["s3"],
  "the same commands work on a lake in S3",
  () =>
    withS3Lake((lake) =>
      withTerminal(({ jobs, json }) =>
        withScheduler(lake.store, succeeding, async () => {
          const { code, stdout, stderr } = await jobs("run", "refresh-data", "--wait");
          assert.equal(code, 0, stderr);
          assert.match(stdout, /copied 5 tables\nrefresh-data@\S+ succeeded/);
          assert.equal((await json("list")).schedulers.length, 1);
          const ledger = openLedger(lake.store, () => new Date());
          await jobs("pause", "train-models");
          assert.ok((await ledger.control("train-models").read()).paused);
        }), lake.url)
    ),
);
