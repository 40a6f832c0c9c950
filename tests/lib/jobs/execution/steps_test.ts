import assert from "node:assert/strict";
import { failureReason, partsLeftOutOf, successReason } from "../../../../lib/jobs/execution/steps.ts";
import { type ProgramCall, runProcess } from "../../../../lib/jobs/execution/process.ts";

const program = (code: string, ...options: string[]): ProgramCall => ({
  program: Deno.execPath(),
  args: ["eval", ...options, code],
  cwd: new URL("../../../..", import.meta.url).pathname,
  env: { NO_COLOR: "1" },
});

const reasonOf = async (code: string, ...options: string[]) =>
  failureReason(await runProcess(program(code, ...options), { timeoutMs: 60_000 }));

const IMPORTS = `import { runCommand } from "shopflow/cli/mod.ts";
  import { SourceError } from "shopflow/errors/mod.ts";`;

for (
  const [what, code, reason] of [
    [
      "an error meant for people",
      `${IMPORTS} await runCommand(() => {
        console.error("error: the first try failed");
        throw new SourceError("PostgreSQL cannot be reached at db:5432", { found: "connection refused", remedy: "Start it." });
      })`,
      "PostgreSQL cannot be reached at db:5432: found connection refused. Start it",
    ],
    [
      "a defect",
      `${IMPORTS} await runCommand(() => { throw new TypeError("x is undefined") })`,
      "TypeError: x is undefined",
    ],
    [
      "an error with its parts",
      `${IMPORTS} await runCommand(() => {
        throw new SourceError("2 of 2 parts failed\\n  churn: no history\\n  inventory: no stock");
      })`,
      "2 of 2 parts failed: churn: no history; inventory: no stock",
    ],
    [
      "an error that Deno prints",
      `throw new RangeError("too far")`,
      "Uncaught (in promise) RangeError: too far",
    ],
    ["a program that says nothing", "Deno.exit(3)", "exit code 3"],
    [
      "a program with words of its own",
      `console.error("no such table"); Deno.exit(4)`,
      "exit code 4, after it said: no such table",
    ],
    [
      "a program that is killed",
      `console.error("error: tried again"); Deno.kill(Deno.pid, "SIGKILL")`,
      /^killed by SIGKILL/,
    ],
  ] as [string, string, string | RegExp][]
) {
  Deno.test(`${what} is the reason of its step, in one line`, async () => {
    const found = await reasonOf(code);
    if (typeof reason === "string") assert.equal(found, reason);
    else assert.match(found, reason);
  });
}

Deno.test("a step whose heap is full says that it ran out of memory", async () => {
  const found = await reasonOf(
    "const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length))",
    "--v8-flags=--max-old-space-size=30",
  );
  assert.match(found, /^out of memory: the heap of JavaScript is full \(/);
});

Deno.test("the reason of a run that succeeded says what its steps left out", async () => {
  const result = await runProcess(
    program(
      `console.error("transform: done");
       console.error("warning: the source is slow");
       console.error("warning: a part of transform was left out. broken is not in the snapshot: no such column");`,
    ),
    { timeoutMs: 60_000 },
  );
  const left = partsLeftOutOf(result);
  assert.deepEqual(left, [
    "a part of transform was left out. broken is not in the snapshot: no such column",
  ]);
  assert.equal(successReason(left), `all steps succeeded; ${left[0]}`);
  assert.equal(successReason([]), "all steps succeeded");
  assert.equal(successReason(Array(50).fill(left[0])).length, 500);
});
