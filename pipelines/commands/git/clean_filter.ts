/**
 * Git's clean filter for notebooks, set up by `deno task setup`: the notebook of a working tree comes in, the one
 * that belongs in version control goes out. Git starts it for every notebook it looks at, so it loads little.
 */
import { runCommand } from "shopflow/cli/mod.ts";
import { cleanNotebook, formatNotebook, parseNotebook } from "shopflow/notebook/format/mod.ts";

if (import.meta.main) {
  await runCommand(async () => {
    const [name = "The notebook"] = Deno.args;
    const notebook = parseNotebook(await new Response(Deno.stdin.readable).text(), name);
    await ReadableStream.from([new TextEncoder().encode(formatNotebook(cleanNotebook(notebook)))])
      .pipeTo(Deno.stdout.writable);
  });
}
