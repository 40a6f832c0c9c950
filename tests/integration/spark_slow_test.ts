/** dbt builds the same tables on Apache Spark, a cluster of two worker processes, as our own runner on DuckDB. */
import { rawTableSql } from "shopflow/warehouse/describe/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { loadSqlProject, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { delimiter, dirname, join } from "node:path";
import type { PipelineContext } from "../../pipelines/context.ts";
import { WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";
import { withLake } from "../pipelines/built_shop.ts";
import { TEST_SPARK, testWith } from "../requirements.ts";
import { assertSameTables, dbtBuild, succeeds } from "./dbt_build.ts";
import { DBT_SHOPS } from "./dbt_shops.ts";

/**
 * Settings of a small Spark with a folder of its own. Without generated code, which takes longer than small tables. It
 * begins when both workers are there, so that none does all the work before the other one has started.
 */
const sparkDefaults = (folder: string) => `
spark.master                         local-cluster[2,1,1024]
spark.driver.memory                  1g
spark.executor.memory                1g
spark.driver.extraJavaOptions        -Dderby.system.home=${folder} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions      -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.driver.host                    127.0.0.1
spark.driver.bindAddress             127.0.0.1
spark.ui.enabled                     false
spark.ui.showConsoleProgress         false
spark.eventLog.enabled               true
spark.eventLog.dir                   file:${folder}/events
spark.sql.warehouse.dir              ${folder}/warehouse
spark.hadoop.javax.jdo.option.ConnectionURL jdbc:derby:;databaseName=${folder}/metastore;create=true
spark.sql.shuffle.partitions         2
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 300s
spark.sql.codegen.wholeStage         false
spark.sql.codegen.factoryMode        NO_CODEGEN
`;

/** Makes a folder for Spark, the environment that leads its programs there, and the raw tables of a lake. */
async function startSpark(
  { config, store }: PipelineContext,
): Promise<{ folder: string; env: Record<string, string> }> {
  const folder = join(config.home, "spark");
  const env = {
    PATH: [dirname(TEST_SPARK), Deno.env.get("PATH")].join(delimiter),
    SPARK_CONF_DIR: join(folder, "conf"),
    SPARK_WORKER_DIR: join(folder, "workers"),
    SPARK_LOCAL_IP: "127.0.0.1",
  };
  await Deno.mkdir(join(folder, "events"), { recursive: true });
  await Deno.mkdir(env.SPARK_CONF_DIR);
  await Deno.writeTextFile(join(env.SPARK_CONF_DIR, "spark-defaults.conf"), sparkDefaults(folder));
  const { tables } = await readRawExtract(store);
  const inputs = Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, files]));
  const { sources } = await loadSqlProject(WAREHOUSE_PROJECT);
  const script = join(folder, "raw_tables.sql");
  await Deno.writeTextFile(script, rawTableSql("spark", sources, inputs, store.url));
  const sparkSql = join(dirname(TEST_SPARK), "spark-sql");
  await succeeds(sparkSql, ["--master", "local[1]", "-f", script], { cwd: folder, env });
  return { folder, env };
}

/** How many tasks each worker process of a cluster did, by its id, as Spark's own event log says. */
async function tasksByWorker(folder: string): Promise<Map<string, number>> {
  const tasks = new Map<string, number>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("app-")) continue;
    for (const line of (await Deno.readTextFile(join(folder, name))).trim().split("\n")) {
      const event = JSON.parse(line);
      if (event.Event === "SparkListenerExecutorAdded") tasks.set(event["Executor ID"], 0);
      if (event.Event !== "SparkListenerTaskEnd") continue;
      const id = event["Task Info"]["Executor ID"];
      tasks.set(id, (tasks.get(id) ?? 0) + 1);
    }
  }
  return tasks;
}

for (const { name, fill } of DBT_SHOPS) {
  testWith(
    ["spark"],
    `dbt on Spark with two workers builds ${name} cell by cell as our runner does`,
    () =>
      withLake(async (context) => {
        await fill(context);
        const { folder, env } = await startSpark(context);
        await dbtBuild(TEST_SPARK, "spark", context, env);
        await assertSameTables(
          context,
          (table) => `read_parquet(${sqlString(`${folder}/warehouse/shopflow.db/${table}/*.parquet`)})`,
        );
        const tasks = await tasksByWorker(join(folder, "events"));
        assert.deepEqual([...tasks.keys()].sort(), ["0", "1"]);
        for (const [worker, count] of tasks) assert.ok(count > 50, `worker ${worker} did ${count} tasks`);
      }),
  );
}
