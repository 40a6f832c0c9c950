import { createHash } from "node:crypto";

/** A column of a copied table with its type in the lake (DuckDB SQL). */
export interface CopiedColumn {
  name: string;
  lakeType: string;
}

/**
 * A source table as it was copied: CSV without a header, every value quoted, NULL empty and unquoted, so
 * that NULL and the empty text stay apart.
 */
export interface CopiedTable {
  name: string;
  columns: CopiedColumn[];
  path: string;
  rows: number;
  /** Hash of columns and rows. */
  contentSha256: string;
}

/** Writes CSV bytes to a file and returns the hash of columns and rows. */
export async function writeCsv(
  path: string,
  columns: CopiedColumn[],
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(columns));
  using file = await Deno.open(path, { createNew: true, write: true });
  const writer = file.writable.getWriter();
  for await (const chunk of chunks) {
    hash.update(chunk);
    await writer.write(chunk);
  }
  await writer.close();
  return hash.digest("hex");
}

/** Fields in the form of {@linkcode CopiedTable}, without the line's end. */
export function csvFields(values: (string | null)[]): string {
  return values.map((value) => value === null ? "" : `"${value.replaceAll('"', '""')}"`).join(",");
}
