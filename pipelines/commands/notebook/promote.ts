import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { parseAssignments, readNotebook, readParameters } from "shopflow/notebook/mod.ts";
import { promoteCells, type Promotion } from "shopflow/notebook/promote/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { givenFile } from "shopflow/cli/mod.ts";
import { addLimitFlags, type LimitFlags, limitsOf, parameterOption } from "./run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface PromoteFlags extends LimitFlags {
  parameter: string[];
  cell?: string;
  examples?: boolean;
  dryRun?: boolean;
}

/** `notebook promote NOTEBOOK`: cells become modules of `lib/`, if its outputs stay the same. */
export function addPromoteCommand(program: Command): void {
  const command = program.command("promote")
    .description(
      "move the cells tagged `promote` to lib/ and import them, if all outputs stay the same\n" +
        "A cell begins with the file it goes to, e.g. // promote: lib/ml/basket.ts.",
    )
    .argument("<notebook>", "the .ipynb file", givenFile)
    .option("--cell <id>", "only this cell")
    .addOption(parameterOption("set a parameter in both runs; may be repeated"))
    .option("--examples", "write calls of the notebook into the test even if it reads the lake")
    .option("--dry-run", "verify the promotion, but write nothing");
  addLimitFlags(command).action(promote);
}

async function promote(file: string, flags: PromoteFlags): Promise<void> {
  const { cell, dryRun, examples } = flags;
  const parameters = flags.parameter.length === 0
    ? {}
    : parseAssignments(readParameters(await readNotebook(file)), flags.parameter);
  const context = { config: loadConfig(), runtime: createRuntime() };
  const promotion = await promoteCells(file, ROOT, context, {
    ...limitsOf(flags),
    parameters,
    ...(cell !== undefined && { cell }),
    ...(examples && { examples }),
    ...(dryRun && { dryRun }),
  });
  console.log(promotionText(promotion, dryRun));
}

function promotionText({ functions, files, examples }: Promotion, dryRun = false): string {
  const moved = functions.map(({ name, target }) => `${name} is in ${target}`);
  const tests = functions.map(({ name }) =>
    examples[name]
      ? `its test asserts ${examples[name]} of the notebook's calls of ${name}`
      : `its test fails until you write what ${name} must return`
  );
  return [
    ...moved,
    "all outputs of the notebook are the same before and after",
    ...tests,
    ...(functions.some(({ name }) => examples[name])
      ? ["review the calls in the test: they show what the code does, not that it is right"]
      : []),
    `${dryRun ? "would write" : "wrote"} ${files.join(", ")}`,
  ].join("\n");
}
