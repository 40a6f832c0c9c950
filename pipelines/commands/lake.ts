/** The lake: `deno task lake snapshots | show [ID] | query SQL | diff A B | rollback A | raw … | gc --keep N | quarantine`. */
import { Command, InvalidArgumentError } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand, wholeNumber, withLogLevel } from "shopflow/cli/mod.ts";
import {
  findSnapshot,
  listSnapshots,
  type Manifest,
  readManifest,
  readRawQuarantine,
  rollBack,
} from "shopflow/lake/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { loadSqlProject, quarantinedRuns, quarantinedTable } from "shopflow/warehouse/mod.ts";
import { createContext, type PipelineContext } from "../context.ts";
import { createRawCommand } from "./lake/raw.ts";
import { createQueryCommand, printQuery, type ResultFlags, withResultOptions } from "./lake_query.ts";
import {
  differenceOf,
  differenceText,
  garbageText,
  manifestText,
  quarantineText,
  snapshotsText,
} from "./lake_text.ts";
import { planGarbage, removeGarbage } from "../steps/remove_garbage.ts";
import { WAREHOUSE_PROJECT } from "../steps/transform.ts";

const HOUR_MS = 60 * 60 * 1000;

interface OutputFlags {
  json?: boolean;
}

interface QuarantineFlags extends ResultFlags {
  query: string;
}

interface GcFlags extends OutputFlags {
  keep: number;
  olderThan: number;
  dryRun?: boolean;
}

/** The commands; what they say goes to `print`. */
export function createLakeProgram(
  context: () => PipelineContext,
  print: (text: string) => void = console.log,
): Command {
  const answer = (value: unknown, text: () => string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text());

  const program = withLogLevel(new Command("deno task lake"))
    .description(
      "Looks at the lake's snapshots, goes back to one, and removes what nothing needs.\n" +
        "A snapshot is named by its id, by the beginning of it, or by `current`.",
    );
  program.command("snapshots")
    .description("list the snapshots, newest first; * marks the current one")
    .option("--json", "print JSON")
    .action(async (flags: OutputFlags) => {
      const snapshots = await listSnapshots(context().store);
      answer(snapshots, () => snapshotsText(snapshots), flags);
    });
  program.command("show")
    .description("show a snapshot's tables and what they were made from")
    .argument("[snapshot]", "the snapshot", "current")
    .option("--json", "print the manifest as it is stored")
    .action(async (name: string, flags: OutputFlags) => {
      const { store } = context();
      const manifest = await readManifest(store, await findSnapshot(store, name));
      answer(manifest, () => manifestText(manifest), flags);
    });
  program.command("diff")
    .description("compare two snapshots: tables, columns, files, and rows by key")
    .argument("<before>", "the snapshot to compare from")
    .argument("[after]", "the snapshot to compare with", "current")
    .option("--json", "print JSON")
    .action(async (from: string, to: string, flags: OutputFlags) => {
      const { store } = context();
      const [before, after] = [await findSnapshot(store, from), await findSnapshot(store, to)];
      const manifests: [Manifest, Manifest] = [
        await readManifest(store, before),
        await readManifest(store, after),
      ];
      const tables = await differenceOf(store, manifests, await loadSqlProject(WAREHOUSE_PROJECT));
      answer({ before, after, tables }, () => differenceText(before, after, tables), flags);
    });
  program.command("rollback")
    .description("make an older snapshot current; deletes nothing, so it can be undone")
    .argument("<snapshot>", "the snapshot")
    .option("--json", "print JSON")
    .action(async (name: string, flags: OutputFlags) => {
      const { store, runtime } = context();
      const done = await rollBack(store, await findSnapshot(store, name), runtime.now());
      answer(done, () => rollbackText(done), flags);
    });
  program.command("gc")
    .description(
      "delete old snapshots, the lake's files that no kept snapshot and no extract names, and model versions and\n" +
        "score tables beyond SHOPFLOW_KEEP_MODELS and SHOPFLOW_KEEP_SCORES; files of other programs are kept and listed",
    )
    .requiredOption(
      "--keep <number>",
      "how many of the newest snapshots to keep besides the current one",
      wholeNumber,
    )
    .option(
      "--older-than <hours>",
      "keep younger files, which a current run may still need",
      hours,
      24,
    )
    .option("--dry-run", "only list the files that would be deleted")
    .option("--json", "print JSON")
    .action((flags: GcFlags) => collect(context(), flags, answer));
  addQuarantine(program, context, print);
  program.addCommand(createQueryCommand(context, print));
  program.addCommand(createRawCommand(context, print));
  return program;
}

function addQuarantine(
  program: Command,
  context: () => PipelineContext,
  print: (text: string) => void,
): void {
  const command = program.command("quarantine")
    .description(
      "list source rows that the extract leaves out because of wrong values, and the data tests that blocked a\n" +
        "publish, or show the rows that one of these tests found",
    )
    .argument("[run]", "run that was blocked")
    .argument("[test]", "data test of that run, as the list names it")
    .option("--query <sql>", "SQL over failing_rows", "SELECT * FROM failing_rows");
  withResultOptions(command)
    .action(async (run: string | undefined, test: string | undefined, flags: QuarantineFlags) => {
      const { config, store } = context();
      if (run !== undefined && test !== undefined) {
        const tables = [await quarantinedTable(store, run, test)];
        return await printQuery({ config, store }, tables, flags.query, { flags, print });
      }
      const runs = await quarantinedRuns(store, run);
      const leftOut = run === undefined ? await readRawQuarantine(store) : [];
      const all = { leftOut, runs };
      print(
        flags.json ? JSON.stringify(run === undefined ? all : runs, null, 2) : quarantineText(runs, leftOut),
      );
    });
}

async function collect(
  { config, store, runtime }: PipelineContext,
  flags: GcFlags,
  answer: (value: unknown, text: () => string, flags: OutputFlags) => void,
): Promise<void> {
  const { keep, olderThan, dryRun = false } = flags;
  const retention = { keep, minimumAgeMs: olderThan * HOUR_MS };
  const removed = dryRun
    ? await planGarbage({ config, store, runtime }, retention)
    : await removeGarbage({ config, store, runtime }, retention);
  const { garbage, registry, folders } = removed;
  answer(
    { dryRun, ...garbage, ...registry, folders },
    () => garbageText(removed, { dryRun, list: dryRun }),
    flags,
  );
}

function rollbackText({ from, to }: { from: string; to: string }): string {
  return [
    `snapshot ${to} is current again, ${from} is rolled back`,
    "Reports and scores are still those of the snapshot they name: `deno task pipeline run train " +
    "score publish`",
    `renews them. As long as inputs and code are those of ${from}, \`transform\` leaves the lake as it is;`,
    `\`--force\` publishes it anyway, and so does \`deno task lake rollback ${from}\`.`,
  ].join("\n");
}

/** A parser of a number of hours. */
function hours(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Give a number of hours, 0 or more.");
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createLakeProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
