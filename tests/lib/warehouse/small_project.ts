import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createRuntime, type Runtime, silentProgress } from "shopflow/runtime/mod.ts";
import { type BuildOptions, buildSnapshot, loadSqlProject } from "shopflow/warehouse/mod.ts";
import type { BuiltSnapshot } from "../../../lib/warehouse/build/build_snapshot.ts";
import { dirname, join } from "node:path";

/** Text of a project's files by path. */
export type ProjectFiles = Record<string, string>;

/** A runtime that stands still, and the lines that were logged. */
export function stillRuntime(): { runtime: Runtime; lines: string[] } {
  const lines: string[] = [];
  const log = {
    debug: () => {},
    info: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(line),
  };
  return {
    runtime: createRuntime({ now: () => new Date("2024-06-01T00:00:00Z"), log, progress: silentProgress }),
    lines,
  };
}

/** A project of one curated model `sales` with the grain `id`, and whatever else a test gives. */
export function salesProject(sql: string, schema: string, more: ProjectFiles = {}): ProjectFiles {
  return {
    "models/curated/sales.sql": sql,
    "models/curated/schema.yml": `models:\n  - name: sales\n    config: { meta: { grain: [id] } }\n${schema}`,
    ...more,
  };
}

/** Runs `body` with a project folder and an empty store, both removed afterwards. */
export async function withProject(
  files: ProjectFiles,
  body: (place: { folder: string; store: ObjectStore; build: () => Promise<BuiltSnapshot> }) => Promise<void>,
  { options = {}, runtime = stillRuntime().runtime }: { options?: BuildOptions; runtime?: Runtime } = {},
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "shopflow_project_" });
  const folder = join(root, "project");
  const store = createDirectoryStore(join(root, "lake"), { sync: false });
  try {
    await writeFiles(folder, { "dbt_project.yml": "name: test\n", ...files });
    const build = async () =>
      await buildSnapshot(
        { store, project: await loadSqlProject(folder), inputs: {}, codeVersion: "v1" },
        runtime,
        { threads: 1, ...options },
      );
    await body({ folder, store, build });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Writes the files of a project, or replaces some of them. */
export async function writeFiles(folder: string, files: ProjectFiles): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
}
