import type { Manifest } from "shopflow/lake/mod.ts";
import { counted, formatCount, formatSize, formatTime, textTable } from "./text_table.ts";

/** Fields that have a place of their own on the page; whatever else a manifest says is printed as it is. */
const SHOWN = ["id", "createdAt", "codeVersion", "inputs", "tables", "dataTests"];

/** A manifest for a terminal: tables, and the lineage they were made from. */
export function manifestText(manifest: Manifest): string {
  const { id, createdAt, codeVersion, inputs, tables, dataTests } = manifest;
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
    textTable(
      [
        { title: "source table" },
        { title: "rows", align: "right" },
        { title: "size", align: "right" },
        { title: "raw files" },
      ],
      Object.entries(inputs).map(([name, files]) => [
        name,
        formatCount(files.reduce((sum, file) => sum + file.rows, 0)),
        ...filesCells(files),
      ]),
    ),
    ...others.flatMap(([name, value]) => ["", name, JSON.stringify(value, null, 2)]),
  ].join("\n");
}

function filesCells(files: { key: string; size: number }[]): [string, string] {
  const size = formatSize(files.reduce((sum, file) => sum + file.size, 0));
  const first = files[0]?.key ?? "none";
  return [size, files.length > 1 ? `${first} and ${counted(files.length - 1, "more file")}` : first];
}
