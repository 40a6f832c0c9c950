/** Snapshots of the star schema built batch by batch, as a daily run builds them. */
import { currentSnapshot, type Manifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  buildSnapshot,
  loadSqlProject,
  openSnapshot,
  type RawInputs,
  type SqlProject,
  TEST_RELATIONS,
} from "shopflow/warehouse/mod.ts";
import type { BuiltSnapshot } from "../../../lib/warehouse/build/build_snapshot.ts";
import assert from "node:assert/strict";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { stillRuntime } from "../../lib/warehouse/small_project.ts";

let loaded: Promise<SqlProject> | undefined;
const starSchema = () => loaded ??= loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);

/** Builds and publishes the star schema of raw files, on a previous snapshot if one is given. */
export async function build(
  store: ObjectStore,
  inputs: RawInputs,
  previous?: Manifest,
): Promise<BuiltSnapshot> {
  const project = await starSchema();
  const content = {
    store,
    project,
    inputs,
    codeVersion: "v1",
    previous,
    replaces: previous && await currentSnapshot(store),
  };
  return await buildSnapshot(content, stillRuntime().runtime, { threads: 2 });
}

/** Every table of a snapshot, row for row. */
export async function tablesOf(
  store: ObjectStore,
  { id, tables }: Manifest,
): Promise<Record<string, unknown[]>> {
  using session = await openSnapshot(store, id, { threads: 2 });
  const found: Record<string, unknown[]> = {};
  for (const name of Object.keys(tables)) {
    found[name] = await session.rows(`SELECT * FROM ${name} ORDER BY ALL`);
    assert.equal(tables[name]!.rows, found[name].length, `rows of ${name} in the manifest`);
  }
  return found;
}

/** Keys of the files of every table. */
export const filesOf = ({ tables }: Manifest) =>
  Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, table.files.map(({ key }) => key)]),
  );
