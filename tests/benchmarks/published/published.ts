/** Prints our results beside published ones: `deno task bench published [NAME…]`. */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { existsSync } from "node:fs";
import { TEST_DATASETS } from "../../requirements.ts";
import { comparisonText, type PublishedComparison, reaches } from "./comparison.ts";
import { cdnow } from "./cdnow.ts";
import { gowalla } from "./gowalla.ts";
import { hillstrom } from "./hillstrom.ts";
import { telco } from "./telco.ts";

/** Every comparison. A new one is a file and a line here. */
export const COMPARISONS: readonly PublishedComparison[] = [gowalla, cdnow, hillstrom, telco];

/** The comparisons of these names; all without one. */
function chosenComparisons(names: string[]): readonly PublishedComparison[] {
  const known = COMPARISONS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new InputError("Unknown comparison", { expected: known.join(", "), found: unknown.join(", ") });
  }
  return names.length === 0 ? COMPARISONS : COMPARISONS.filter(({ name }) => names.includes(name));
}

if (import.meta.main) {
  await runCommand(async () => {
    const comparisons = chosenComparisons(Deno.args);
    if (!existsSync(TEST_DATASETS)) {
      throw new InputError("The public data sets are missing", {
        expected: "a folder with a sub-folder a data set",
        found: `nothing at ${TEST_DATASETS}`,
        remedy: "Set SHOPFLOW_TEST_DATASETS; CONTRIBUTING.md says which files it has.",
      });
    }
    console.log("## Beside published results\n\nNothing here was tuned on what it reports.\n\n```text");
    const missed: string[] = [];
    for (const comparison of comparisons) {
      const started = performance.now();
      const results = await comparison.results();
      console.error(`  ${comparison.name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
      console.log(`${comparisonText(comparison, results)}\n`);
      missed.push(
        ...results.filter((result) => !reaches(result)).map(({ name }) => `${comparison.name} ${name}`),
      );
    }
    console.log(
      `\`\`\`\n\n${missed.length === 0 ? "All are reached." : `Not reached: ${missed.join(", ")}.`}`,
    );
  });
}
