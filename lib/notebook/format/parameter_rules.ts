import { NotebookError } from "shopflow/errors/mod.ts";
import { addDays } from "shopflow/ml/mod.ts";
import { AS_OF_RULES, type AsOfRule, parseAsOfRule } from "shopflow/churn/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ParameterDeclaration, Parameters } from "./parameters.ts";

/** Rules by the name of the parameter that each of them fills. */
export type ParameterRules = Record<string, AsOfRule>;

/** Values that rules gave to parameters. */
export interface FilledParameters {
  values: Parameters;
  /** The rule of each value, as the notebook declares it. */
  rules: Record<string, string>;
  /** Snapshot that the values were taken from; undefined where there was nothing to fill. */
  snapshot?: string;
}

/** The last sale of a snapshot, which all rules count from. */
export interface LastSale {
  snapshot: string;
  /** Undefined in a shop without sales of known customers. */
  day?: string;
}

/**
 * The parameter that a report's declaration names.
 *
 * @param field Where it is named: `as_of` or `parameters`.
 * @throws {NotebookError} when the notebook does not declare it.
 */
export function requireParameter(
  declared: ParameterDeclaration[],
  parameter: string,
  given: unknown,
  name: string,
  field: string,
): ParameterDeclaration {
  const target = declared.find((candidate) => candidate.name === parameter);
  if (target !== undefined) return target;
  const what = field === "as_of" ? "a rule" : "a value";
  throw new NotebookError(`${name} has ${what} for the parameter ${parameter}, which it does not declare`, {
    expected: declared.length === 0
      ? "a constant of that name in a cell tagged parameters, of a notebook for the Deno kernel"
      : `one of ${declared.map((candidate) => candidate.name).join(", ")}`,
    found: `"${parameter}": ${JSON.stringify(given)}`,
    remedy: `Correct the name under shopflow.report.${field} in the notebook's metadata.`,
  });
}

/**
 * The rule that a report's declaration gives a parameter.
 *
 * @throws {NotebookError} when there is no such rule, or the notebook has no such parameter as a string.
 */
export function requireRule(
  parameter: string,
  rule: string,
  declared: ParameterDeclaration[],
  name: string,
): AsOfRule {
  const target = requireParameter(declared, parameter, rule, name, "as_of");
  const parsed = parseAsOfRule(rule);
  if (parsed === undefined) {
    throw new NotebookError(`${name} has an unknown rule for the parameter ${parameter}`, {
      expected: AS_OF_RULES,
      found: JSON.stringify(rule),
      remedy: "Correct it under shopflow.report.as_of in the notebook's metadata.",
    });
  }
  if (target.type === "string") return parsed;
  throw new NotebookError(`${name} has a rule for the parameter ${parameter}, which cannot hold a date`, {
    expected: "a parameter that is a string",
    found: `${parameter}: ${target.type} = ${JSON.stringify(target.value)}`,
  });
}

/** The last sale of the current snapshot. @throws {LakeError} when nothing was published yet. */
export async function findLastSale(store: ObjectStore): Promise<LastSale> {
  // Loaded where it is needed: most notebooks of others have no rules, and DuckDB takes its time.
  const { openSnapshot } = await import("shopflow/warehouse/mod.ts");
  using session = await openSnapshot(store);
  const [sales] = await session.rows<{ day: string | null }>(
    "SELECT max(order_date) AS day FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'",
  );
  return { snapshot: session.manifest.id, ...(sales?.day && { day: sales.day }) };
}

/**
 * The values that rules give, counted from the last sale.
 *
 * @throws {NotebookError} when the shop has no sale to count from.
 */
export function fillParameters(
  rules: ParameterRules,
  { snapshot, day }: LastSale,
  name = "The notebook",
): FilledParameters {
  const filled: FilledParameters = { values: {}, rules: {}, snapshot };
  for (const [parameter, { rule, daysAfterLastSale }] of Object.entries(rules)) {
    if (day === undefined) {
      throw new NotebookError(`The parameter ${parameter} of ${name} cannot be filled by the rule ${rule}`, {
        expected: "sales of known customers in fact_orders",
        found: "none",
        remedy: "Load a shop: `deno task simulate` or `deno task import`.",
      });
    }
    filled.values[parameter] = addDays(day, daysAfterLastSale);
    filled.rules[parameter] = rule;
  }
  return filled;
}
