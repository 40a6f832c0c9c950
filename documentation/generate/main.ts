/** `deno task docs:reference`: writes the pages of documentation/reference that are made from the code. */
import { runCommand } from "shopflow/cli/mod.ts";
import { Command } from "commander";
import { join } from "node:path";
import { formatted } from "./markdown.ts";
import { PAGES } from "./pages.ts";

const REFERENCE = join(import.meta.dirname!, "..", "reference");

/** The generated pages as they should be, by their file; of all or some. */
export async function referencePages(names: string[] = Object.keys(PAGES)): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of names) {
    const page = PAGES[name];
    if (page !== undefined) texts.set(name, await page());
  }
  return await formatted(texts);
}

if (import.meta.main) {
  await runCommand(async () => {
    new Command("deno task docs:reference")
      .description(
        "Writes the reference pages that are made from the code: settings, commands, jobs, metrics, …",
      )
      .allowExcessArguments(false)
      .parse(Deno.args, { from: "user" });
    for (const [name, text] of await referencePages()) {
      await Deno.writeTextFile(join(REFERENCE, name), text);
      console.log(join("documentation", "reference", name));
    }
    Deno.exit(0);
  });
}
