/** Projects of dbt users are built to the tables that dbt builds. */
import { openSnapshot, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { withProject } from "../lib/warehouse/small_project.ts";
import { TEST_DBT, testWith } from "../requirements.ts";
import { succeeds } from "./dbt_build.ts";
import { DBT_PROJECTS } from "./dbt_projects.ts";

for (const [name, files] of Object.entries(DBT_PROJECTS)) {
  testWith(
    ["dbt"],
    `dbt builds ${name} cell by cell as our runner does`,
    () =>
      withProject(files, async ({ folder, build, store }) => {
        const { manifest, tests } = await build();
        const output = await succeeds(TEST_DBT, ["build", "--profiles-dir", "."], {
          cwd: folder,
          env: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false", NO_COLOR: "1" },
        });
        const [, warned] = /WARN=(\d+) ERROR=0/.exec(output) ?? [];
        assert.equal(Number(warned), tests.warnings.length, output);
        using session = await openSnapshot(store);
        await session.run(`ATTACH ${sqlString(join(folder, "built.duckdb"))} AS built (READ_ONLY)`);
        const theirs = await session.rows<{ name: string }>(
          "SELECT table_name AS name FROM information_schema.tables WHERE table_catalog = 'built' ORDER BY 1",
        );
        assert.deepEqual(Object.keys(manifest.tables).sort(), theirs.map(({ name }) => name));
        for (const { name } of theirs) {
          const [ours, dbt] = [sqlName(name), `built.main.${sqlName(name)}`];
          const typesOf = (relation: string) =>
            session.rows(
              `SELECT column_name, replace(column_type, 'HUGEINT', 'DECIMAL(38,0)') AS type FROM (DESCRIBE FROM ${relation})`,
            );
          assert.deepEqual(await typesOf(ours), await typesOf(dbt), name);
          for (const [one, other] of [[ours, dbt], [dbt, ours]]) {
            assert.deepEqual(
              await session.rows(`FROM ${one} EXCEPT ALL FROM ${other}`),
              [],
              `${one} and ${other}`,
            );
          }
        }
      }),
  );
}
