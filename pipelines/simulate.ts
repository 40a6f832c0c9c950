import { loadConfig } from "shopflow/config/mod.ts";
import { InputError, runCommand } from "shopflow/errors/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { HISTORY_MONTHS, LIMITS, OVERSTOCK_DAYS, productsFor } from "shopflow/simulation/mod.ts";
import { Command } from "commander";
import { simulateIntoSources, type SimulateResult } from "./simulate/simulate_into_sources.ts";

/** What a person wants to know of a simulated shop: its size and its troubles. */
export function formatSimulation({ status, rows, figures }: SimulateResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);
  const counts = Object.entries(rows).map(([table, count]) => `${count.toLocaleString("en-US")} ${table}`);
  return [
    status === "unchanged"
      ? "This shop is there already, nothing to do (--force simulates it again)."
      : `Simulated ${HISTORY_MONTHS} months of a shop.`,
    counts.join(", "),
    `  ${percent(figures.monthlyChurn)}  of living customers drop out in a month`,
    `  ${percent(figures.cartAbandonment)}  of carts are abandoned`,
    `  ${percent(figures.stockouts)}  of inventory rows are out of stock`,
    `  ${percent(figures.overstock)}  are overstocked (more than ${OVERSTOCK_DAYS} days' sales)`,
    "Next: deno task pipeline run all",
  ].join("\n");
}

/**
 * Reads a flag that is a whole number.
 *
 * @throws {InputError} on anything else, or a number that is too small or large.
 */
export function boundedNumber(flag: keyof typeof LIMITS): (text: string) => number {
  const { least, most } = LIMITS[flag];
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InputError(`--${flag} is not a number that can be simulated`, {
      expected: `a whole number from ${least} to ${most}`,
      found: JSON.stringify(text),
    });
  };
}

interface Flags {
  customers: number;
  products?: number;
  seed: number;
  until: string;
  force: boolean;
  replace: boolean;
}

function createProgram(): Command {
  return new Command("deno task simulate")
    .description(
      "Simulates a shop whose data has causes and loads it into the source databases\n" +
        "(SHOPFLOW_POSTGRES_URL, SHOPFLOW_MONGODB_URL; embedded ones by default).\n" +
        "Equal parameters give equal bytes; a shop that is there already is left as it is.",
    )
    .option("--customers <number>", "rows of the customers table", boundedNumber("customers"), 5000)
    .option(
      "--products <number>",
      "rows of the products table (default: a twentieth of the customers)",
      boundedNumber("products"),
    )
    .option("--seed <number>", "another seed, another shop", boundedNumber("seed"), 42)
    .option("--until <date>", `last day of the ${HISTORY_MONTHS} months of history`, "2024-12-31")
    .option("--force", "simulate again although the same shop is there", false)
    .option("--replace", "overwrite a shop that the simulator did not make", false)
    .action(async (flags: Flags) => {
      const products = flags.products ?? productsFor(flags.customers);
      const context = { config: loadConfig(), runtime: createRuntime() };
      console.log(formatSimulation(await simulateIntoSources(context, { ...flags, products })));
    });
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
