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
  kind: "snapshot" | "model" | "scores";
  /** `lake` for the snapshot, or the name of the model or score table. */
  name: string;
  version: string;
}

/** Where the prelude leaves its function for the notebook's library; absent in a plain Jupyter. */
export const READ_HOOK = Symbol.for("shopflow.notebook.read");
/** Where the prelude leaves the versions that a repeated run must read; absent otherwise. */
export const PINNED = Symbol.for("shopflow.notebook.pinned");

/**
 * Code that runs in the Deno kernel before the first cell.
 *
 * @param pinned what the notebook reads where it does not name a version itself
 */
export function preludeCode(pinned: ReadFact[]): string {
  return `{
  // A notebook may put others in their place.
  const { setTimeout } = globalThis;
  const tell = (mime, value) =>
    Deno.jupyter.broadcast("display_data", { data: { [mime]: value }, metadata: {}, transient: {} });
  globalThis[Symbol.for("${READ_HOOK.description}")] = (fact) => tell("${READ}", fact);
  // Yields once, so that rejections of the cell are told before.
  globalThis[Symbol.for("${BARRIER}")] = (id, ms) =>
    setTimeout(() => setTimeout(() => tell("${BARRIER}", id), 0), ms);
  globalThis[Symbol.for("${PINNED.description}")] = ${JSON.stringify(pinned)};
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
  for (const name of ["alert", "confirm", "prompt"]) {
    globalThis[name] = () => {
      throw new Error(name + "() has nobody to ask: this notebook is run without a keyboard. Use a parameter.");
    };
  }
}
undefined`;
}

/**
 * Code that runs after each cell. It awaits nothing, which the kernel evaluates much faster.
 *
 * @param ms so long by its own clock the kernel waits with it
 */
export const barrierCode = (id: string, ms = 0) =>
  `void globalThis[Symbol.for("${BARRIER}")]("${id}", ${ms})`;
