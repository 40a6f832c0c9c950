import assert from "node:assert/strict";
import { JOBS } from "../../schedules/jobs.ts";
import { lastScheduledFor, succeeding, withScheduler, withTerminal } from "./jobs_terminal.ts";

Deno.test("list shows every job of a lake that was never used, and that no scheduler runs", () =>
  withTerminal(async ({ jobs, json }) => {
    const { code, stdout } = await jobs("list");
    assert.equal(code, 0);
    assert.match(stdout, /^No scheduler is running for the lake .*\. Start one with `deno task schedule`/);
    assert.match(
      stdout,
      /^train-models +20 1 \* \* \* Europe\/Berlin +\S+ \S+ +never$/m,
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
      assert.equal((await jobs("trigger", "refresh-data", "--wait")).code, 0);
      assert.equal((await jobs("pause", "train-models", "--reason", "new features")).code, 0);
      const { stdout } = await jobs("list");
      assert.match(stdout, /^1 scheduler on the lake .*: test-host:1\n/);
      assert.match(stdout, /^refresh-data .* succeeded +\S+ m?s$/m);
      assert.match(stdout, /^train-models .* paused by \S+@\S+ \(terminal\) since .* UTC: new features$/m);
      const { jobs: listed } = await json("list");
      assert.equal(listed[0].last.status, "succeeded");
      assert.equal(listed[2].paused.reason, "new features");
    })
  ));

Deno.test("a paused job is paused once and resumed once", () =>
  withTerminal(async ({ jobs }) => {
    assert.match((await jobs("pause", "score-customers")).stdout, /^score-customers is paused; .*resume/);
    assert.match((await jobs("pause", "score-customers")).stderr, /is already paused: found paused by/);
    assert.match((await jobs("resume", "score-customers")).stdout, /^score-customers is no longer paused/);
    assert.match((await jobs("resume", "score-customers")).stderr, /is not paused/);
  }));

Deno.test("runs lists the newest first, of a job, a status, a time, and no more than were asked for", () =>
  withTerminal(async ({ jobs, json }) => {
    const scheduledFor = lastScheduledFor();
    const before = (hours: number) => new Date(Date.parse(scheduledFor) - hours * 3_600_000).toISOString();
    await jobs("backfill", "refresh-data", "--from", before(30), "--to", scheduledFor);
    await jobs("trigger", "collect-garbage");
    await jobs("cancel", `refresh-data@${before(2)}`);
    const runs = async (...args: string[]) =>
      (await json("runs", ...args)).map(({ scheduledFor }: { scheduledFor: string }) => scheduledFor);
    assert.equal((await runs()).length, 20, "the default limit");
    assert.deepEqual(await runs("refresh-data", "--limit", "3"), [scheduledFor, before(1), before(2)]);
    assert.deepEqual(await runs("--status", "cancelled"), [before(2)]);
    assert.deepEqual(await runs("refresh-data", "--since", before(1)), [scheduledFor, before(1)]);
    assert.equal((await runs("refresh-data", "--since", "3d", "--limit", "100")).length, 31);
    assert.equal((await runs("--status", "cancelled,queued", "--limit", "100")).length, 32);
  }));

const MISTAKES: [string, string[], RegExp][] = [
  [
    "an unknown job",
    ["trigger", "trian-models"],
    /No such job.*found "trian-models"\. Did you mean train-models\?/,
  ],
  ["a part of a job's name", ["pause", "score"], /Did you mean score-customers\?/],
  [
    "a word like no job's name",
    ["runs", "zzzzzzzzzz"],
    /expected one of refresh-data.*jobs list` describes them/,
  ],
  [
    "a run without a time zone",
    ["trigger", "refresh-data", "--scheduled-for", "2024-10-02T03:05"],
    /Invalid --scheduled-for.*zone/,
  ],
  [
    "a run that is none",
    ["trigger", "refresh-data", "--scheduled-for", "2024-10-02T03:06Z"],
    /no run at.*nearest.*03:05Z and.*04:05Z/,
  ],
  [
    "a run of the future",
    ["trigger", "refresh-data", "--scheduled-for", "2999-10-02T03:05Z"],
    /lies in the future/,
  ],
  ["a backfill whose end is before its beginning", [
    "backfill",
    "refresh-data",
    "--from",
    "2024-10-03",
    "--to",
    "2024-10-02",
  ], /start before its end.*2024-10-03T00:00Z to 2024-10-02T00:00Z/],
  ["a backfill from a day that does not exist", [
    "backfill",
    "refresh-data",
    "--from",
    "2024-02-31",
    "--to",
    "2024-10-02",
  ], /Invalid --from.*2024-02-31/],
  ["a backfill of a job without times", [
    "backfill",
    "check-data",
    "--from",
    "2024-02-01",
    "--to",
    "2024-10-02",
  ], /no runs to backfill.*snapshot/],
  [
    "a backfill without an end",
    ["backfill", "refresh-data", "--from", "2024-02-01"],
    /expected --from and --to, or JOB@TIME/,
  ],
  ["an unknown status", ["runs", "--status", "failed,borken"], /Unknown status.*succeeded.*found "borken"/],
  [
    "a limit that is no number",
    ["runs", "--limit", "all"],
    /--limit.*'all' is invalid.*whole number above 0/,
  ],
  ["a time that is none", ["runs", "--since", "yesterday"], /Invalid --since.*90m.*"yesterday"/],
  ["a run that is none", ["show", "refresh-data@noon"], /Invalid run name.*JOB@TIME/],
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
        "trigger",
        "backfill",
        "cancel",
        "pause",
        "resume",
        "tick",
      ]
    ) {
      assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    }
    for (const command of ["runs", "show", "logs", "trigger", "backfill", "cancel", "pause"]) {
      assert.match((await jobs(command, "--help")).stdout, /Examples?:\n +deno task jobs /, command);
    }
  }));
