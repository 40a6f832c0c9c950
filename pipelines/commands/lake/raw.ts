import { textTable } from "shopflow/cli/mod.ts";
import { Command } from "commander";
import {
  currentSnapshotId,
  type InputFile,
  type RawExtract,
  readManifest,
  readRawExtract,
} from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { countOf, formatCount, formatTimestamp } from "shopflow/runtime/mod.ts";
import { onlyRow } from "../../steps/extract/row_sql.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../context.ts";
import { findRun, rawRuns, type RunRows, withdrawRun } from "../../steps/raw/withdraw.ts";

/** Where the rows of a run are now. */
type RunStatus = "published" | "not published" | "refused" | "withdrawn";

interface ListedRun extends RunRows {
  status: RunStatus;
}

interface OutputFlags {
  json?: boolean;
}

/**
 * The commands that look at the raw layer and take runs out of it: `lake raw list | show RUN | withdraw RUN`.
 *
 * @param print Gets what they say.
 */
export function createRawCommand(context: () => PipelineContext, print: (text: string) => void): Command {
  const answer = (value: unknown, text: () => string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text());
  const command = new Command("raw").description(
    "show the extracts that the raw layer consists of, or take one out of the history",
  );
  command.command("list")
    .description("list the runs of extract, newest first, with the rows that each brought")
    .option("--json", "print JSON")
    .action(async (flags: OutputFlags) => {
      const { store } = context();
      const extract = await readRawExtract(store);
      const runs = await listedRuns(store, extract);
      answer({ runs, incomplete: extract.incomplete ?? [] }, () => runsText(runs, extract), flags);
    });
  command.command("show")
    .description("show what a run brought, table by table")
    .argument("<run>", "the run, or the beginning of its name")
    .option("--json", "print JSON")
    .action(async (name: string, flags: OutputFlags) => {
      const { store } = context();
      const extract = await readRawExtract(store);
      const { run } = findRun(extract, name);
      const listed = (await listedRuns(store, extract)).find((one) => one.run === run)!;
      const tables = await rowsOfRun(store, extract, run);
      answer({ ...listed, tables }, () => runText(listed, tables), flags);
    });
  command.command("withdraw")
    .description(
      "take a run out of the history, as if it had never been: the rows and deletions that it brought; the next\n" +
        "extract reads the tables that it changed in full, and no snapshot is built before that",
    )
    .argument("<run>", "the run, or the beginning of its name")
    .option("--dry-run", "only say what would be withdrawn")
    .option("--json", "print JSON")
    .action(async (name: string, flags: OutputFlags & { dryRun?: boolean }) => {
      const { store, ...others } = context();
      const { dryRun = false } = flags;
      const run = dryRun
        ? findRun(await readRawExtract(store), name)
        : await withdrawRun({ store, ...others }, name);
      const snapshot = await currentSnapshotId(store);
      answer({ dryRun, ...run }, () => withdrawnText(run, { dryRun, snapshot }), flags);
    });
  return command;
}

async function listedRuns(store: ObjectStore, extract: RawExtract): Promise<ListedRun[]> {
  const snapshot = await currentSnapshotId(store);
  const inputs = snapshot === undefined ? {} : (await readManifest(store, snapshot)).inputs;
  const runsIn = (files: InputFile[]) => files.flatMap(({ runs = [] }) => runs.map(({ run }) => run));
  const published = new Set(runsIn(Object.values(inputs).flat()));
  const accepted = new Set(rawRuns(extract.accepted ?? { tables: {} }).map(({ run }) => run));
  const statusOf = (run: string): RunStatus =>
    published.has(run)
      ? "published"
      : extract.refused !== undefined && !accepted.has(run)
      ? "refused"
      : "not published";
  return [
    ...rawRuns(extract).map((run): ListedRun => ({ ...run, status: statusOf(run.run) })),
    ...(extract.withdrawn ?? []).toReversed().map(({ run, at }): ListedRun => ({
      run,
      extractedAt: at,
      tables: {},
      status: "withdrawn",
    })),
  ];
}

function runsText(runs: ListedRun[], { refused, incomplete }: RawExtract): string {
  const notes = [
    ...(refused !== undefined && runs.some(({ status }) => status === "refused")
      ? [
        `Data tests refused the state of run ${refused.run}: the next extract goes on without the refused runs.`,
      ]
      : []),
    ...(incomplete !== undefined
      ? [`The next extract reads ${incomplete.join(", ")} in full; no snapshot is built before that.`]
      : []),
  ];
  return [
    textTable(
      [{ title: "run" }, { title: "time" }, { title: "status" }, { title: "rows", align: "right" }, {
        title: "tables",
      }],
      runs.map(({ run, extractedAt, status, tables }) => [
        run,
        formatTimestamp(extractedAt),
        status,
        status === "withdrawn" ? "" : formatCount(sumOf(tables)),
        Object.keys(tables).join(", "),
      ]),
    ),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

const sumOf = (tables: Record<string, number>) => Object.values(tables).reduce((sum, rows) => sum + rows, 0);

/** Rows that a run brought to a table. */
interface TableOfRun {
  table: string;
  /** New ones, and those that replace others of their keys. */
  rows: number;
  deleted: number;
  /** Files that hold them; those that were merged hold rows of other runs, too. */
  files: string[];
}

async function rowsOfRun(store: ObjectStore, { tables }: RawExtract, run: string): Promise<TableOfRun[]> {
  using session = await openSession();
  const found: TableOfRun[] = [];
  for (const [table, { files }] of Object.entries(tables)) {
    const own = files.filter(({ runs }) => runs.some((part) => part.run === run && part.rows > 0));
    if (own.length === 0) continue;
    const paths = await Promise.all(own.map(({ key }) => store.localPath(key)));
    const counts = await onlyRow<Pick<TableOfRun, "rows" | "deleted">>(
      session,
      `SELECT count(*) FILTER (NOT _deleted) AS rows, count(*) FILTER (_deleted) AS deleted
       FROM read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)
       WHERE _run = ${sqlString(run)}`,
    );
    found.push({ table, ...counts, files: own.map(({ key }) => key) });
  }
  return found;
}

function runText({ run, extractedAt, status }: ListedRun, tables: TableOfRun[]): string {
  return [
    `run ${run}: ${status}`,
    `extracted ${formatTimestamp(extractedAt)}`,
    "",
    textTable(
      [
        { title: "table" },
        { title: "new or changed rows", align: "right" },
        { title: "deleted", align: "right" },
        { title: "files" },
      ],
      tables.map(({ table, rows, deleted, files }) => [
        table,
        formatCount(rows),
        formatCount(deleted),
        files.join(", "),
      ]),
    ),
  ].join("\n");
}

function withdrawnText(
  { run, extractedAt, tables }: RunRows,
  { dryRun, snapshot }: { dryRun: boolean; snapshot: string | undefined },
): string {
  const names = Object.keys(tables);
  const what = names.map((name) => `${name} ${formatCount(tables[name]!)}`).join(", ") || "no rows";
  return [
    `${dryRun ? "would withdraw" : "withdrew"} run ${run} of ${formatTimestamp(extractedAt)}: ${
      countOf(sumOf(tables), "row")
    } (${what})`,
    ...(names.length > 0
      ? [
        `The next extract reads ${
          names.join(", ")
        } in full: rows that the source still has come back, dated then.`,
      ]
      : []),
    ...(snapshot === undefined ? [] : [
      `Snapshot ${snapshot} stays current until \`deno task pipeline run extract transform\` builds one without the run.`,
    ]),
  ].join("\n");
}
