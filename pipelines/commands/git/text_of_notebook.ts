/** Git's text of a notebook for `git diff` and `git log -p`, set up by `deno task setup`. */
import { runCommand } from "shopflow/cli/mod.ts";
import { readNotebook } from "shopflow/notebook/format/mod.ts";
import { notebookText } from "shopflow/notebook/diff/mod.ts";

if (import.meta.main) {
  await runCommand(async () => {
    const [path = ""] = Deno.args;
    await ReadableStream.from([new TextEncoder().encode(notebookText(await readNotebook(path)))])
      .pipeTo(Deno.stdout.writable);
  });
}
