import { ColumnVote } from "./columns.ts";

/** In which order a date names day, month and year. */
export type DateOrder = "day-first" | "month-first" | "year-first";
export const DATE_ORDERS: readonly DateOrder[] = ["day-first", "month-first", "year-first"];

/** How the dates of a column are written. */
export interface DateFormat {
  /** What stands between the parts and how long the year is; `year-first` for four digits at the beginning. */
  shape: string;
  order: DateOrder;
}

interface DateParts {
  shape: string;
  parts: [string, string, string];
}

const TIME = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?`;
const ZONE = String.raw`Z|[+-]\d{2}(?::?\d{2})?`;
const DATE = new RegExp(
  String.raw`^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:(?:T|,? +)(${TIME}) ?([AP]M)?(?: ?(?:${ZONE}))?)?$`,
  "i",
);

/**
 * Gathers the dates of a column, then decides how all of them are written: `2010-12-01`, `2010/12/01`, `1/12/2010`,
 * `12/1/2010`, `1.12.2010`, `1-12-2010`, also with years of two digits; with or without a time, which may have seconds,
 * AM or PM and a zone.
 */
export class DateColumn {
  readonly #name: string;
  readonly #shapes = new Map<string, ShapeVotes>();

  constructor(name: string) {
    this.#name = name;
  }

  add(text: string, line: number): void {
    const found = parse(text);
    if (found === undefined) return;
    let votes = this.#shapes.get(found.shape);
    if (votes === undefined) this.#shapes.set(found.shape, votes = this.#newVotes(found.shape));
    const read = Object.fromEntries(DATE_ORDERS.map((order) => [order, dayOf(found, order)]));
    votes.usual.add(read as Record<DateOrder, string | undefined>, line, text);
    votes.all?.add(read as Record<DateOrder, string | undefined>, line, text);
    votes.first.add(found.parts[0]);
    votes.last.add(found.parts[2]);
  }

  /**
   * The format of most values; those written in another one are not dates of this column. Undefined when there is no
   * date at all.
   *
   * @throws {SourceError} see {@linkcode ColumnVote.decide}
   */
  decide(given?: DateOrder, ofSeveral = false): DateFormat | undefined {
    const [most] = [...this.#shapes].sort(([, a], [, b]) => b.usual.values - a.usual.values);
    if (most === undefined || most[1].usual.values === 0) return undefined;
    const [shape, { usual, all, first, last }] = most;
    // Years are few and days are many: where the last part differs more than the first, the year may be the first.
    const mayBeginWithYear = given === "year-first" || (last.size > 2 && last.size > first.size);
    return { shape, order: (mayBeginWithYear && all || usual).decide(given, ofSeveral) };
  }

  #newVotes(shape: string): ShapeVotes {
    const vote = (readings: readonly DateOrder[]) =>
      new ColumnVote({ what: `dates in column ${this.#name}`, option: "--dates", readings });
    return {
      usual: vote(ordersOf(shape)),
      ...(/^[/.]2$/.test(shape) && { all: vote(DATE_ORDERS) }),
      first: new Set(),
      last: new Set(),
    };
  }
}

/** What the dates of one shape say. */
interface ShapeVotes {
  usual: ColumnVote<DateOrder>;
  /** With the year first as well, which 23/01/15 and 23.01.15 are in some countries only. */
  all?: ColumnVote<DateOrder>;
  /** Parts that were met, as written. */
  first: Set<string>;
  last: Set<string>;
}

/** The day that a text names, `YYYY-MM-DD` as it is written (in its own zone); undefined where it is none of the format. */
export function readDate(text: string, format: DateFormat): string | undefined {
  const found = parse(text);
  return found?.shape === format.shape ? dayOf(found, format.order) : undefined;
}

function parse(text: string): DateParts | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, first = "", separator = "", second = "", third = "", time, half] = match;
  if (time !== undefined && !isTime(time, half !== undefined)) return undefined;
  if (first.length > 2) {
    return first.length === 4 && third.length <= 2
      ? { shape: "year-first", parts: [first, second, third] }
      : undefined;
  }
  if (third.length !== 2 && third.length !== 4) return undefined;
  return { shape: `${separator}${third.length}`, parts: [first, second, third] };
}

function ordersOf(shape: string): readonly DateOrder[] {
  if (shape === "year-first") return ["year-first"];
  // Two digits at the end are the day where the year comes first, as in 10-12-31.
  return shape === "-2" ? DATE_ORDERS : ["day-first", "month-first"];
}

function dayOf({ shape, parts: [first, second, third] }: DateParts, order: DateOrder): string | undefined {
  const [year, month, day] = order === "year-first"
    ? [first, second, third]
    : order === "day-first"
    ? [third, second, first]
    : [third, first, second];
  const full = shape === "year-first" || year.length === 4 ? Number(year) : fullYear(year);
  if (full === undefined || !isRealDay(full, Number(month), Number(day))) return undefined;
  return `${String(full).padStart(4, "0")}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/** As POSIX has it: 69 to 99 are of the 20th century. */
function fullYear(year: string): number | undefined {
  return year.length === 2 ? Number(year) + (Number(year) < 69 ? 2000 : 1900) : undefined;
}

/** Whether the calendar has this day; 30 February is none. */
export function isRealDay(year: number, month: number, day: number): boolean {
  const days = month === 2 && isLeap(year) ? 29 : DAYS[month - 1] ?? 0;
  return year >= 1 && day >= 1 && day <= days;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function isTime(time: string, hasHalf: boolean): boolean {
  const [hour = 0, minute = 0, second = 0] = time.replace(",", ".").split(":").map(Number);
  const isHour = hasHalf ? hour >= 1 && hour <= 12 : hour < 24;
  return isHour && minute < 60 && second < 60;
}
