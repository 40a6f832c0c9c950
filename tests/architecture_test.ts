import assert from "node:assert/strict";
import {
  DRIVER_MODULES,
  isDriver,
  mayImport,
  moduleOf,
  PURE_MODULES,
} from "../lib/notebook/promote/module_rules.ts";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname!, "..");
interface Module {
  file: string;
  imports: string[];
}

Deno.test("every room imports only itself and the rooms before it", async () => {
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
