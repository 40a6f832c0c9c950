import { NotebookError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { hasTag, type Notebook } from "./nbformat.ts";
import { type ParameterRules, requireParameter, requireRule } from "./parameter_rules.ts";
import { type ParameterDeclaration, type Parameters, requireType } from "./parameters.ts";

const line = z.string().trim().min(1, "is empty").max(200, "is longer than 200 characters");
const paragraph = z.string().trim().min(1, "is empty").max(1000, "is longer than 1000 characters");

/** What a notebook may declare of its report, under `shopflow.report` of its metadata. */
const DECLARATION = z.strictObject({
  title: line.optional(),
  summary: paragraph.optional(),
  tags: z.array(line).optional(),
  owner: line.optional(),
  audience: line.optional(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  as_of: z.union([z.string(), z.record(z.string(), z.string())], "expected a rule, or rules by parameter")
    .optional(),
  hide_cells: z.array(line).optional(),
});

/** The declaration as it stands in the file. */
export type DeclaredReport = z.infer<typeof DECLARATION>;

/** What a notebook declares of its report, checked against its parameters and cells. */
export interface ReportDeclaration extends Pick<DeclaredReport, "title" | "summary" | "owner" | "audience"> {
  tags: string[];
  /** Values that replace those of the parameters cell. */
  parameters: Parameters;
  /** The as-of rules, by the parameter that each of them fills. */
  rules: ParameterRules;
  /** Ids or tags of the cells that the page leaves out. */
  hiddenCells: string[];
}

const FIELDS = Object.keys(DECLARATION.shape).join(", ");

/** Whether the notebook declares that it is a report; what it declares may be invalid. */
export const declaresReport = ({ metadata }: Notebook): boolean => declared({ metadata }) !== undefined;

function declared({ metadata }: Pick<Notebook, "metadata">): unknown {
  const { shopflow } = metadata;
  return typeof shopflow === "object" && shopflow !== null
    ? (shopflow as { report?: unknown }).report
    : undefined;
}

/**
 * What a run's record says of its report: empty where the notebook declared none, or an invalid one.
 *
 * @param report the declaration as it was written
 */
export function declaredIn(report: unknown): DeclaredReport {
  const parsed = DECLARATION.safeParse(report);
  return parsed.success ? parsed.data : {};
}

/**
 * What a notebook declares of its report: `"metadata": { "shopflow": { "report": { "title": "Churn", "as_of": "latest"
 * } } }`. A rule without the name of a parameter is that of the parameter `as_of`.
 *
 * @returns undefined when the notebook is no report.
 * @throws {NotebookError} when the declaration has another form, or names a rule, a parameter or a cell that does not
 *   exist.
 */
export function readReport(
  notebook: Notebook,
  parameters: ParameterDeclaration[],
  name = "The notebook",
): ReportDeclaration | undefined {
  const report = declared(notebook);
  return report === undefined ? undefined : checkReport(report, notebook, parameters, name);
}

/** @throws {NotebookError} see {@linkcode readReport}. */
export function checkReport(
  report: unknown,
  notebook: Notebook,
  parameters: ParameterDeclaration[],
  name: string,
): ReportDeclaration {
  const parsed = DECLARATION.safeParse(report);
  if (!parsed.success) throw invalid(report, parsed.error, name);
  const { as_of = {}, parameters: values = {}, hide_cells: hiddenCells = [], tags = [], ...texts } =
    parsed.data;
  const rules = Object.entries(typeof as_of === "string" ? { as_of } : as_of);
  for (const [parameter, value] of Object.entries(values)) {
    requireType(requireParameter(parameters, parameter, value, name, "parameters"), value);
    if (!rules.some(([ruled]) => ruled === parameter)) continue;
    throw new NotebookError(`${name} declares the parameter ${parameter} of its report twice`, {
      expected: "a value under shopflow.report.parameters, or a rule under shopflow.report.as_of",
      found: "both",
    });
  }
  for (const hidden of hiddenCells) requireCell(notebook, hidden, name);
  return {
    ...texts,
    tags,
    parameters: values,
    rules: Object.fromEntries(
      rules.map(([parameter, rule]) => [parameter, requireRule(parameter, rule, parameters, name)]),
    ),
    hiddenCells,
  };
}

function invalid(report: unknown, error: z.ZodError, name: string): NotebookError {
  const [issue] = error.issues;
  const place = ["shopflow.report", ...issue?.path ?? []].join(".");
  return new NotebookError(`${name} has an invalid ${place} in its metadata`, {
    expected: issue?.code === "unrecognized_keys" || place === "shopflow.report"
      ? `an object with no other fields than ${FIELDS}`
      : EXPECTED[String(issue?.path[0])],
    found: `${JSON.stringify(report).slice(0, 200)} (${issue?.message ?? "invalid"})`,
    remedy: "Correct it by `deno task notebook report set`, or in the file.",
  });
}

/** What the fields hold, for errors. */
const EXPECTED: Record<string, string> = {
  title: "a line of text",
  summary: "a paragraph of text",
  owner: "a team or a person",
  audience: "who the report is for, as text",
  tags: 'a list of words, e.g. ["customers", "weekly"]',
  parameters: 'values by parameter, e.g. { "top_days": 5 }',
  as_of: 'a rule, e.g. "latest", or rules by parameter, e.g. { "as_of": "latest" }',
  hide_cells: 'a list of ids or tags of cells, e.g. ["setup"]',
};

function requireCell({ cells }: Notebook, hidden: string, name: string): void {
  if (cells.some((cell) => cell.id === hidden || hasTag(cell, hidden))) return;
  const ids = cells.map(({ id }) => id);
  const tags = [...new Set(cells.flatMap(({ metadata }) => metadata.tags ?? []))];
  throw new NotebookError(`${name} hides a cell from its report that it does not have`, {
    expected: `under shopflow.report.hide_cells the id of a cell (${ids.slice(0, 20).join(", ")}${
      ids.length > 20 ? ", …" : ""
    }) or a tag (${tags.join(", ") || "there are none"})`,
    found: JSON.stringify(hidden),
  });
}
