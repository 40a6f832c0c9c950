/** The Jinja of SQL models gives the text that dbt gives, or is refused. */
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { TEST_DBT, testWith } from "../requirements.ts";
import { withProject } from "../lib/warehouse/small_project.ts";
import { succeeds } from "./dbt_build.ts";
import { CONSTRUCTS, MACROS, REFUSED } from "./jinja_constructs.ts";

const SETTINGS = "name: constructs\nprofile: constructs\n" +
  "vars: { limit: 5, names: [a, b], ratio: 0.5, nested: { deep: [9] } }\n";
const PROFILES =
  "constructs: { target: duckdb, outputs: { duckdb: { type: duckdb, path: x.duckdb, threads: 1 } } }\n";

const modelPath = (name: string) => `models/${name}.sql`;

/** White space in dbt's own macros differs; between words of a template it must not. */
const CALLS_OF_DBT = new Set(["dbt_functions", "dbt_dateadd"]);
const comparable = (name: string, sql: string) => {
  const text = sql.trim().replace(/;$/, "");
  return CALLS_OF_DBT.has(name) ? text.replaceAll(/\s+/g, " ").replaceAll(/(?<=\() | (?=\))/g, "") : text;
};

testWith(["dbt"], "every construct of Jinja is rendered as dbt renders it", () =>
  withProject({
    "dbt_project.yml": SETTINGS,
    "profiles.yml": PROFILES,
    "macros/macros.sql": MACROS,
    ...Object.fromEntries(Object.entries(CONSTRUCTS).map(([name, text]) => [modelPath(name), text])),
  }, async ({ folder }) => {
    const { models } = await loadSqlProject(folder);
    assert.ok(models.length >= 57);
    await succeeds(TEST_DBT, ["compile", "--profiles-dir", ".", "--quiet"], {
      cwd: folder,
      env: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false", NO_COLOR: "1" },
    });
    for (const { name, sql } of models) {
      const theirs = await Deno.readTextFile(join(folder, "target/compiled/constructs", modelPath(name)));
      assert.equal(comparable(name, sql), comparable(name, theirs), `${name}: ${CONSTRUCTS[name]}`);
    }
  }));

for (const [name, [template, message]] of Object.entries(REFUSED)) {
  Deno.test(`of Jinja ${name} is refused by name, file and line`, () =>
    withProject({ "models/m.sql": `select 1 as id\n-- ${template}\n` }, async ({ folder }) => {
      await assert.rejects(loadSqlProject(folder), (error: Error) => {
        assert.equal(error.name, "WarehouseError");
        assert.ok(
          error.message.includes("The Jinja of models/m.sql cannot be rendered: found line 2: "),
          error.message,
        );
        assert.ok(error.message.includes(message), error.message);
        return true;
      });
    }));
}
