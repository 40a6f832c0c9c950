import { type Command, Option } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { openStore } from "shopflow/lake/store/mod.ts";
import { findRun, readExecuted } from "shopflow/notebook/run/mod.ts";
import { renderPage, renderPdf } from "shopflow/notebook/report/mod.ts";
import { dirname, extname, resolve } from "node:path";
import { givenFile, writeOutputFile } from "shopflow/cli/mod.ts";

const FORMATS = ["html", "pdf"] as const;
type Format = typeof FORMATS[number];

/** `notebook render RUN_OR_FILE`: a run as a page to send to somebody. */
export function addRenderCommand(program: Command): void {
  program.command("render")
    .description("write a run, or a notebook that Jupyter has run, as one HTML file or as a PDF")
    .argument("<run or file>", "a run's id or its beginning, or an executed .ipynb file", givenFile)
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
  if (output !== undefined && resolve(output) === resolve(runOrFile)) {
    throw new InputError("The page would replace the notebook", {
      found: resolve(output),
      remedy: "Choose another --output.",
    });
  }
  const format = to ?? formatOf(output);
  const { notebook: name, runId } = notebook.metadata.shopflow;
  const target = resolve(output ?? `${name}_${runId}.${format}`);
  // A PDF has no use for a download link.
  const { path = runOrFile } = notebook.metadata.shopflow;
  const page = await renderPage(notebook, {
    ...(format === "pdf" && { notebookHref: "" }),
    ...(path.endsWith(".ipynb") && { folder: dirname(path) }),
  });
  await writeOutputFile(target, format === "pdf" ? await renderPdf(page, config) : page.html);
  console.log(target);
}

/** What the name of a file asks for; one without an ending gets a page. */
function formatOf(output = ""): Format {
  const ending = extname(output).slice(1).toLowerCase();
  const format = FORMATS.find((format) => format === ending);
  if (format !== undefined || ending === "") return format ?? "html";
  throw new InputError("A run cannot be rendered in this format", {
    expected: `a file that ends in ${FORMATS.map((format) => `.${format}`).join(" or ")}, or --to`,
    found: output,
  });
}
