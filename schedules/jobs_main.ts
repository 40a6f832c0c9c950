/** For the operator: `deno task jobs list | runs | show RUN | logs RUN | trigger JOB | backfill JOB | cancel RUN | pause JOB | resume JOB | tick`. */
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createJobsContext } from "./commands/context.ts";
import { createJobsProgram } from "./commands/program.ts";
import { JOBS } from "./jobs.ts";

if (import.meta.main) {
  await runCommand(async () => {
    const program = createJobsProgram(() => createJobsContext(JOBS, loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
