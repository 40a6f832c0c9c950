import { type Command, Option } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { openStore } from "shopflow/lake/mod.ts";
import { findRun, readExecuted, renderPage, renderPdf } from "shopflow/notebook/mod.ts";
import { resolve } from "node:path";

const FORMATS = ["html", "pdf"] as const;
type Format = typeof FORMATS[number];

/** `notebook render RUN_OR_FILE`: a run as a page to send to somebody. */
export function addRenderCommand(program: Command): void {
  program.command("render")
    .description("write a run, or a notebook that Jupyter has run, as one HTML file or as a PDF")
    .argument("<run or file>", "a run's id or its beginning, or an executed .ipynb file")
    .addOption(
      new Option("--to <format>", "what to write; by default what FILE ends with, else html").choices(
        FORMATS,
      ),
    )
    .option("-o, --output <file>", "where to write it (default: NOTEBOOK_RUN.FORMAT in this folder)")
    .action(render);
}

interface RenderFlags {
  to?: Format;
  output?: string;
}

async function render(runOrFile: string, { to, output }: RenderFlags): Promise<void> {
  const config = loadConfig();
  const notebook = runOrFile.endsWith(".ipynb")
    ? await readExecuted(runOrFile)
    : await findRun(openStore(config), runOrFile);
  const format = to ?? FORMATS.find((format) => output?.endsWith(`.${format}`)) ?? "html";
  const { notebook: name, runId } = notebook.metadata.shopflow;
  const target = resolve(output ?? `${name}_${runId}.${format}`);
  if (target === resolve(runOrFile)) {
    throw new InputError("The page would replace the notebook", {
      found: target,
      remedy: "Choose another --output.",
    });
  }
  // Nobody can download from paper.
  const page = await renderPage(notebook, format === "pdf" ? { notebookHref: "" } : {});
  await writeWhole(
    target,
    format === "pdf" ? await renderPdf(page, config) : new TextEncoder().encode(page.html),
  );
  console.log(target);
}

/** Nobody finds half a file, even when the disk fills up. */
async function writeWhole(path: string, body: Uint8Array): Promise<void> {
  const staged = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(staged, body);
    await Deno.rename(staged, path);
  } catch (error) {
    await Deno.remove(staged).catch(() => {});
    throw new InputError(`${path} cannot be written`, {
      found: error instanceof Error ? error.message : String(error),
      remedy: "Choose another --output.",
      cause: error,
    });
  }
}
