import { WarehouseError } from "shopflow/errors/mod.ts";
import type { ProjectFile } from "./project_files.ts";
import { renderSql, type TemplateScope } from "./template.ts";

/** A generic data test of the project itself: `{% test name(model, column_name, …) %} … {% endtest %}`. */
export interface GenericTest {
  file: string;
  /** As written, with their defaults. */
  parameters: string[];
  body: string;
}

const GENERIC = /\{%-?\s*test\s+(\w+)\s*\(([^)]*)\)\s*-?%\}([\s\S]*?)\{%-?\s*endtest\s*-?%\}/g;

/** The generic tests that files define, by name. */
export function genericTests(files: ProjectFile[]): Map<string, GenericTest> {
  return new Map(
    files.flatMap(({ path, text }) =>
      [...text.matchAll(GENERIC)].map(([, name, parameters, body]) => [
        name!,
        {
          file: path,
          body: body!,
          parameters: parameters!.split(",").map((part) => part.trim()).filter(Boolean),
        },
      ])
    ),
  );
}

/** Whether a file defines generic tests; one that does not is a singular test, a query of its own. */
export function definesGenericTests({ text }: ProjectFile): boolean {
  return text.search(GENERIC) >= 0;
}

/**
 * SQL of a generic test for the given arguments, `model` and perhaps `column_name` among them.
 *
 * @param declaredBy What declares it, for messages, e.g. `facts.yml: the data test positive of fact_orders`.
 * @throws {WarehouseError} when arguments are missing or unknown.
 */
export function genericTestSql(
  test: GenericTest,
  given: Record<string, unknown>,
  declaredBy: string,
  scope: TemplateScope,
  macros: string[],
): string {
  const names = Object.keys(given);
  refuseOtherArguments(test, names, declaredBy);
  // As a macro, so that its parameters may have defaults.
  const call = names.map((name) => `${name}=${name}`).join(", ");
  const macro = `{% macro data_test(${test.parameters.join(", ")}) %}${test.body}{% endmacro %}`;
  return renderSql(`${macro}{{ data_test(${call}) }}`, test.file, { ...scope, ...given }, macros);
}

function refuseOtherArguments(
  { parameters, file }: GenericTest,
  names: string[],
  declaredBy: string,
): void {
  const known = parameters.map((parameter) => parameter.split("=")[0]!.trim());
  const missing = parameters.filter((parameter) => !parameter.includes("=") && !names.includes(parameter));
  const extra = names.filter((name) => !known.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`${declaredBy} is malformed`, {
    expected: `the arguments ${parameters.join(", ")} of ${file}`,
    found: [
      ...missing.map((name) => `${name} missing`),
      ...extra.map((name) => `${name} which it does not take`),
    ].join(", "),
  });
}
