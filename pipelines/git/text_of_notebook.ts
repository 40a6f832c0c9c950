/** Git's text of a notebook for `git diff` and `git log -p`, set up by `deno task setup:git`. */
import { runCommand } from "shopflow/errors/mod.ts";
import { readNotebook } from "shopflow/notebook/notebook_file.ts";
import { notebookText } from "shopflow/notebook/versions/notebook_text.ts";

await runCommand(async () => {
  const [path = ""] = Deno.args;
  await ReadableStream.from([new TextEncoder().encode(notebookText(await readNotebook(path)))])
    .pipeTo(Deno.stdout.writable);
});
