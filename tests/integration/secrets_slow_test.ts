/** No program shows a piece of a password, whatever is wrong with the URL that it stands in. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { inspect } from "node:util";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { brokenUrls, leakIn } from "../fixtures/broken_urls.ts";
import { startSupportApi } from "../fixtures/support_api.ts";
import { TEST_MONGODB_URL, TEST_POSTGRES_URL, TEST_S3_URL, testWith } from "../requirements.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { openChannels } from "shopflow/jobs/alerts/mod.ts";
import { openStore } from "shopflow/lake/store/mod.ts";
import { countSourceRows, withPostgresSource } from "shopflow/sources/mod.ts";
import { getTicketPage } from "../../lib/sources/tickets/support_api.ts";
import { createContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const PERMISSIONS = ["read", "write", "env", "net", "sys", "ffi", "run"].map((name) => `--allow-${name}`);
const PASSWORD = "Zq7wXkvJ8pYh";

interface Ended {
  code: number;
  text: string;
}

/** Runs one of the programs behind `deno task` with settings and nothing else from outside. */
async function program(
  home: string,
  args: string[],
  settings: Record<string, string> = {},
  { timeoutMs = 60_000 } = {},
): Promise<Ended> {
  const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { PATH, HOME, ...DENO_DIR && { DENO_DIR }, NO_COLOR: "1", SHOPFLOW_HOME: home, ...settings },
    signal: AbortSignal.timeout(timeoutMs),
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** What the files of a folder have, and their names. */
async function everythingIn(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    texts.push(name);
    if (isDirectory) texts.push(await everythingIn(path));
    else if (isFile) texts.push(new TextDecoder("latin1").decode(await Deno.readFile(path)));
  }
  return texts.join("\n");
}

/** Does so much at the same time. */
async function together<T>(items: T[], work: (item: T) => Promise<void>, most = 4): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: most }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  }));
}

/** Programs that read settings; `FILE` is a notebook with a parameter. */
const READERS = [
  "pipelines/commands/simulate.ts --customers 100",
  "pipelines/commands/import.ts online-retail --from deno.json",
  "pipelines/main.ts run extract",
  "pipelines/main.ts run transform train score publish check-data collect-garbage",
  "pipelines/commands/lake.ts show",
  "pipelines/commands/models.ts list",
  "pipelines/commands/warehouse.ts plan",
  "pipelines/commands/notebook.ts run FILE",
  "pipelines/commands/notebook.ts runs",
  "pipelines/commands/notebook.ts lab",
  "server/main.ts",
  "schedules/main.ts",
  "schedules/jobs_main.ts list",
];
/** Programs that are given a URL where it does not belong. */
const GIVEN = [
  "pipelines/commands/simulate.ts --customers URL",
  "pipelines/commands/import.ts online-retail --from URL",
  "pipelines/main.ts run URL",
  "pipelines/commands/lake.ts show URL",
  "pipelines/commands/models.ts show URL",
  "pipelines/commands/experiments/experiments.ts show URL",
  "pipelines/commands/warehouse.ts raw-tables URL",
  "pipelines/commands/notebook.ts run URL",
  "pipelines/commands/notebook.ts run FILE -p as_of=URL",
  "pipelines/commands/notebook.ts URL",
  "server/main.ts URL",
  "schedules/main.ts --run URL",
  "schedules/jobs_main.ts show URL",
  "schedules/jobs_main.ts --URL",
];

/** A notebook with the parameter `as_of`. */
async function notebookIn(folder: string): Promise<string> {
  const path = join(folder, "study.ipynb");
  const cell = (id: string, source: string, tags: string[] = []) => ({
    cell_type: "code",
    id,
    metadata: { tags },
    source,
    execution_count: null,
    outputs: [],
  });
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      cells: [
        cell("a", 'const as_of = "2024-09-01";', ["parameters"]),
        cell("b", 'console.log(Deno.env.get("DESK_TOKEN"), as_of); Deno.env.get("DESK_TOKEN")'),
        cell("c", 'throw new Error("refused " + btoa("me:" + Deno.env.get("DESK_TOKEN")))'),
      ],
      metadata: {
        kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
        shopflow: { env: ["DESK_TOKEN"] },
      },
      nbformat: 4,
      nbformat_minor: 5,
    }),
  );
  return path;
}

Deno.test("no command shows a piece of a password of a malformed URL, in its settings or its arguments", async () => {
  const folder = await Deno.makeTempDir();
  const file = await notebookIn(folder);
  const urls = brokenUrls(400).filter((url) => !url.includes("\0")).values();
  const next = () => urls.next().value!;
  // Of a word alone nobody can know that it is a password.
  const argument = () => {
    while (true) {
      const url = next();
      if (/:.*@|:\/\/.*@|password=/.test(url)) return url;
    }
  };
  try {
    const calls = [
      ...READERS.map((call) => ({
        call,
        settings: { SHOPFLOW_POSTGRES_URL: next(), SHOPFLOW_MONGODB_URL: next() },
      })),
      ...GIVEN.map((call) => ({
        call,
        settings: { SHOPFLOW_POSTGRES_URL: "postgres://reader@127.0.0.1:1/shop" },
      })),
    ];
    await together(calls.map((call, i) => ({ ...call, home: join(folder, String(i)) })), async (given) => {
      const { call, settings, home } = given;
      await Deno.mkdir(home);
      const url = argument();
      const args = call.split(" ").map((word) => word.replace("FILE", file).replace("URL", () => url));
      const { code, text } = await program(home, args, settings);
      const seen = `${text}\n${await everythingIn(home)}`;
      assert.equal(leakIn(seen), undefined, inspect({ args, settings }));
      assert.equal(code, 1, `${call}: ${text}`);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no connector shows a piece of a password of a malformed URL, and no driver sees one", async () => {
  const log = createLogger(() => {});
  for (const url of brokenUrls(300)) {
    const tries: (() => Promise<unknown>)[] = [
      () =>
        withPostgresSource(
          url.replace(/^pglite:/, "x:"),
          createRuntime({ log, progress: silentProgress }),
          () => Promise.resolve({}),
        ),
      () => countSourceRows({ postgresUrl: url.replace(/^pglite:/, "x:"), ticketsUrl: "file:/nonexistent" }),
      () => getTicketPage(url, {}, { log, apiKey: url, pause: 1 }),
      () =>
        openStore({ home: "/nonexistent", lakeUrl: "s3://lake", cacheBytes: 0 }, {
          AWS_ENDPOINT_URL: url,
          AWS_SECRET_ACCESS_KEY: url,
        }).get("a"),
    ];
    for (const [i, connect] of tries.entries()) {
      await assert.rejects(connect, (error) => {
        assert.equal(leakIn(inspect(error, { depth: 9, showHidden: true })), undefined, `${i}: ${url}`);
        assert.match((error as Error).name, /^(ConfigError|SourceError|PassingFailure)$/, `${i}: ${url}`);
        return true;
      });
    }
  }
});

Deno.test("a notebook's run keeps no secret that a cell was given, and takes none as a parameter", async () => {
  const home = await Deno.makeTempDir();
  try {
    const file = await notebookIn(home);
    await Deno.remove(file);
    const folder = await Deno.makeTempDir();
    const elsewhere = await notebookIn(folder);
    const ran = await program(home, ["pipelines/commands/notebook.ts", "run", elsewhere, "--no-check"], {
      DESK_TOKEN: PASSWORD,
    });
    assert.match(ran.text, /refused/);
    const parameter = `as_of=postgres://reader:${PASSWORD}@db/shop`;
    const refused = await program(home, [
      "pipelines/commands/notebook.ts",
      "run",
      elsewhere,
      "-p",
      parameter,
    ]);
    assert.match(refused.text, /parameter as_of holds a password/);
    const kept = await everythingIn(home);
    assert.match(kept, /study\.ipynb|\.ipynb/);
    assert.match(kept, /refused \*\*\*|refused [^"]*\*\*\*/);
    assert.equal(leakIn(ran.text + refused.text + kept), undefined);
    await Deno.remove(folder, { recursive: true });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("an error that nobody caught, and its causes, are printed without secrets of the environment", async () => {
  const url = `postgres://reader:${PASSWORD}#1@db/shop`;
  const bodies = [
    `new URL("http://:" + Deno.env.get("DATABASE_URL"))`,
    `throw Object.assign(new Error("x", { cause: new AggregateError([new Error(Deno.env.get("DATABASE_URL"))]) }), { input: Deno.env.get("DATABASE_URL"), config: { url: Deno.env.get("DATABASE_URL") } })`,
    `queueMicrotask(() => { throw new Error(Deno.env.get("DATABASE_URL")) }); await new Promise((done) => setTimeout(done, 1000))`,
    `void Promise.reject(new Error("at " + encodeURIComponent(Deno.env.get("DATABASE_URL")))); await new Promise((done) => setTimeout(done, 1000))`,
    `throw { password: Deno.env.get("DATABASE_URL") }`,
    `console.log(Deno.env.toObject()); (await import("node:process")).stderr.write(Deno.env.get("DATABASE_URL")); throw new Error("end")`,
  ];
  await together(bodies, async (body) => {
    const code =
      `import { runCommand } from "shopflow/cli/mod.ts"; await runCommand(async () => { await null; ${body} });`;
    const { code: exit, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
      cwd: ROOT,
      env: { NO_COLOR: "1", DATABASE_URL: url },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(exit, 1, text);
    assert.match(text, /\*\*\*/, body);
    assert.equal(leakIn(text), undefined, body);
  });
});

Deno.test("a Support API that repeats the key, or the URL's, is quoted without it", async () => {
  await using api = startSupportApi([], PASSWORD);
  const log: string[] = [];
  for (const status of [200, 400, 401, 404]) {
    // The key ends where what is quoted of an answer ends.
    api.trouble = () => new Response(`${"-".repeat(72)}${PASSWORD} ${btoa(`x:${PASSWORD}`)}`, { status });
    const url = `${api.url}?api_key=mH4tQzZq7wXk`;
    const options = { apiKey: PASSWORD, log: createLogger((line) => log.push(line)), pause: 1 };
    await assert.rejects(getTicketPage(url, { limit: "1" }, options), (error) => {
      assert.match((error as Error).message, /api_key=\*\*\*/);
      assert.equal(leakIn(inspect(error, { depth: 9 })), undefined);
      return true;
    });
  }
  assert.equal(leakIn(log.join("\n")), undefined);
  assert.throws(
    () => loadConfig({ SHOPFLOW_SUPPORT_API_KEY: `${PASSWORD}\n` }),
    /line break at an end/,
  );
});

testWith(
  ["postgres", "mongodb"],
  "servers that refuse a password are named with user and host, without it",
  async () => {
    const home = await Deno.makeTempDir();
    try {
      const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
      const postgres =
        Object.assign(new URL(TEST_POSTGRES_URL), { username: "nobody", password: PASSWORD }).href;
      const config = loadConfig({ SHOPFLOW_HOME: home, SHOPFLOW_POSTGRES_URL: postgres });
      await assert.rejects(extract(createContext(config, runtime)), (error) => {
        assert.match((error as Error).message, /postgres:\/\/nobody:\*\*\*@.*refused the user or password/);
        assert.equal(leakIn(inspect(error, { depth: 9, showHidden: true })), undefined);
        return true;
      });
      const mongodb =
        Object.assign(new URL(TEST_MONGODB_URL), { username: "nobody", password: PASSWORD }).href;
      await assert.rejects(
        countSourceRows({ postgresUrl: TEST_POSTGRES_URL, ticketsUrl: mongodb }),
        (error) => {
          assert.equal(leakIn(inspect(error, { depth: 9, showHidden: true })), undefined);
          return true;
        },
      );
      assert.equal(leakIn(await everythingIn(home)), undefined);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

testWith(["s3"], "a bucket's server that refuses a key is named without it", async () => {
  const { AWS_ENDPOINT_URL = "", AWS_REGION = "" } = Deno.env.toObject();
  const store = openStore({ home: "/nonexistent", lakeUrl: TEST_S3_URL, cacheBytes: 0 }, {
    AWS_ENDPOINT_URL,
    AWS_REGION,
    AWS_ACCESS_KEY_ID: "nobody",
    AWS_SECRET_ACCESS_KEY: PASSWORD,
    AWS_SESSION_TOKEN: `${PASSWORD}/+mH4tQz`,
  });
  await assert.rejects(store.get("snapshots/current.json"), (error) => {
    assert.match((error as Error).message, /no permission/);
    assert.equal(leakIn(inspect(error, { depth: 9, showHidden: true })), undefined);
    return true;
  });
});

Deno.test("alert channels are opened from settings without showing them", () => {
  const { alertChannels } = loadConfig({
    SHOPFLOW_ALERT_CHANNELS: `ops=https://hooks.example.com/services/${PASSWORD} ` +
      `business=smtps://robot:${PASSWORD}@mail.example.com?from=a@example.com&to=b@example.com`,
  });
  assert.equal(
    leakIn(openChannels(alertChannels).map(({ name, place }) => `${name} ${place}`).join()),
    undefined,
  );
});
