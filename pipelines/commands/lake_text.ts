import { compareRows, type RowDifference } from "shopflow/warehouse/describe/mod.ts";
import type { ForeignObject } from "shopflow/lake/gc/mod.ts";
import type { RegistryGarbage } from "shopflow/ml/registry/gc/mod.ts";
import type { Removed } from "../steps/remove_garbage.ts";
import {
  compareSnapshots,
  type Lineage,
  type Manifest,
  quarantinedText,
  type RawQuarantine,
  type SnapshotSummary,
  type TableDifference,
} from "shopflow/lake/mod.ts";
import { assertIntact, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { mayBeDamage, openSession, type QuarantinedRun, type SqlProject } from "shopflow/warehouse/mod.ts";
import { monthSpans, textTable } from "shopflow/cli/mod.ts";
import { countOf, formatBytes, formatCount, formatTimestamp } from "shopflow/runtime/mod.ts";

/**
 * Compares two snapshots: tables, columns and files by their manifests, and rows by the grain that the project's
 * schema files give a table.
 *
 * @throws {LakeError} that names a file whose bytes were damaged.
 */
export async function differenceOf(
  store: ObjectStore,
  manifests: [Manifest, Manifest],
  project: SqlProject,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  using session = await openSession();
  for (const difference of compareSnapshots(...manifests)) {
    const grain = project.models.find(({ name }) => name === difference.table)?.doc.grain ?? [];
    try {
      const rows = await compareRows(session, store, difference, manifests, grain);
      differences.push({ ...difference, ...(rows && { rows }) });
    } catch (cause) {
      const files = [...difference.filesRemoved, ...difference.filesAdded];
      const remedy = "Compare other snapshots, or restore the file from a backup.";
      if (mayBeDamage(cause)) await assertIntact(store, files, { remedy, cause });
      throw cause;
    }
  }
  return differences;
}

/** A table's difference with its rows counted by key, where the table has one. */
export type Difference = TableDifference & { rows?: RowDifference };

/** The difference of two snapshots for a terminal. */
export function differenceText(before: string, after: string, differences: Difference[]): string {
  const changed = differences.filter(({ change }) => change !== "same");
  const same = differences.length - changed.length;
  const title = `from ${before} to ${after}`;
  if (changed.length === 0) return `${title}: all ${countOf(same, "table")} are the same`;
  return [
    title,
    "",
    differenceTable(changed),
    ...changed.flatMap(({ table, change, columnsAdded, columnsRemoved }) =>
      change !== "changed" ? [] : [
        ...columnsAdded.map((column) => `${table}: column added: ${column}`),
        ...columnsRemoved.map((column) => `${table}: column removed: ${column}`),
      ]
    ),
    ...(same > 0 ? ["", `${countOf(same, "table")} ${same === 1 ? "is" : "are"} the same.`] : []),
    ...(changed.some(({ rows }) => rows === undefined)
      ? ["? no key in common by which to compare rows"]
      : []),
  ].join("\n");
}

/** Tables that differ, one a line; `?` where there is no key by which to compare rows. */
export function differenceTable(changed: Difference[]): string {
  return textTable(
    [
      { title: "table" },
      { title: "change" },
      { title: "rows", align: "right" },
      { title: "+ rows", align: "right" },
      { title: "- rows", align: "right" },
      { title: "~ rows", align: "right" },
      { title: "files" },
    ],
    changed.map(({ table, change, rowsBefore, rowsAfter, rows, filesAdded, filesRemoved }) => [
      table,
      change,
      rowsBefore === rowsAfter
        ? formatCount(rowsAfter)
        : `${formatCount(rowsBefore)} → ${formatCount(rowsAfter)}`,
      ...[rows?.added, rows?.removed, rows?.changed].map((count) =>
        count === undefined ? "?" : count === 0 ? "" : formatCount(count)
      ),
      `+${filesAdded.length} -${filesRemoved.length}`,
    ]),
  );
}

/** What a garbage collection did or would do, for a terminal. */
export function garbageText(
  { garbage, registry, folders }: Removed,
  { dryRun, list }: { dryRun: boolean; list: boolean },
): string {
  const { kept, manifests, files, records, unfinished, foreign } = garbage;
  const inRegistry = [...registry.versions, ...registry.scoreTables];
  const all = [...manifests, ...files, ...inRegistry, ...unfinished];
  const size = formatBytes(all.reduce((sum, object) => sum + object.size, 0));
  const parts = [
    countOf(manifests.length, "snapshot"),
    countOf(files.length, "file"),
    ...registryCounts(registry),
    countOf(unfinished.length, "unfinished write"),
    countOf(folders.length, "leftover folder"),
  ];
  return [
    ...(list ? [...manifests, ...files, ...records].map(({ key }) => key) : []),
    ...(list ? inRegistry.map(({ name }) => name) : []),
    ...(list ? [...unfinished.map(({ name }) => name), ...folders] : []),
    `${dryRun ? "would delete" : "deleted"} ${parts.join(", ")}: ${size}`,
    `kept ${countOf(kept.length, "snapshot")}: ${kept.join(", ")}`,
    ...(foreign.length > 0 ? [keptText(foreign)] : []),
  ].join("\n");
}

/** How many model versions and score tables there are. */
export const registryCounts = ({ versions, scoreTables }: RegistryGarbage): string[] => [
  countOf(versions.length, "model version"),
  countOf(scoreTables.length, "score table"),
];

/** What a collection kept since the lake did not write it, and what to do about it. */
export const keptText = (foreign: ForeignObject[]) =>
  `kept ${foreignText(foreign)}. Delete what is not needed yourself; a prefix of its own for the lake ` +
  "(SHOPFLOW_LAKE) keeps others' files apart.";

/** So many folders are named. */
const MOST_FOLDERS = 5;

/** How many objects the lake did not write, how large they are, and where. */
export function foreignText(foreign: ForeignObject[]): string {
  const folders = new Map<string, ForeignObject[]>();
  for (const object of foreign) {
    const folder = folderOf(object);
    const objects = folders.get(folder);
    if (objects === undefined) folders.set(folder, [object]);
    else objects.push(object);
  }
  const places = [...folders].map(([folder, [first, ...others]]) =>
    others.length === 0 ? `${first?.name}` : `${first?.name} and ${others.length} more in ${folder}/`
  );
  const shown = places.slice(0, MOST_FOLDERS);
  const more = places.length - shown.length;
  const size = formatBytes(foreign.reduce((sum, object) => sum + object.size, 0));
  return `${countOf(foreign.length, "object")} that this lake did not write, ${size}: ${shown.join("; ")}${
    more > 0 ? `; and in ${countOf(more, "other folder")}` : ""
  }`;
}

const folderOf = ({ name }: ForeignObject) => name.split("/").slice(0, -1).slice(0, 2).join("/");

/** Fields that have a place of their own on the page; whatever else a manifest says is printed as it is. */
const SHOWN = ["id", "createdAt", "codeVersion", "inputs", "tables", "dataTests", "lineage"];

/** A manifest for a terminal: tables, and the lineage they were made from. */
export function manifestText(manifest: Manifest): string {
  const { id, createdAt, codeVersion, tables, dataTests, lineage } = manifest;
  const tests = dataTests &&
    `${countOf(dataTests.passed, "data test")} passed, ${countOf(dataTests.warnings.length, "warning")}`;
  const others = Object.entries(manifest).filter(([name]) => !SHOWN.includes(name));
  return [
    `snapshot ${id}`,
    `created  ${formatTimestamp(createdAt)}, by code ${codeVersion}`,
    ...(tests ? [`tests    ${tests}`] : []),
    ...(dataTests?.warnings ?? []).map(({ name, failures }) => `         warning: ${name}: ${failures} rows`),
    "",
    textTable(
      [
        { title: "table" },
        { title: "rows", align: "right" },
        { title: "size", align: "right" },
        { title: "files" },
      ],
      Object.entries(tables).map((
        [name, { rows, files }],
      ) => [name, formatCount(rows), ...filesCells(files)]),
    ),
    "",
    "Made from",
    inputsTable(manifest),
    ...(lineage?.sourceTransactionTime
      ? [`The source's transaction was at ${formatTimestamp(lineage.sourceTransactionTime)}.`]
      : []),
    ...(lineage ? ["", "SQL of the models", modelsTable(lineage)] : []),
    ...others.flatMap(([name, value]) => ["", name, JSON.stringify(value, null, 2)]),
  ].join("\n");
}

/** The source tables: their raw files, of which months those are, and up to where the source was read. */
function inputsTable({ inputs, lineage }: Manifest): string {
  return textTable(
    [
      { title: "source table" },
      { title: "rows", align: "right" },
      { title: "size", align: "right" },
      { title: "raw files" },
      { title: "months" },
      { title: "read up to" },
    ],
    Object.entries(inputs).map(([name, files]) => {
      const months = files.flatMap(({ key }) => lineage?.rawMonths[key] ?? []);
      return [
        name,
        formatCount(files.reduce((sum, file) => sum + file.rows, 0)),
        ...filesCells(files),
        monthSpans([...new Set(months)]),
        lineage?.watermarks?.[name]?.slice(0, 19) ?? "",
      ];
    }),
  );
}

/** The SQL models with the hashes that say whether one is the same as in another snapshot. */
function modelsTable({ models }: Lineage): string {
  return textTable(
    [{ title: "model" }, { title: "hash" }],
    Object.entries(models).toSorted(([one], [other]) => one < other ? -1 : 1),
  );
}

function filesCells(files: { key: string; size: number }[]): [string, string] {
  const size = formatBytes(files.reduce((sum, file) => sum + file.size, 0));
  const first = files[0]?.key ?? "none";
  return [size, files.length > 1 ? `${first} and ${countOf(files.length - 1, "more file")}` : first];
}

/** Rows that extracts left out, one line each, and what data tests blocked, one line a run and test; for a terminal. */
export function quarantineText(runs: QuarantinedRun[], leftOut: RawQuarantine[]): string {
  if (runs.length === 0 && leftOut.length === 0) {
    return "The quarantine is empty: no extract left out a row, and no data test has blocked a publish.";
  }
  const rows = leftOut.flatMap(({ table, extractedAt, rows }) => [
    `${table}: ${countOf(rows.length, "row")} left out by the extract of ${formatTimestamp(extractedAt)}`,
    ...rows.slice(0, MOST_LISTED).map((row) => `  ${quarantinedText(row)}`),
    ...(rows.length > MOST_LISTED
      ? [`  and ${countOf(rows.length - MOST_LISTED, "more row")} (--json has all)`]
      : []),
    "",
  ]);
  if (rows.length > 0) rows.push("They are read again when their values are corrected in the source.", "");
  return [...rows, ...(runs.length === 0 ? [] : blockedText(runs))].join("\n").trimEnd();
}

const MOST_LISTED = 50;

function blockedText(runs: QuarantinedRun[]): string[] {
  return [
    textTable(
      [{ title: "run" }, { title: "blocked at" }, { title: "rows", align: "right" }, {
        title: "data test",
      }],
      runs.flatMap(({ run, createdAt, tests }) =>
        tests.map(({ name, failures }) => [run, formatTimestamp(createdAt), formatCount(failures), name])
      ),
    ),
    "",
    "`deno task lake quarantine RUN TEST` shows the rows of a test; the files are beneath quarantine/ in the lake.",
  ];
}

/** The list of snapshots for a terminal. */
export function snapshotsText(snapshots: SnapshotSummary[]): string {
  if (snapshots.length === 0) return "The lake has no snapshots yet. Run `deno task pipeline run transform`.";
  return textTable(
    [
      { title: " " },
      { title: "snapshot" },
      { title: "created" },
      { title: "tables", align: "right" },
      { title: "rows", align: "right" },
      { title: "size", align: "right" },
      { title: "new", align: "right" },
      { title: "" },
    ],
    snapshots.map(({ id, createdAt, tables, rows, size, newSize, status }) => [
      status === "current" ? "*" : "",
      id,
      formatTimestamp(createdAt),
      formatCount(tables),
      formatCount(rows),
      formatBytes(size),
      formatBytes(newSize),
      status === "kept" ? "" : status,
    ]),
  );
}
