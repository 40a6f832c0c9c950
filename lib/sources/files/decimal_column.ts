import { ColumnVote } from "./column_vote.ts";

/** What stands before the fraction of a number; the other one may group thousands. */
export type DecimalMark = "point" | "comma";
export const DECIMAL_MARKS: readonly DecimalMark[] = ["point", "comma"];

const POINT = /^([+-]?)(\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?$/;
const COMMA = /^([+-]?)(\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?$/;

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
  decide(given?: DecimalMark): DecimalMark {
    return this.#vote.decide(given);
  }
}

/** A number as digits with an optional sign and point, e.g. `-1234.5`; undefined where the text is none of the format. */
export function readDecimal(text: string, mark: DecimalMark): string | undefined {
  const parts = (mark === "point" ? POINT : COMMA).exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction] = parts;
  return (sign === "-" ? "-" : "") + whole.replaceAll(/[.,]/g, "") +
    (fraction === undefined ? "" : `.${fraction}`);
}
