import { WarehouseError } from "shopflow/errors/mod.ts";
import { parseDocument } from "yaml";
import type { z } from "zod";

/**
 * Parses YAML and checks its shape.
 *
 * @throws {WarehouseError} that names the file and the line or the entry that is wrong.
 */
export function parseYaml<T>(text: string, file: string, shape: z.ZodType<T>): T {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new WarehouseError(`${file} is not YAML`, {
      found: problem.message.trim(),
      remedy: "Correct the indentation or the quotes there.",
      cause: problem,
    });
  }
  const result = shape.safeParse(document.toJS() ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const place = issue.path.map(String).join(" > ") || "top level";
  throw new WarehouseError(`${file} is malformed at ${place}: ${issue.message}`, {
    remedy: "Correct that entry.",
    cause: result.error,
  });
}
