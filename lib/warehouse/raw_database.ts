import type { ObjectStore } from "shopflow/lake/mod.ts";
import { WarehouseError } from "shopflow/errors/mod.ts";
import { createRawViews, type RawInputs } from "./raw_views.ts";
import type { SourceDoc } from "./schema_file.ts";
import { openSession, sqlString } from "./session.ts";

/**
 * Writes a DuckDB file in which a project's source tables are views of raw files, so that dbt-duckdb can build the
 * project from what our own runner builds it from. The files must stay where they are.
 *
 * @throws {WarehouseError} when the file exists already.
 * @throws {LakeError | SchemaContractError} when raw files are missing, unreadable or of another shape.
 */
export async function writeRawDatabase(
  path: string,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    using session = await openSession();
    await session.run(`ATTACH ${sqlString(path)} AS raw_database`);
    await session.run("USE raw_database");
    await createRawViews(session, sources, inputs, store);
    await session.run("USE memory");
    return await session.run("DETACH raw_database");
  }
  throw new WarehouseError("There is a file of that name already", {
    expected: "the path of a new DuckDB file",
    found: path,
    remedy: "Delete it, or give another path.",
  });
}
