/** Versions of models: `deno task models list [MODEL] | show MODEL [VERSION] | history MODEL | promote MODEL VERSION`. */
import { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand } from "shopflow/errors/mod.ts";
import { findVersion, listVersions, promotionDecisions } from "shopflow/registry/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext, type PipelineContext } from "./context.ts";
import { historyText } from "./models/history_text.ts";
import { promoteByPerson } from "./models/promote_by_person.ts";
import { versionText } from "./models/version_text.ts";
import { versionsText } from "./models/versions_text.ts";

interface OutputFlags {
  json?: boolean;
}

/** The commands; what they say goes to `print`. */
export function createModelsProgram(
  context: () => PipelineContext,
  print: (text: string) => void = console.log,
): Command {
  const answer = (value: unknown, text: string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text);

  const program = new Command("deno task models")
    .description(
      "Looks at the trained models and says which one scores.\n" +
        "`pipeline run train` lets a new version challenge the champion; what cannot be compared waits for `promote`.\n" +
        "A version is named by the beginning of its id.",
    );
  program.command("list")
    .description("list the versions, the latest training first; * marks the champions")
    .argument("[model]", "churn, recommendation; by default all")
    .option("--json", "print JSON")
    .action(async (model: string | undefined, flags: OutputFlags) => {
      const { store, runtime } = context();
      const onDamaged = ({ message }: Error) => runtime.log.warn(message);
      const versions = await listVersions(store, model, { onDamaged });
      answer(versions, versionsText(versions), flags);
    });
  program.command("show")
    .description("show where a version came from, how good it is, and why it scores or not")
    .argument("<model>", "which model")
    .argument("[version]", "which version; by default the champion")
    .option("--json", "print JSON")
    .action(async (model: string, version: string | undefined, flags: OutputFlags) => {
      const found = await findVersion(context().store, model, version);
      answer(found, versionText(found), flags);
    });
  program.command("history")
    .description("list why versions became champion, were refused, or wait for a person, the latest first")
    .argument("<model>", "which model")
    .option("--json", "print JSON")
    .action(async (model: string, flags: OutputFlags) => {
      const { store } = context();
      const decisions = await promotionDecisions(store, model);
      // A misspelt name is no model without decisions.
      if (decisions.length === 0) await findVersion(store, model);
      answer(decisions, historyText(decisions), flags);
    });
  program.command("promote")
    .description(
      "make a version the champion, whatever its figures; only one that is better beyond chance replaces it",
    )
    .argument("<model>", "which model")
    .argument("<version>", "which version")
    .requiredOption("--reason <text>", "why, for those who read the history")
    .option("--json", "print JSON")
    .action(async (model: string, version: string, flags: OutputFlags & { reason: string }) => {
      const decision = await promoteByPerson(context(), { model, version, reason: flags.reason });
      const text =
        `${model} ${decision.version} is the champion${
          decision.champion === null ? "" : `; it replaces ${decision.champion}`
        }.\n` +
        "Scores and reports still come from the version they name; `deno task pipeline run score publish` renews them.";
      answer(decision, text, flags);
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createModelsProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
