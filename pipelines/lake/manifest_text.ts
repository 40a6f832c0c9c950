import type { Lineage, Manifest } from "shopflow/lake/mod.ts";
import { monthSpans } from "../month_spans.ts";
import { counted, formatCount, formatSize, formatTime, textTable } from "../text_table.ts";

/** Fields that have a place of their own on the page; whatever else a manifest says is printed as it is. */
const SHOWN = ["id", "createdAt", "codeVersion", "inputs", "tables", "dataTests", "lineage"];

/** A manifest for a terminal: tables, and the lineage they were made from. */
export function manifestText(manifest: Manifest): string {
  const { id, createdAt, codeVersion, tables, dataTests, lineage } = manifest;
  const tests = dataTests &&
    `${counted(dataTests.passed, "data test")} passed, ${counted(dataTests.warnings.length, "warning")}`;
  const others = Object.entries(manifest).filter(([name]) => !SHOWN.includes(name));
  return [
    `snapshot ${id}`,
    `created  ${formatTime(createdAt)} UTC, by code ${codeVersion}`,
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
      ? [`The source's transaction was at ${formatTime(lineage.sourceTransactionTime)} UTC.`]
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
  const size = formatSize(files.reduce((sum, file) => sum + file.size, 0));
  const first = files[0]?.key ?? "none";
  return [size, files.length > 1 ? `${first} and ${counted(files.length - 1, "more file")}` : first];
}
