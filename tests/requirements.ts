/**
 * What a test needs beyond Deno. A test whose needs are not met is ignored, and its name says why; where
 * `SHOPFLOW_TEST_REQUIRE` lists the need (as CI does), it fails instead.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export const TEST_POSTGRES_URL = Deno.env.get("SHOPFLOW_TEST_POSTGRES_URL") ?? "";
export const TEST_MONGODB_URL = Deno.env.get("SHOPFLOW_TEST_MONGODB_URL") ?? "";
/** The `ferretdb` program, for servers that a test kills. */
export const TEST_FERRETDB = Deno.env.get("SHOPFLOW_TEST_FERRETDB") ?? "";
/** A bucket that tests write to, `s3://…`; its server and credentials are in the usual AWS variables. */
export const TEST_S3_URL = Deno.env.get("SHOPFLOW_TEST_S3_URL") ?? "";
/** The program of an S3 server that tests start, kill and start again; in `s3` above one is running already. */
export const TEST_VERSITYGW = Deno.env.get("SHOPFLOW_TEST_VERSITYGW") ?? "";
/** Certificate of that PostgreSQL, which speaks TLS at `localhost`. */
export const TEST_POSTGRES_CA = Deno.env.get("SHOPFLOW_TEST_POSTGRES_CA") ?? "";
/** A `jupyter` command that has nbconvert, papermill, ipykernel and JupyterLab. */
export const TEST_JUPYTER = Deno.env.get("SHOPFLOW_TEST_JUPYTER") ?? "";
/** An `nbdiff` command, of nbdime. */
export const TEST_NBDIFF = Deno.env.get("SHOPFLOW_TEST_NBDIFF") ?? "";
/** A `dbt` command that has dbt-duckdb. */
export const TEST_DBT = Deno.env.get("SHOPFLOW_TEST_DBT") ?? "";
/** A `dbt` command that has dbt-spark and PySpark, with `spark-sql` beside it. */
export const TEST_SPARK = Deno.env.get("SHOPFLOW_TEST_SPARK") ?? "";
/** A Python that has mlflow-skinny. */
export const TEST_MLFLOW = Deno.env.get("SHOPFLOW_TEST_MLFLOW") ?? "";
export const TEST_CHROMIUM = Deno.env.get("SHOPFLOW_TEST_CHROMIUM") ?? "/usr/bin/chromium";
/** Folder of the public data sets, see CONTRIBUTING.md. */
export const TEST_DATASETS = Deno.env.get("SHOPFLOW_TEST_DATASETS") ??
  join(import.meta.dirname!, "..", "..", "shared", "datasets");

/** Folder of PostgreSQL's own programs, for servers that a test stops and copies; the newest where Debian has several. */
export const TEST_POSTGRES_PROGRAMS = postgresPrograms();

function postgresPrograms(): string {
  const folder = "/usr/lib/postgresql";
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(folder, version, "bin"));
  return found.find((bin) => existsSync(join(bin, "initdb")) && existsSync(join(bin, "pg_basebackup"))) ?? "";
}

const isProgram = (name: string) =>
  (Deno.env.get("PATH") ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

let mountable: boolean | undefined;
function mayMount(): boolean {
  return mountable ??= new Deno.Command("unshare", {
    args: ["--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
    stderr: "null",
  }).outputSync().success;
}

const NEEDS = {
  postgres: { met: TEST_POSTGRES_URL !== "", hint: "SHOPFLOW_TEST_POSTGRES_URL is not set" },
  postgres_tls: { met: TEST_POSTGRES_CA !== "", hint: "SHOPFLOW_TEST_POSTGRES_CA is not set" },
  postgres_programs: { met: TEST_POSTGRES_PROGRAMS !== "", hint: "there is no initdb (Debian: postgresql)" },
  mongodb: { met: TEST_MONGODB_URL !== "", hint: "SHOPFLOW_TEST_MONGODB_URL is not set" },
  ferretdb: { met: TEST_FERRETDB !== "", hint: "SHOPFLOW_TEST_FERRETDB is not set" },
  s3: { met: TEST_S3_URL !== "", hint: "SHOPFLOW_TEST_S3_URL is not set" },
  versitygw: { met: TEST_VERSITYGW !== "", hint: "SHOPFLOW_TEST_VERSITYGW is not set" },
  jupyter: { met: TEST_JUPYTER !== "", hint: "SHOPFLOW_TEST_JUPYTER is not set" },
  nbdime: { met: TEST_NBDIFF !== "", hint: "SHOPFLOW_TEST_NBDIFF is not set" },
  dbt: { met: TEST_DBT !== "", hint: "SHOPFLOW_TEST_DBT is not set" },
  spark: { met: TEST_SPARK !== "", hint: "SHOPFLOW_TEST_SPARK is not set" },
  mlflow: { met: TEST_MLFLOW !== "", hint: "SHOPFLOW_TEST_MLFLOW is not set" },
  chromium: { met: existsSync(TEST_CHROMIUM), hint: `no Chromium at ${TEST_CHROMIUM}` },
  promtool: { met: isProgram("promtool"), hint: "there is no promtool (Debian: prometheus)" },
  systemd: { met: isProgram("systemd-analyze"), hint: "there is no systemd-analyze" },
  shellcheck: { met: isProgram("shellcheck"), hint: "there is no shellcheck (Debian: shellcheck)" },
  /** File systems of their own, which are gone with the process: `unshare` of util-linux, permitted to mount. */
  mount: {
    get met() {
      return isProgram("unshare") && mayMount();
    },
    hint: "file systems cannot be mounted here (unshare --mount)",
  },
  datasets: { met: existsSync(TEST_DATASETS), hint: `no data sets at ${TEST_DATASETS}` },
};

export type Need = keyof typeof NEEDS;

/** A test that takes longer hangs, even on a machine that is busy with other things; in milliseconds. */
const HANGS_AFTER_MS = 10 * 60_000;

/**
 * Declares a test that runs where `needs` are met. One that hangs fails, and does not keep the others waiting. Nothing
 * that failed is repeated.
 */
export function testWith(
  needs: Need[],
  name: string,
  body: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const required = (Deno.env.get("SHOPFLOW_TEST_REQUIRE") ?? "").split(",").map((need) => need.trim());
  const missing = needs.filter((need) => !NEEDS[need].met);
  const reason = missing.map((need) => NEEDS[need].hint).join(", ");
  if (missing.some((need) => required.includes(need))) {
    return Deno.test(name, () => {
      throw new Error(`SHOPFLOW_TEST_REQUIRE lists ${missing.join(", ")}, but ${reason}`);
    });
  }
  if (missing.length > 0) return Deno.test({ name: `${name} (ignored: ${reason})`, ignore: true, fn: body });
  Deno.test({ name, timeout: HANGS_AFTER_MS, fn: body });
}
