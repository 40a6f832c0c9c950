/** For the operator: `deno task jobs list | runs | show RUN | logs RUN | trigger JOB | backfill JOB | cancel RUN | pause JOB | resume JOB | tick`. */
import { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { addBackfillCommand } from "./commands/backfill.ts";
import { createJobsContext, type JobsContext } from "./commands/context.ts";
import { addCancelCommand, addPauseCommands } from "./commands/control.ts";
import { addListCommand, addRunsCommand } from "./commands/list.ts";
import { addLogsCommand, addShowCommand } from "./commands/show.ts";
import { addTickCommand } from "./commands/tick.ts";
import { addTriggerCommand } from "./commands/trigger.ts";
import { JOBS } from "./jobs.ts";

/** The commands of `deno task jobs`; the lake is opened by the one that is called. */
function createJobsProgram(context: () => JobsContext): Command {
  let opened: JobsContext | undefined;
  const once = () => opened ??= context();
  const program = withLogLevel(new Command("deno task jobs"))
    .description(
      "Inspect and control scheduled jobs. Commands are queued in the lake; a running scheduler executes them. " +
        "RUN is JOB@TIME, e.g. refresh-data@2024-10-02T03:05Z, or a job's name.",
    );
  addListCommand(program, once);
  addRunsCommand(program, once);
  addShowCommand(program, once);
  addLogsCommand(program, once);
  addTriggerCommand(program, once);
  addBackfillCommand(program, once);
  addCancelCommand(program, once);
  addPauseCommands(program, once);
  addTickCommand(program, once);
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createJobsProgram(() => createJobsContext(JOBS, loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
