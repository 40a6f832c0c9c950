/** Runs a step that prints without measure and tells how much memory that took here, in bytes. Arguments: the step. */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import { runStep } from "../../../../lib/jobs/execution/steps.ts";

const [folder = "", program = "", ...args] = Deno.args;
const run = { job: "noisy", scheduledFor: "2024-10-02T03:05:00.000Z", attempt: 1 };
const log = openRunLog(createDirectoryStore(folder), run, { now: () => new Date(), maxBytes: 1 << 20 });
let peak = 0;
const watching = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 50);
const before = Deno.memoryUsage().rss;
const { ended, exitCode } = await runStep({ program, args, cwd: folder }, { log, timeoutMs: 300_000 });
clearInterval(watching);
const { unsaved } = await log.close();
console.log(JSON.stringify({ ended, exitCode, unsaved, grown: peak - before }));
