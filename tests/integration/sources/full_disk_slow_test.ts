/** Disks that fill up while something is written; each is a small file system in a name space of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");
const LISTED = "files that are left:";

/** Runs a program on a disk of some size, mounted at `folder`, and lists what it leaves there. */
async function onSmallDisk(folder: string, size: string, args: string[], env: Record<string, string> = {}) {
  const script = `mount -t tmpfs -o size=${size} tmpfs "$1"; shift; "$@"; code=$?
    echo "${LISTED}"; find "${folder}" -type f; exit $code`;
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["-rm", "sh", "-c", script, "sh", folder, Deno.execPath(), ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const [said, left] = new TextDecoder().decode(stdout).split(LISTED);
  return {
    code,
    said: said! + new TextDecoder().decode(stderr),
    left: left!.trim().split("\n").filter(Boolean),
  };
}

testWith(
  ["postgres", "mongodb"],
  "a disk that fills up during a COPY ends the extract with the room that is left, leaves nothing, and with room it goes on",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 60_000 });
      const home = join(context.config.home, "small");
      const lake = join(context.config.home, "lake");
      await Deno.mkdir(home);
      const { postgresUrl, ticketsUrl } = context.config;
      const env = {
        SHOPFLOW_HOME: home,
        SHOPFLOW_LAKE: lake,
        SHOPFLOW_POSTGRES_URL: postgresUrl,
        SHOPFLOW_MONGODB_URL: ticketsUrl,
      };
      const { code, said, left } = await onSmallDisk(
        home,
        "3m",
        ["run", "-A", "pipelines/main.ts", "run", "extract"],
        env,
      );
      assert.equal(code, 1, said);
      assert.match(
        said,
        /error: No space left on the disk: cannot write \S+orders\.csv: found \S+ MB of 3\.1 MB are free on the disk of \S+small\S+; No space left.*Free up space there, or set SHOPFLOW_HOME/,
      );
      assert.doesNotMatch(said, /never resolved|cannot be read/);
      assert.deepEqual(left, []);
      const { rows } = await sql.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'shopflow' AND datname = current_database()",
      );
      assert.deepEqual(rows, []);
      const runtime = createRuntime({ progress: silentProgress, log: context.runtime.log });
      const withRoom = createContext(loadConfig(env), runtime);
      assert.deepEqual(await withRoom.store.list("raw/"), []);
      assert.equal((await extract(withRoom)).status, "done");
    }),
);

testWith(
  [],
  "no writer takes a part for the whole on a full disk: each says that it is full, and leaves no half file",
  async () => {
    const folder = await Deno.makeTempDir();
    const program = join(ROOT, "tests", "fixtures", "full_disk_writers.ts");
    try {
      const { said, left } = await onSmallDisk(folder, "256k", ["run", "-A", program, folder]);
      const lines = said.split("\n").filter((line) => /^\w+(:| told| wrote)/.test(line));
      assert.deepEqual(
        lines,
        ["tickets told", "lake told", "file told", "DuckDB told", "embedded told"],
        said,
      );
      const locks = [".staging/lock", "postgres.lock"].map((name) => join(folder, name));
      assert.deepEqual(left.filter((path) => !locks.includes(path)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
