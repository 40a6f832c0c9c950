import { SourceError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import { SLIPS } from "./columns.ts";

/** An amount as it is written, apart from its currency. */
interface WrittenAmount {
  /** The number, not read yet; all of the text where it is no amount. */
  number: string;
  /** Its sign or code, as it is written; undefined where there is none. */
  currency?: string;
}

/** £, US$, zł and the like, or three letters that may be a code of ISO 4217. */
const CURRENCY = String.raw`\p{Sc}|[A-Z]{1,2}\$|zł|kr|Kč|Ft|[A-Z]{3}`;
const AMOUNT = new RegExp(
  String.raw`^([+-]?)\s*(${CURRENCY})?\s*([+-]?)\s*(\d(?:.*\d)?)\s*(${CURRENCY})?$`,
  "u",
);
const CODES = new Set(Intl.supportedValuesOf("currency"));

/** Takes the currency off an amount: `£2.55`, `-£2.55`, `£ -2.55`, `1.234,56 €`, `GBP 2.55` and `2.55 GBP`. */
export function splitCurrency(text: string): WrittenAmount {
  const [, outer = "", before, inner = "", number = "", after] = AMOUNT.exec(text) ?? [];
  const currency = before ?? after;
  const isKnown = currency !== undefined && (!/^[A-Z]{3}$/.test(currency) || CODES.has(currency));
  const isOnce = (before === undefined || after === undefined) && (outer === "" || inner === "");
  return isKnown && isOnce ? { number: outer + inner + number, currency } : { number: text };
}

/** Gathers the currencies of a column of amounts, which must be one: amounts of several cannot be added up. */
export class CurrencyColumn {
  readonly #name: string;
  readonly #found = new Map<string, { values: number; firstLine: number }>();

  /** @param name of the column, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  add(currency: string | undefined, line: number): void {
    if (currency === undefined) return;
    const found = this.#found.get(currency) ?? { values: 0, firstLine: line };
    found.values++;
    this.#found.set(currency, found);
  }

  /**
   * The currency of the column, undefined where no amount names one.
   *
   * @throws {SourceError} when more than 1 % of the amounts that name one name another.
   */
  decide(): string | undefined {
    const found = [...this.#found].sort(([, a], [, b]) => b.values - a.values);
    const [most, ...others] = found;
    if (most === undefined) return undefined;
    const rest = others.reduce((sum, [, { values }]) => sum + values, 0);
    if (rest <= SLIPS * (most[1].values + rest)) return most[0];
    throw new SourceError(`The amounts in column ${this.#name} are in several currencies`, {
      expected: "one currency for the whole column",
      found: found.map(([currency, { values, firstLine }]) =>
        `${formatCount(values)} in ${currency}, first in line ${formatCount(firstLine)}`
      ).join("; "),
      remedy: "Convert them to one currency: amounts of several cannot be added up.",
    });
  }
}
