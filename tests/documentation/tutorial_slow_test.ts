import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type Block, blocksOf, ROOT } from "./shell_commands.ts";

/** What of the demo the tutorial needs, on a shop that is a tenth of the demo's. */
const SMALL_DEMO = "deno task simulate --customers 500\ndeno task pipeline run extract transform";
/** Reports that other tests publish; here they would take most of the time. */
const OTHER_NOTEBOOKS = ["churn", "recommendation", "inventory", "executive"];

Deno.test("the tutorial can be done as it is written", async (t) => {
  const clone = await cloneOfWorkingTree();
  const port = freePort();
  let server: Deno.ChildProcess | undefined;
  try {
    const blocks = blocksOf(await Deno.readTextFile(join(clone, "documentation", "tutorial.md")));
    const cells = blocks.filter(({ note }) => note.startsWith("cell: "));
    assert.equal(cells.length, 4);
    let printed = "";
    for (const block of blocks) {
      if (block.note === "cell: code") await writeNotebook(join(clone, "notebooks", "weekdays.ipynb"), cells);
      if (block.note === "job") await addJob(join(clone, "schedules", "jobs.ts"), block.text);
      if (block.language !== "sh") continue;
      const isDemo = block.text === "deno task demo";
      await t.step(block.text, async () => {
        printed = await runShell(clone, isDemo ? SMALL_DEMO : block.text);
      });
      if (isDemo) server = serve(clone, port);
      if (block.text.includes("lake query")) assert.match(printed, /Monday[\s\S]*\d/);
      if (block.text.includes("notebook promote")) {
        assert.match(
          await Deno.readTextFile(join(clone, "lib/kpis/weekdays.ts")),
          /export function revenueShares/,
        );
        assert.match(
          await Deno.readTextFile(join(clone, "notebooks/weekdays.ipynb")),
          /import \{ revenueShares \}/,
        );
      }
      if (block.text.includes("schedule --list")) assert.match(printed, /weekday-report/);
      if (block.text.includes("jobs show")) assert.match(printed, /succeeded/);
    }
    await t.step("the report is on the server", async () => {
      const page = await waitForPage(`http://127.0.0.1:${port}/reports/weekdays`);
      assert.match(page, /Weekdays/);
      assert.match(page, /% of revenue/);
    });
  } finally {
    server?.kill("SIGTERM");
    await server?.status;
    await Deno.remove(clone, { recursive: true });
  }
});

/** A clone of the repository with what is not committed yet. */
async function cloneOfWorkingTree(): Promise<string> {
  const clone = join(await Deno.makeTempDir({ prefix: "shopflow-tutorial-" }), "shopflow");
  await run("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone], ROOT);
  const changed = await run("git", ["diff", "--name-only", "HEAD"], ROOT);
  const added = await run("git", ["ls-files", "--others", "--exclude-standard"], ROOT);
  for (const path of `${changed}\n${added}`.split("\n").filter((line) => line !== "")) {
    const target = join(clone, path);
    if (await Deno.stat(join(ROOT, path)).catch(() => undefined) === undefined) await Deno.remove(target);
    else {
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.copyFile(join(ROOT, path), target);
    }
  }
  for (const name of OTHER_NOTEBOOKS) await Deno.remove(join(clone, "notebooks", `${name}.ipynb`));
  return clone;
}

async function writeNotebook(path: string, cells: Block[]): Promise<void> {
  const notebook = {
    cells: cells.map(({ note, text }, index) => {
      const kind = note.slice("cell: ".length);
      const common = { id: `cell-${index}`, source: text };
      if (kind === "markdown") return { ...common, cell_type: "markdown", metadata: {} };
      const metadata = kind === "code" ? {} : { tags: [kind] };
      return { ...common, cell_type: "code", metadata, outputs: [], execution_count: null };
    }),
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  await Deno.writeTextFile(path, JSON.stringify(notebook, null, 1) + "\n");
}

async function addJob(path: string, job: string): Promise<void> {
  const jobs = await Deno.readTextFile(path);
  const end = jobs.indexOf("\n];\n", jobs.indexOf("JobDeclaration[] = ["));
  assert.ok(end > 0, "the list of jobs ends with ];");
  await Deno.writeTextFile(path, `${jobs.slice(0, end)}\n${job}${jobs.slice(end)}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function serve(clone: string, port: number): Deno.ChildProcess {
  return new Deno.Command("bash", {
    args: ["-c", "exec deno task --quiet serve"],
    cwd: clone,
    env: { ...shellEnv(), SHOPFLOW_PORT: String(port) },
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** The page, as soon as the server shows it. */
async function waitForPage(url: string): Promise<string> {
  const until = Date.now() + 30_000;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return await response.text();
    await response?.body?.cancel();
    assert.ok(Date.now() < until, `${url} answers ${response?.status ?? "nothing"}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const runShell = (cwd: string, script: string) => run("bash", ["-euc", script], cwd);

/** `deno` is the one that runs the tests, whatever the machine has. */
const shellEnv = () => ({
  PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`,
  NO_COLOR: "1",
});

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, env: shellEnv() })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, `${args.join(" ")}\n${text(stdout)}${text(stderr)}`);
  return text(stdout);
}
