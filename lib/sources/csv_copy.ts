import { SourceError } from "shopflow/errors/mod.ts";
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

/**
 * Writes CSV bytes to a file and returns the hash of columns and rows.
 *
 * @throws {SourceError} when the file cannot be written.
 */
export async function writeCsv(
  path: string,
  columns: CopiedColumn[],
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(columns));
  using file = await written(path, Deno.open(path, { createNew: true, write: true }));
  const writer = file.writable.getWriter();
  for await (const chunk of chunks) {
    hash.update(chunk);
    await written(path, writer.write(chunk));
  }
  await written(path, writer.close());
  return hash.digest("hex");
}

/** Tells an error of our disk from one of the source that the bytes come from. */
async function written<T>(path: string, writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (cause) {
    throw new SourceError(`The copy ${path} cannot be written`, {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Make room on the disk of SHOPFLOW_HOME, or set it to a folder that can be written.",
      cause,
    });
  }
}

/** Fields in the form of {@linkcode CopiedTable}, without the line's end. */
export function csvFields(values: (string | null)[]): string {
  return values.map((value) => value === null ? "" : `"${value.replaceAll('"', '""')}"`).join(",");
}
