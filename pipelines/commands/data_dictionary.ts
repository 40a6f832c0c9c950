/** Writes documentation/data_dictionary.md from the schema files of the dbt project. */
import { dataDictionary } from "shopflow/warehouse/describe/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { WAREHOUSE_PROJECT } from "../steps/transform.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
export const DATA_DICTIONARY = join(ROOT, "documentation", "data_dictionary.md");

/** The page as it should be, in the repository's format. */
export async function currentDictionary(): Promise<string> {
  return await formatted(await dataDictionary(await loadSqlProject(WAREHOUSE_PROJECT)));
}

/** Text as `deno fmt` leaves it, so that the gate's format check passes. */
async function formatted(markdown: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { success, stdout } = await process.output();
  if (!success) throw new Error("deno fmt could not format the data dictionary");
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  await runCommand(async () => {
    await Deno.writeTextFile(DATA_DICTIONARY, await currentDictionary());
    console.log(`wrote ${DATA_DICTIONARY}`);
  });
}
