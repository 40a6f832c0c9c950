/** Python's `'%s' % x` and `'{}'.format(x)`, as far as SQL is made with them. */
import {
  type Arguments,
  Dict,
  fixedText,
  floatText,
  JinjaError,
  printed,
  type PyValue,
  toNumber,
  Tuple,
  typeName,
  written,
} from "./values.ts";

const PERCENT = /%(?:\(([^)]*)\))?([-+ 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])|%/g;

/** @throws {JinjaError} when values are missing, left over or of another type than the text says. */
export function percentFormat(text: string, values: PyValue): string {
  const given = values instanceof Tuple ? [...values.items] : [values];
  const named = values instanceof Dict ? values : undefined;
  const result = text.replaceAll(PERCENT, (_, name, flags: string, width, precision, kind?: string) => {
    if (kind === "%") return "%";
    if (kind === undefined) throw new JinjaError("a % without a format behind it is written %%");
    const value = name === undefined ? given.shift() : named?.get(name);
    if (value === undefined) {
      throw new JinjaError(`no value for ${name === undefined ? `%${kind}` : `%(${name})s`}`);
    }
    const left = flags.includes("-");
    const spec = {
      align: left ? "<" : undefined,
      fill: flags.includes("0") && !left ? "0" : " ",
      sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "",
      width: Number(width ?? 0),
      precision: precision === undefined ? undefined : Number(precision),
    } as const;
    return padded(converted(value, kind === "i" || kind === "u" ? "d" : kind, spec), {
      ...spec,
      align: spec.align ?? (spec.fill === "0" && toNumber(value) !== undefined ? "=" : ">"),
    });
  });
  if (named === undefined && given.length > 0) {
    throw new JinjaError("more values than the text has places for");
  }
  return result;
}

interface Spec {
  sign: string;
  precision: number | undefined;
}

function converted(value: PyValue, kind: string, { sign, precision }: Spec): string {
  if (kind === "s" || kind === "r") {
    const text = kind === "s" ? printed(value) : written(value);
    return precision === undefined ? text : [...text].slice(0, precision).join("");
  }
  const number = toNumber(value);
  if (number === undefined) throw new JinjaError(`%${kind} takes a number, not a ${typeName(value)}`);
  const signed = (text: string) => text.startsWith("-") ? text : sign + text;
  switch (kind) {
    case "d":
      return signed(String(typeof number === "bigint" ? number : BigInt(Math.trunc(number))));
    case "f":
    case "F":
      return signed(fixedText(Number(number), precision ?? 6));
    case "e":
      return signed(Number(number).toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2"));
    case "x":
      return signed(number.toString(16));
    case "X":
      return signed(number.toString(16).toUpperCase());
  }
  throw new JinjaError(`the format %${kind} is not supported here`);
}

function padded(
  text: string,
  { align, fill, width }: { align: string; fill: string; width: number },
): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (align === "<") return text + fill.repeat(missing);
  if (align === "^") return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
  const sign = align === "=" ? /^[-+ ]?/.exec(text)![0] : "";
  return sign + fill.repeat(missing) + text.slice(sign.length);
}

const FIELD = /\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}|[{}]/g;
const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(0)?(\d+)?(,)?(?:\.(\d+))?([a-zA-Z%])?$/u;

/** @throws {JinjaError} for a field without value or a format that is not known here. */
export function braceFormat(text: string, { positional, named }: Arguments): string {
  let next = 0;
  return text.replaceAll(FIELD, (whole, field: string | undefined, conversion, spec = "") => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    if (field === undefined) throw new JinjaError("a single { or } in the text of format()");
    const value = field === ""
      ? positional[next++]
      : /^\d+$/.test(field)
      ? positional[Number(field)]
      : named.get(field);
    if (value === undefined) throw new JinjaError(`format() has no value for {${field}}`);
    return formatted(conversion === "r" ? written(value) : value, spec);
  });
}

/** Whether Python has this kind of format for values of this type. */
function fits(value: PyValue, text: string, kind: string | undefined): boolean {
  if (typeof value === "string") return kind === undefined || kind === "s";
  if (typeof value === "bigint") return kind !== "s";
  if (typeof value === "number") return kind === undefined || !"sdxX".includes(kind);
  return text === "";
}

function formatted(value: PyValue, text: string): string {
  if (typeof value === "boolean" && text !== "") value = value ? 1n : 0n;
  const spec = SPEC.exec(text);
  if (spec === null) throw new JinjaError(`the format ${text} is not supported here`);
  const [, fill, align, sign = "", zero, width, comma, precision, kind] = spec;
  const number = typeof value === "boolean" ? undefined : toNumber(value);
  if (!fits(value, text, kind) || (comma !== undefined && number === undefined)) {
    throw new JinjaError(`a ${typeName(value)} cannot have the format ${text}`);
  }
  const digits = precision === undefined ? undefined : Number(precision);
  let body: string;
  if (kind === "%") body = `${fixedText(Number(number) * 100, digits ?? 6)}%`;
  else if (kind !== undefined) body = converted(value, kind, { sign, precision: digits });
  else if (number === undefined) body = converted(value, "s", { sign, precision: digits });
  else if (digits !== undefined) throw new JinjaError(`write the format ${text} with f, e.g. .2f`);
  else {body = typeof number === "number"
      ? floatText(number)
      : converted(value, "d", { sign, precision: undefined });}
  if (comma !== undefined) body = body.replace(/\d+/, (whole) => whole.replaceAll(/\B(?=(\d{3})+$)/g, ","));
  return padded(body, {
    fill: fill ?? zero ?? " ",
    align: align ?? (number === undefined ? "<" : zero === undefined ? ">" : "="),
    width: Number(width ?? 0),
  });
}
