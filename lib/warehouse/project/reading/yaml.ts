import { WarehouseError } from "shopflow/errors/mod.ts";
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

/** A YAML file, and where its entries stand. */
export interface YamlFile {
  file: string;
  value: unknown;
  /** Line of the entry at a path of keys and places. */
  lineOf(path: PropertyKey[]): number;
}

/** @throws {WarehouseError} that names the file and the line that is no YAML. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new WarehouseError(`${file} is not YAML`, {
      found: problem.message.trim(),
      remedy: "Correct the indentation or the quotes there.",
      cause: problem,
    });
  }
  return {
    file,
    value: document.toJS() ?? {},
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line,
  };
}

/**
 * The content of a YAML file as a shape has it.
 *
 * @throws {WarehouseError} that names the file, the entry that is wrong and its line.
 */
export function shaped<T>({ file, value, lineOf }: YamlFile, shape: z.ZodType<T>): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { path = [], message = "" } = issue ?? {};
  const wrong = issue?.code === "unrecognized_keys" ? [...path, issue.keys[0]!] : path;
  const place = path.map(String).join(" > ") || "top level";
  throw new WarehouseError(`${file} is malformed at ${place}: ${message}`, {
    found: `line ${lineOf(wrong)}`,
    remedy: "Correct that entry.",
    cause: result.error,
  });
}

/** Where the entry at a path begins, or the innermost one around it. */
function offsetOf(document: Document, path: PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = (node as { range?: [number, number, number] } | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
