import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

/** Rooms in the order of the design: a room imports itself, rooms of lower levels, and nothing else. */
const LEVELS: string[][] = [
  ["lib/errors", "lib/config", "lib/runtime"],
  ["lib/lake", "lib/sources"],
  ["lib/warehouse"],
  ["lib/features", "lib/models", "lib/simulation"],
  ["lib/evaluation", "lib/registry"],
  ["lib/notebook", "lib/charts", "lib/jobs", "lib/business"],
  ["pipelines", "server", "notebooks"],
  ["schedules"],
];
/** Rooms that are computation only: rows in, rows out. */
const PURE = ["lib/features", "lib/models", "lib/simulation", "lib/evaluation"];
/** Drivers of databases and clouds, and the rooms that may know them. */
const DRIVERS = ["pg", "pg-copy-streams", "mongodb", "@duckdb/", "@electric-sql/", "@aws-sdk/"];
const DRIVER_ROOMS = ["lib/sources", "lib/lake", "lib/warehouse"];

const root = join(import.meta.dirname!, "..");
interface Module {
  file: string;
  imports: string[];
}

Deno.test("every room imports only itself and the rooms before it", async () => {
  const wrong = (await modules()).flatMap(({ file, imports }) =>
    imports.filter((target) => target.startsWith("file:"))
      .map((target) => relative(root, new URL(target).pathname))
      .filter((target) => !target.endsWith(".json") && !allowed(roomOf(file), roomOf(target)))
      .map((target) => `${file} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("database and cloud drivers are imported in sources, lake and warehouse only", async () => {
  const wrong = (await modules()).filter(({ file }) => !DRIVER_ROOMS.includes(roomOf(file)!))
    .flatMap(({ file, imports }) =>
      imports.filter((target) => DRIVERS.some((driver) => isPackage(target, driver)))
        .map((target) => `${file} imports ${target}`)
    );
  assert.deepEqual(wrong, []);
});

Deno.test("features, models, simulation and evaluation do no input or output", async () => {
  const wrong: string[] = [];
  for (const { file } of await modules()) {
    if (!PURE.includes(roomOf(file)!)) continue;
    const source = await Deno.readTextFile(join(root, file));
    if (/\bDeno\.(?!test)|\bfetch\(|from "node:fs/.test(source)) wrong.push(file);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("there are no import circles", async () => {
  const graph = new Map((await modules()).map(({ file, imports }) => [
    file,
    imports.filter((target) => target.startsWith("file:")).map((target) =>
      relative(root, new URL(target).pathname)
    ),
  ]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file) || path.includes(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

Deno.test("there are no grab-bag files", async () => {
  const names = (await sourceFiles()).filter((file) =>
    /(^|\/)(utils?|helpers?|common|misc)\.tsx?$/.test(file)
  );
  assert.deepEqual(names, []);
});

function roomOf(file: string): string | undefined {
  const parts = file.split("/");
  return parts[0] === "lib" ? parts.slice(0, 2).join("/") : parts[0];
}

function allowed(from: string | undefined, to: string | undefined): boolean {
  if (from === to || from === "tests") return true;
  const level = (room: string | undefined) => LEVELS.findIndex((rooms) => rooms.includes(room ?? ""));
  const neighbours = level(from) === level(to) && level(from) < 6;
  return level(to) >= 0 && (level(to) < level(from) || neighbours);
}

function isPackage(target: string, driver: string): boolean {
  const name = target.replace(/^npm:\/?/, "").replace(/(?<=.)@\d.*$/, "");
  return driver.endsWith("/") ? name.startsWith(driver) : name === driver;
}

async function sourceFiles(): Promise<string[]> {
  const listed = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx"],
    cwd: root,
  }).output();
  return new TextDecoder().decode(listed.stdout).trim().split("\n");
}

let cached: Promise<Module[]> | undefined;
/** Every source file of ours with what it imports, as `deno info` resolves it. */
function modules(): Promise<Module[]> {
  cached ??= (async () => {
    const files = (await sourceFiles()).filter((file) => !file.startsWith("tests/"));
    const entry = await Deno.makeTempFile({ suffix: ".ts", dir: join(root, "tests") });
    try {
      await Deno.writeTextFile(
        entry,
        files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};\n`).join(""),
      );
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: ["info", "--json", "--no-lock", entry],
        cwd: root,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const graph = JSON.parse(new TextDecoder().decode(stdout)) as {
        modules: {
          specifier: string;
          error?: string;
          dependencies?: { code?: { specifier?: string; error?: string }; type?: { specifier?: string } }[];
        }[];
      };
      return graph.modules
        .filter(({ specifier }) => specifier.startsWith("file:") && specifier !== pathToFileURL(entry).href)
        .map(({ specifier, dependencies = [] }) => ({
          file: relative(root, new URL(specifier).pathname),
          imports: dependencies.map(({ code, type }) => code?.specifier ?? type?.specifier ?? ""),
        }));
    } finally {
      await Deno.remove(entry);
    }
  })();
  return cached;
}
