/** The kernel of our notebooks, as their metadata names it. */
export const DENO_KERNELSPEC = { display_name: "Deno", language: "typescript", name: "deno" } as const;

/** The notebook file format, nbformat 4.5 (https://nbformat.readthedocs.io/en/latest/format_description.html). */

/** Representations of one value by MIME type: text, or JSON for `…+json`. */
export type MimeBundle = Record<string, unknown>;

/** Key of the values of `showMetrics` for programs: a report's history and `deno task notebook log` list them by run. */
export const METRICS_MIME = "application/vnd.shopflow.metrics+json";

/** Key of all rows of a table of `showTable`, as CSV: its HTML has the first ones. Jupyter and VS Code show the HTML. */
export const TABLE_MIME = "text/csv";

export interface StreamOutput {
  output_type: "stream";
  name: "stdout" | "stderr";
  text: string;
}
export interface DisplayOutput {
  output_type: "display_data";
  data: MimeBundle;
  metadata: Record<string, unknown>;
}
export interface ResultOutput {
  output_type: "execute_result";
  execution_count: number | null;
  data: MimeBundle;
  metadata: Record<string, unknown>;
}
export interface ErrorOutput {
  output_type: "error";
  /** Class of the error. */
  ename: string;
  /** Its message. */
  evalue: string;
  traceback: string[];
}
export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

interface CellMetadata {
  tags?: string[];
  /** What our runner notes of a cell's execution. */
  shopflow?: CellRecord;
  [key: string]: unknown;
}

/** When a cell ran and how long. */
interface CellRecord {
  startedAt: string;
  milliseconds: number;
}

interface AnyCell {
  id: string;
  metadata: CellMetadata;
  source: string;
}
export interface MarkdownCell extends AnyCell {
  cell_type: "markdown" | "raw";
  /** Pictures that were pasted into the text, by name; the text names them `attachment:<name>`. */
  attachments?: Record<string, MimeBundle>;
}
export interface CodeCell extends AnyCell {
  cell_type: "code";
  execution_count: number | null;
  outputs: Output[];
}
export type Cell = MarkdownCell | CodeCell;

/** A notebook in memory: texts are whole strings, where the file has lists of lines. */
export interface Notebook<Metadata = Record<string, unknown>> {
  cells: Cell[];
  /** Without a kernelspec it says of no kernel that it is its own; it can be read, but not run. */
  metadata: Metadata & { kernelspec?: { name: string; display_name: string; language?: string | undefined } };
  nbformat: 4;
  nbformat_minor: number;
}

/**
 * The kernel of a notebook, by its kernelspec; where it has none, ours if its language says so.
 *
 * @returns undefined when it says neither.
 */
export function kernelNameOf({ metadata: { kernelspec, language_info } }: Notebook): string | undefined {
  const { name } = (language_info ?? {}) as { name?: unknown };
  return kernelspec?.name ?? (name === DENO_KERNELSPEC.language ? DENO_KERNELSPEC.name : undefined);
}

/** Whether a cell has a tag. */
export const hasTag = (cell: Cell, tag: string): boolean => cell.metadata.tags?.includes(tag) ?? false;
