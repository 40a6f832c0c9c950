/** `dbt build` of the star schema, and whether its tables are those that our own runner published. */
import { readManifest } from "shopflow/lake/mod.ts";
import { openSnapshot, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PipelineContext } from "../../pipelines/context.ts";
import { WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";

/** Runs a program and gives what it printed; fails with that unless it succeeds. */
export async function succeeds(
  program: string,
  args: string[],
  options: Deno.CommandOptions,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, `${program} ${args.join(" ")}\n${output}`);
  return output;
}

/** Runs `dbt build` with models and data tests, of which none may fail. */
export async function dbtBuild(
  dbt: string,
  target: string,
  { config }: PipelineContext,
  env: Record<string, string>,
): Promise<void> {
  const folders = ["--target-path", join(config.home, "target"), "--log-path", join(config.home, "logs")];
  const output = await succeeds(dbt, ["build", "--target", target, "--profiles-dir", ".", ...folders], {
    cwd: WAREHOUSE_PROJECT,
    env: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false", NO_COLOR: "1", ...env },
  });
  assert.match(output, /PASS=1\d\d WARN=\d ERROR=0 SKIP=0 /);
}

/**
 * Fails unless every table of the current snapshot has the same columns, types and cells in what dbt built.
 *
 * @param theirsOf SQL for dbt's table of a name.
 * @param attach A DuckDB file that is known as `dbt` to that SQL.
 */
export async function assertSameTables(
  { store }: PipelineContext,
  theirsOf: (table: string) => string,
  { attach }: { attach?: string } = {},
): Promise<void> {
  using session = await openSnapshot(store);
  if (attach !== undefined) await session.run(`ATTACH ${sqlString(attach)} AS dbt (READ_ONLY)`);
  const { tables } = await readManifest(store);
  assert.ok(Object.keys(tables).length >= 12);
  for (const [name, { columns, rows }] of Object.entries(tables)) {
    const [ours, theirs] = [sqlName(name), theirsOf(name)];
    const described = await session.rows<{ column_name: string; column_type: string }>(
      `DESCRIBE FROM ${theirs}`,
    );
    assert.deepEqual(
      described.map((column) => ({ name: column.column_name, type: column.column_type })),
      columns,
      name,
    );
    assert.deepEqual(await session.rows(`SELECT count(*) AS rows FROM ${theirs}`), [{ rows }], name);
    for (const [one, other] of [[ours, theirs], [theirs, ours]]) {
      const different = await session.rows(`FROM ${one} EXCEPT ALL FROM ${other} LIMIT 3`);
      assert.deepEqual(different, [], `rows of ${one} that ${other} does not have`);
    }
  }
}
