import { Command } from "commander";
import { withLogLevel } from "shopflow/cli/mod.ts";
import { addBackfillCommand } from "./backfill.ts";
import { addCancelCommand, addRunsCommand } from "./runs.ts";
import type { JobsContext } from "./context.ts";
import { addListCommand } from "./list.ts";
import { addLogsCommand } from "./logs.ts";
import { addPauseCommands } from "./pause.ts";
import { addTriggerCommand } from "./trigger.ts";
import { addShowCommand } from "./show.ts";
import { addTickCommand } from "./tick.ts";

/** The commands of `deno task jobs`; the lake is opened by the one that is called. */
export function createJobsProgram(context: () => JobsContext): Command {
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
