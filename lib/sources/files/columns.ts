import { formatCount } from "shopflow/runtime/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";

/** What programs write where they have no value; those of pandas, R, MySQL, PostgreSQL's psql and spreadsheets. */
const WORDS = new Set([
  "",
  "null",
  "(null)",
  "[null]",
  "<null>",
  "none",
  "nil",
  "nan",
  "-nan",
  "<na>",
  "na",
  "n/a",
  "#n/a",
  "#n/a n/a",
  "#na",
  "nat",
  "\\n",
  "undefined",
  "1.#ind",
  "-1.#ind",
  "1.#qnan",
  "-1.#qnan",
]);

const LONGEST = Math.max(...[...WORDS].map((word) => word.length));

/** Text without surrounding blanks, empty where it is a word for no value, in any case. */
export function givenText(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST && WORDS.has(trimmed.toLowerCase()) ? "" : trimmed;
}

/** Share of lines that may be wrong before a file is not taken: below it they are slips, above it a misunderstanding. */
export const SLIPS = 0.01;

interface ColumnQuestion<Reading extends string> {
  /** What is read, e.g. `dates in column InvoiceDate`. */
  what: string;
  /** The option that answers, e.g. `--dates`. */
  option: string;
  /** How the values can be read, in the words of the option. */
  readings: readonly Reading[];
}

interface Example {
  line: number;
  text: string;
}

/**
 * Decides for a whole column how its values are read, where one value alone could be read in several ways (`3/4/2011`,
 * `1,234`). A reading is possible when at most 1 % of the values do not fit it: one odd line must not decide over all
 * others.
 */
export class ColumnVote<Reading extends string> {
  readonly #question: ColumnQuestion<Reading>;
  readonly #misfits = new Map<Reading, { values: number; first?: Example }>();
  #values = 0;
  #ambiguous: { values: number; first?: Example } = { values: 0 };

  constructor(question: ColumnQuestion<Reading>) {
    this.#question = question;
    for (const reading of question.readings) this.#misfits.set(reading, { values: 0 });
  }

  get values(): number {
    return this.#values;
  }

  /** @param read what each reading makes of the value, undefined where it does not fit. */
  add(read: Record<Reading, string | undefined>, line: number, text: string): void {
    const { readings } = this.#question;
    const results = new Set<string | undefined>(readings.map((reading) => read[reading]));
    const fits = results.size - (results.has(undefined) ? 1 : 0);
    if (fits === 0) return;
    this.#values++;
    if (fits > 1) note(this.#ambiguous, { line, text });
    for (const [reading, misfits] of this.#misfits) {
      if (read[reading] === undefined) note(misfits, { line, text });
    }
  }

  /**
   * The reading of the column.
   *
   * @param given what a person said, which holds unless the values say otherwise
   * @param ofSeveral whether it was said of several files: then it is for those alone whose values leave it open
   * @throws {SourceError} when several readings are possible and nobody said which, when none is, or when the values
   *   contradict what was said.
   */
  decide(given?: Reading, ofSeveral = false): Reading {
    const { what, option, readings } = this.#question;
    const possible = readings.filter((reading) => this.#isPossible(reading));
    const isMeant = !ofSeveral || possible.some((reading) => reading === given);
    if (given !== undefined && isMeant) {
      if (!readings.includes(given) || (!possible.includes(given) && possible.length > 0)) {
        throw new SourceError(`The ${what} are not ${given}, as ${option} says`, {
          expected: `values that can be read ${given}`,
          found: readings.includes(given)
            ? this.#misfitText(given)
            : `values that are ${readings.join(" or ")}`,
          remedy: `Leave ${option} out, or give the right one.`,
        });
      }
      return given;
    }
    if (possible.length === 0) {
      throw new SourceError(`The ${what} are of several formats`, {
        expected: "one format for the whole column",
        found: readings.map((reading) => `${this.#misfitText(reading)}`).join("; "),
        remedy: `Make one file of each format, or say with ${option} ${
          readings.join("|")
        } which lines to keep.`,
      });
    }
    const best = possible.reduce((best, other) => this.#missed(other) < this.#missed(best) ? other : best);
    if (possible.length === 1 || this.#ambiguous.values === 0) return best;
    throw new SourceError(`The ${what} can be read in several ways`, {
      expected: `values that fit only one of ${possible.join(", ")}`,
      found: `${
        possible.map((reading) => `${formatCount(this.#values - this.#missed(reading))} ${reading}`).join(
          ", ",
        )
      } of ${formatCount(this.#values)} values, e.g. ${exampleText(this.#ambiguous.first)}`,
      remedy: `Say which with ${option} ${possible.join("|")}.`,
    });
  }

  #isPossible(reading: Reading): boolean {
    return this.#missed(reading) <= SLIPS * this.#values;
  }

  #missed(reading: Reading): number {
    return this.#misfits.get(reading)?.values ?? 0;
  }

  #misfitText(reading: Reading): string {
    const misfits = this.#misfits.get(reading);
    return `${formatCount(misfits?.values ?? 0)} of ${
      formatCount(this.#values)
    } values not ${reading}, e.g. ${exampleText(misfits?.first)}`;
  }
}

function note(counted: { values: number; first?: Example }, example: Example): void {
  counted.values++;
  counted.first ??= example;
}

const exampleText = (example: Example | undefined) =>
  example === undefined ? "none" : `line ${example.line}: ${JSON.stringify(example.text)}`;

/** What stands before the fraction of a number; the other one may group thousands. */
export type DecimalMark = "point" | "comma";
export const DECIMAL_MARKS: readonly DecimalMark[] = ["point", "comma"];

// Thousands are grouped by the other mark, or as spreadsheets of many countries have it by a blank or an apostrophe.
const POINT =
  /^([+-]?)(\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f'’]\d{3})+)(?:\.(\d+))?$/;
const COMMA =
  /^([+-]?)(\d+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f'’]\d{3})+)(?:,(\d+))?$/;

/** Gathers the numbers of columns that one program wrote, then decides which decimal mark they have. */
export class DecimalColumns {
  readonly #vote: ColumnVote<DecimalMark>;

  /** @param names of the columns, for messages */
  constructor(names: string) {
    this.#vote = new ColumnVote({
      what: `numbers in ${names}`,
      option: "--decimals",
      readings: DECIMAL_MARKS,
    });
  }

  add(text: string, line: number): void {
    this.#vote.add({ point: readDecimal(text, "point"), comma: readDecimal(text, "comma") }, line, text);
  }

  /** @throws {SourceError} see {@linkcode ColumnVote.decide} */
  decide(given?: DecimalMark, ofSeveral = false): DecimalMark {
    return this.#vote.decide(given, ofSeveral);
  }
}

/** A number as digits with an optional sign and point, e.g. `-1234.5`; undefined where the text is none of the format. */
export function readDecimal(text: string, mark: DecimalMark): string | undefined {
  const parts = (mark === "point" ? POINT : COMMA).exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction] = parts;
  return (sign === "-" ? "-" : "") + whole.replaceAll(/\D/g, "") +
    (fraction === undefined ? "" : `.${fraction}`);
}
