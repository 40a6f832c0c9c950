import assert from "node:assert/strict";
import {
  DRIVER_MODULES,
  isDriver,
  mayImport,
  moduleOf,
  PURE_MODULES,
} from "../lib/notebook/promote/module_rules.ts";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { listFiles, readProduct, type SourceFile, startedFiles } from "./source_graph.ts";

const root = join(import.meta.dirname!, "..");
/** Files in a folder, mod.ts and sub-folders not counted. */
const MOST_FILES = 10;
/** Names that a module may export. */
const MOST_NAMES = 30;
/** A file of fewer lines is not worth a file of its own if one other alone needs it. */
const SHORT = 60;

interface Module {
  file: string;
  imports: string[];
}

Deno.test("every module imports only itself and the modules before it", async () => {
  const wrong = (await modules()).flatMap(({ file, imports }) =>
    imports.filter((target) => target.startsWith("file:"))
      .map((target) => relative(root, new URL(target).pathname))
      .filter((target) => !target.endsWith(".json") && !mayImport(moduleOf(file), moduleOf(target)))
      .map((target) => `${file} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("database and cloud drivers are imported in sources, lake and warehouse only", async () => {
  const wrong = (await modules()).filter(({ file }) => !DRIVER_MODULES.includes(moduleOf(file)))
    .flatMap(({ file, imports }) =>
      imports.filter(isDriver)
        .map((target) => `${file} imports ${target}`)
    );
  assert.deepEqual(wrong, []);
});

Deno.test("models, questions and the simulation do no input or output", async () => {
  const wrong: string[] = [];
  for (const { file } of await modules()) {
    if (!PURE_MODULES.includes(moduleOf(file))) continue;
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

Deno.test("no product file has more than 400 lines", async () => {
  const long: string[] = [];
  for (const file of await sourceFiles()) {
    if (file.startsWith("tests/")) continue;
    const lines = (await Deno.readTextFile(join(root, file))).split("\n").length - 1;
    if (lines > 400) long.push(`${file}: ${lines}`);
  }
  assert.deepEqual(long, []);
});

Deno.test("a folder has at most ten files, and folders for more", async () => {
  const counts = new Map<string, number>();
  for (const { path } of await code()) {
    if (path.endsWith("/mod.ts")) continue;
    const folder = dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const full = [...counts].filter(([, count]) => count > MOST_FILES).map(([folder, count]) =>
    `${folder}: ${count}`
  );
  assert.deepEqual(full, []);
});

Deno.test("a short file has more than one importer, is public, or is started", async () => {
  const files = await code(), importers = importersOf(await readProduct());
  const started = await startedFiles(files.map(({ path }) => path));
  const fragments = files.filter(({ path, lines }) =>
    lines < SHORT && !path.endsWith("/mod.ts") && !started.has(path)
  )
    .flatMap(({ path, lines }) => {
      const [only, ...others] = importers.get(path) ?? [];
      if (only === undefined) return [`${path} (${lines} lines) is imported by no file`];
      return others.length > 0 || only.endsWith("/mod.ts")
        ? []
        : [`${path} (${lines} lines) belongs into ${only}`];
    });
  assert.deepEqual(fragments, []);
});

Deno.test("a mod.ts exports at most thirty names, and each is imported outside its folder", async () => {
  const product = await readProduct();
  const wrong: string[] = [];
  for (const { path, exports } of (await code()).filter(({ path }) => path.endsWith("/mod.ts"))) {
    if (exports.length > MOST_NAMES) wrong.push(`${path} exports ${exports.length} names`);
    const outside = [...product.values()].filter((file) => !file.path.startsWith(`${dirname(path)}/`));
    const uses = outside.flatMap(({ imports }) => imports.filter(({ target }) => target === path));
    const isUsed = (name: string) => uses.some(({ names }) => names.length === 0 || names.includes(name));
    const unused = exports.filter((name) => !isUsed(name));
    if (unused.length > 0) wrong.push(`${path} exports what nobody imports: ${unused.join(", ")}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("a file of tests is in the folder of what it tests", async () => {
  const files = await code();
  const tests = new Set(
    (await listFiles("tests/*_test.ts")).map((path) => path.replace(/(_slow)?_test\.ts$/, "")),
  );
  const long = files.filter(({ path, lines }) => lines >= SHORT && !path.endsWith("/mod.ts"));
  const mirrored = long.filter(({ path }) => tests.has(`tests/${path.replace(/\.tsx?$/, "")}`));
  const percent = Math.round(100 * mirrored.length / long.length);
  console.log(
    `${mirrored.length} of ${long.length} files of ${SHORT} lines and more (${percent} %) have a test of their own`,
  );
  const folders = new Set((await listFiles("*")).map((path) => dirname(path)));
  const astray = (await listFiles("tests/*_test.ts")).map((path) => dirname(path).slice("tests/".length))
    .filter((folder) =>
      /^(lib|pipelines|schedules|server)\//.test(folder) && !folders.has(folder) &&
      ![...folders].some((other) => other.startsWith(`${folder}/`))
    );
  assert.deepEqual([...new Set(astray)], []);
});

Deno.test("a program that runs when it is imported is imported by no file", async () => {
  const programs = new Set<string>();
  for (const { path } of await code()) {
    const runs = /^(await )?runCommand\(/m.test(await Deno.readTextFile(join(root, path)));
    if (runs) programs.add(path);
  }
  const wrong: string[] = [];
  for (const path of await sourceFiles()) {
    const text = await Deno.readTextFile(join(root, path));
    for (const [, target = ""] of text.matchAll(/^(?:import|export|\})[^;"]*? from "(\.[^"]+)";$/gm)) {
      const file = join(dirname(path), target);
      // It would end the importer, as it ends itself.
      if (programs.has(file)) wrong.push(`${path} imports ${file}, which lacks \`if (import.meta.main)\``);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no test is repeated until it passes", async () => {
  const wrong: string[] = [];
  for (const file of await listFiles("tests/*.ts", "tests/*.tsx")) {
    const text = await Deno.readTextFile(join(root, file));
    // Deno's own option; the product's policies of retries are objects.
    if (/\bretry: *\d|\brepeats: *\d/.test(text)) wrong.push(file);
  }
  assert.deepEqual(wrong, []);
});

/** The product's TypeScript without the notebooks. */
async function code(): Promise<SourceFile[]> {
  return [...(await readProduct()).values()].filter(({ path }) => !path.endsWith(".ipynb"));
}

function importersOf(files: Map<string, SourceFile>): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  for (const { path, imports } of files.values()) {
    for (const target of new Set(imports.map(({ target }) => target))) {
      importers.set(target, [...importers.get(target) ?? [], path]);
    }
  }
  return importers;
}

const sourceFiles = () => listFiles("*.ts", "*.tsx");

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
