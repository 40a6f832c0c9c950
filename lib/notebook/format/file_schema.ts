import { z } from "zod";

/**
 * What is taken for a notebook of nbformat 4. Editors and exports (Colab, Kaggle, Databricks, VS Code, scripts) leave
 * out what a reader can do without, and Jupyter opens what they write; so is what has one meaning only when it is
 * missing, and nothing else.
 */

const text = z.union([z.string(), z.array(z.string())]).nullish().transform((value) =>
  Array.isArray(value) ? value.join("") : value ?? ""
);
const metadata = z.record(z.string(), z.unknown()).nullish().transform((value) => value ?? {});
const bundle = z.record(z.string(), z.unknown()).transform((data) =>
  Object.fromEntries(
    Object.entries(data).map(([mime, value]) => [mime, isLines(mime, value) ? value.join("") : value]),
  )
);

const isLines = (mime: string, value: unknown): value is string[] =>
  Array.isArray(value) && !mime.endsWith("json") && value.every((line) => typeof line === "string");

const count = z.number().nullish().transform((value) => value ?? null);
const output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.enum(["stdout", "stderr"]).default("stdout"), text }),
  z.object({ output_type: z.literal("display_data"), data: bundle, metadata }),
  z.object({ output_type: z.literal("execute_result"), execution_count: count, data: bundle, metadata }),
  z.object({
    output_type: z.literal("error"),
    ename: z.string().default("Error"),
    evalue: z.string().default(""),
    traceback: z.array(z.string()).nullish().transform((lines) => lines ?? []),
  }),
]);

/** Tags that are no list of texts are those of another program. */
const tags = z.array(z.string()).optional().catch(undefined);
const cellMetadata = z.looseObject({ tags }).nullish().transform((value) => {
  const { tags, ...rest } = value ?? {};
  return tags === undefined ? rest : { tags, ...rest };
});
const id = z.string().nullish().transform((value) => value ?? undefined);
const anyCell = { id, metadata: cellMetadata, source: text };
const attachments = z.record(z.string(), bundle).nullish().transform((value) => value ?? undefined);
const proseCell = { ...anyCell, attachments };
const cell = z.discriminatedUnion("cell_type", [
  z.object({ cell_type: z.literal("markdown"), ...proseCell }),
  z.object({ cell_type: z.literal("raw"), ...proseCell }),
  z.object({
    cell_type: z.literal("code"),
    ...anyCell,
    execution_count: count,
    outputs: z.array(output).nullish().transform((outputs) => outputs ?? []),
  }),
]);

/** Only a run needs a kernel; what says nothing of it (`{}`) says none. */
const kernelspec = z.looseObject({ name: z.string(), display_name: z.string().nullish() })
  .transform(({ name, display_name, ...rest }) => ({ ...rest, name, display_name: display_name ?? name }))
  .optional().catch(undefined);

/** A notebook file, with texts as whole strings. */
export const notebookSchema = z.object({
  cells: z.array(cell),
  metadata: z.looseObject({ kernelspec }).nullish().transform((value) => {
    const { kernelspec, ...rest } = value ?? {};
    return kernelspec === undefined ? rest : { ...rest, kernelspec };
  }),
  nbformat: z.literal(4),
  nbformat_minor: z.number().nullish().transform((value) => value ?? 0),
});
