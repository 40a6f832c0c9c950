/**
 * What our runner and the code in the kernel say to each other beside the notebook's own outputs, as MIME
 * types that no front end shows.
 */

/** Closes a cell: comes after everything the cell wrote. */
export const BARRIER = "application/vnd.shopflow.barrier+json";
/** A promise of the cell was rejected and nobody waited for it; the kernel alone takes that for success. */
export const UNHANDLED = "application/vnd.shopflow.unhandled-rejection+json";
/** What the notebook read: see {@linkcode ReadFact}. */
export const READ = "application/vnd.shopflow.read+json";

/** One thing that a notebook read from the lake, for the record of its run. */
export interface ReadFact {
  kind: "snapshot" | "model";
  /** `lake` for the snapshot, or the model's name. */
  name: string;
  version: string;
}

/** Where the prelude leaves its function for the notebook's library; absent in a plain Jupyter. */
export const READ_HOOK = Symbol.for("shopflow.notebook.read");

/** Code that runs before the first cell. */
export const PRELUDE = `{
  const tell = (mime, value) =>
    Deno.jupyter.broadcast("display_data", { data: { [mime]: value }, metadata: {}, transient: {} });
  globalThis[Symbol.for("${READ_HOOK.description}")] = (fact) => tell("${READ}", fact);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    const { reason } = event;
    const isError = reason instanceof Error;
    tell("${UNHANDLED}", {
      ename: isError ? reason.name : "UnhandledRejection",
      evalue: isError ? reason.message : String(reason),
      traceback: ["A promise was rejected and not awaited.", ...String(reason?.stack ?? reason).split("\\n")],
    });
  });
}
undefined`;

/** Code that runs after each cell; it yields once so that rejections of the cell are told before. */
export function barrierCode(id: string): string {
  return `await new Promise((resolve) => setTimeout(resolve, 0));
await Deno.jupyter.broadcast("display_data", { data: { "${BARRIER}": "${id}" }, metadata: {}, transient: {} });`;
}
