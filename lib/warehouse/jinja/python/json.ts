import { compare, Dict, floatText, JinjaError, printed, type PyValue, Tuple, typeName } from "./values.ts";

interface JsonForm {
  /** Keys in alphabetical order, as Jinja2's filter has them; dbt's function keeps their order. */
  sortKeys: boolean;
  indent?: number | undefined;
}

/**
 * JSON as Python writes it: a space behind commas and colons, other characters than ASCII escaped.
 *
 * @throws {JinjaError} for values that JSON does not have.
 */
export function jsonText(value: PyValue, form: JsonForm, depth = 0): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (typeof value === "string") return jsonString(value);
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items !== undefined) {
    return enclosed("[", items.map((item) => jsonText(item, form, depth + 1)), "]", form, depth);
  }
  if (value instanceof Dict) {
    const entries = value.entries();
    if (form.sortKeys) entries.sort(([a], [b]) => compare(a, b));
    const parts = entries.map(([key, item]) =>
      `${jsonString(keyText(key))}: ${jsonText(item, form, depth + 1)}`
    );
    return enclosed("{", parts, "}", form, depth);
  }
  throw new JinjaError(`a ${typeName(value)} has no form in JSON`);
}

const keyText = (key: PyValue) =>
  key === null || typeof key === "boolean" ? jsonText(key, { sortKeys: false }) : printed(key);

function enclosed(
  opening: string,
  parts: string[],
  closing: string,
  { indent }: JsonForm,
  depth: number,
): string {
  if (indent === undefined || parts.length === 0) return opening + parts.join(", ") + closing;
  const line = (level: number) => `\n${" ".repeat(indent * level)}`;
  return opening + line(depth + 1) + parts.join(`,${line(depth + 1)}`) + line(depth) + closing;
}

const jsonString = (text: string) =>
  // deno-lint-ignore no-control-regex
  JSON.stringify(text).replaceAll(/[^\x00-\x7e]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
