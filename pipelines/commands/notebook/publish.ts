import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { givenFile } from "shopflow/cli/mod.ts";
import { createContext } from "../../context.ts";
import { planOneNotebook } from "../../steps/publish/plan_notebooks.ts";
import { publishNotebook } from "../../steps/publish/publish_notebook.ts";
import { addLimitFlags, type LimitFlags, limitsOf, parameterOption } from "./run.ts";

interface PublishFlags extends LimitFlags {
  parameter: string[];
  /** False for `--no-current`. */
  current: boolean;
}

/** `notebook publish FILE`: one report, whatever the others are doing. */
export function addPublishCommand(program: Command): void {
  const command = program.command("publish")
    .description("run one notebook and publish its page as a report, also when nothing has changed")
    .argument("<file>", "the .ipynb file", givenFile)
    .addOption(parameterOption("set a parameter; may be repeated"));
  addLimitFlags(command)
    .option("--no-current", "keep the report that is current; the run is in its history, under its own link")
    .action(publish);
}

async function publish(file: string, flags: PublishFlags): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const { log } = context.runtime;
  const planned = await planOneNotebook(context, file, flags.parameter);
  if (!planned.isReport) {
    log.info(
      `${file} declares no report, so \`pipeline run publish\` leaves it out; ` +
        `\`deno task notebook report set ${file}\` makes it one`,
    );
  }
  const { record, failure } = await publishNotebook(context, planned, {
    ...limitsOf(flags),
    command: "notebook publish",
    isCurrent: flags.current,
  });
  if (record !== undefined && record.status !== "cancelled") {
    const page = `/reports/${record.notebook}/runs/${record.runId}`;
    console.log(failure === undefined && flags.current ? `/reports/${record.notebook}\n${page}` : page);
  }
  if (failure !== undefined) throw new NotebookError(`${file} failed: ${failure}`);
}
