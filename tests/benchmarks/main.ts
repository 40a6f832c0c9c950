/**
 * Runs benchmarks, each in a process of its own and beside a peer or a floor, and writes what they find to
 * documentation/reference/benchmarks.md, part by part.
 *
 *     deno task bench [NAME…]
 *     deno task bench published [COMPARISON…]
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { Command } from "commander";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { microBenchmark } from "./micro_benchmark.ts";
import { replacePart } from "./report.ts";

const HERE = import.meta.dirname!;
const REPORT = join(HERE, "..", "..", "documentation", "reference", "benchmarks.md");

/** Takes names of its own comparisons. */
const PUBLISHED = "published";

/** Programs that print their part of the report; the others are files `<name>_bench.ts` for `deno bench`. */
const PROGRAMS: Record<string, string> = {
  features: "features/features.ts",
  full_size: "warehouse/full_size.ts",
  a_day: "warehouse/a_day.ts",
  daily_increment: "warehouse/daily_increment.ts",
  ten_times: "warehouse/ten_times.ts",
  small_runs: "warehouse/small_runs.ts",
  notebooks: "notebooks/runners.ts",
  trees: "trees/trees.ts",
  ledger: "schedules/ledger.ts",
  start_delay: "schedules/start_delay.ts",
  churn_oracle: "churn/oracle.ts",
  uplift: "uplift/uplift.ts",
  lifetime_value: "lifetime_value/lifetimes.ts",
  [PUBLISHED]: "published/published.ts",
};

function names(): string[] {
  const files = [...Deno.readDirSync(HERE)].map(({ name }) => name).filter((name) =>
    name.endsWith("_bench.ts")
  );
  return [...Object.keys(PROGRAMS), ...files.map((file) => basename(file, "_bench.ts")).sort()];
}

/** What a program prints, its progress on the terminal meanwhile. */
async function printed(file: string, args: string[] = []): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(HERE, file), ...args],
    stderr: "inherit",
  }).output();
  if (!success) {
    throw new InputError(`The benchmark ${file} failed`, { remedy: "What it said stands above." });
  }
  return new TextDecoder().decode(stdout).trim();
}

/** The code that was measured, as git knows it. */
async function commit(): Promise<string> {
  const { stdout } = await new Deno.Command("git", {
    args: ["describe", "--always", "--dirty=, with changes that were not committed"],
    cwd: HERE,
  }).output();
  return `commit ${new TextDecoder().decode(stdout).trim()}`;
}

async function run(chosen: string[], { write }: { write: boolean }): Promise<void> {
  if (chosen[0] === PUBLISHED && chosen.length > 1) {
    // Some comparisons are no part of the report: it has all of them.
    return console.log(await printed("published/published.ts", chosen.slice(1)));
  }
  const known = names();
  const unknown = chosen.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new InputError("Unknown benchmark", { expected: known.join(", "), found: unknown.join(", ") });
  }
  for (const name of chosen.length > 0 ? chosen : known) {
    console.error(`benchmark ${name}`);
    const program = PROGRAMS[name];
    const part = program
      ? await printed(program)
      : await microBenchmark(join(HERE, `${name}_bench.ts`), name);
    console.log(`${part}\n`);
    if (!write) continue;
    const before = existsSync(REPORT) ? await Deno.readTextFile(REPORT) : "";
    const dated = `${part}\n\nMeasured on ${new Date().toISOString().slice(0, 10)} at ${await commit()}.`;
    await Deno.writeTextFile(REPORT, replacePart(before, name, dated, { order: known }));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", REPORT] }).spawn().status;
  }
}

if (import.meta.main) {
  await runCommand(async () => {
    await new Command("deno task bench")
      .description(
        "Measures ShopFlow beside peers and floors and writes documentation/reference/benchmarks.md. Needs the servers of the tests; " +
          "see CONTRIBUTING.md.",
      )
      .argument(
        "[names...]",
        `all by default: ${names().join(", ")}; after ${PUBLISHED}, names of its comparisons`,
      )
      .option("--no-write", "print only")
      .action(run)
      .parseAsync(Deno.args, { from: "user" });
  });
}
