/** What lines of a CSV file are. Every line of the file is in exactly one of these. */
export type CsvLine =
  | CsvRecord
  | BrokenLine
  /** Nothing, or nothing but delimiters. */
  | { kind: "blank"; line: number };

export interface CsvRecord {
  kind: "record";
  /** Number of its first line, the first of the file being 1. */
  line: number;
  /** Lines that it spans: more than one where a quoted field holds line ends. */
  lines: number;
  fields: string[];
  /** The lines as they were. */
  text: string;
}

export interface BrokenLine {
  kind: "broken";
  line: number;
  reason: string;
  text: string;
}

/** Lines that one record may span. */
const MOST_LINES = 100;

/**
 * Makes records of CSV lines, all with the same number of fields. A quote that is not closed costs its own line only:
 *
 * - A quote opens a field at its beginning; elsewhere it is text (`6" PLATE`). Two quotes in a quoted field are one.
 * - A quoted field may go on over line ends only where none of the lines could be a whole line (has as many
 *   delimiters) and what comes out has the right number of fields. Otherwise the line with the quote is broken, and
 *   the next one is read on its own.
 */
export class CsvRecords {
  readonly #delimiter: string;
  readonly #fields: number;
  /** Lines that have been taken in but not decided, the first of them with an open quote. */
  #open: string[] = [];
  #line: number;

  /**
   * @param fields number of fields in a record
   * @param line number of the first line that will be added
   */
  constructor(delimiter: string, fields: number, line: number) {
    this.#delimiter = delimiter;
    this.#fields = fields;
    this.#line = line;
  }

  /** Takes lines of the file in their order; returns those that are decided. */
  add(lines: string[]): CsvLine[] {
    const decided: CsvLine[] = [];
    for (const line of lines) this.#take(line, decided);
    return decided;
  }

  /** What is left at the end of the file. */
  end(): CsvLine[] {
    const decided: CsvLine[] = [];
    while (this.#open.length > 0) this.#giveUp(UNCLOSED, decided);
    return decided;
  }

  #take(text: string, decided: CsvLine[]): void {
    if (this.#open.length > 0) return this.#continue(text, decided);
    // Files that were joined have the byte order mark of each.
    const fields = splitFields(text.startsWith("\uFEFF") ? text.slice(1) : text, this.#delimiter);
    if (fields === "open quote") {
      this.#open = [text];
      if (this.#couldBeWhole(text)) this.#giveUp(UNCLOSED, decided);
    } else if (fields === "text after quote") {
      this.#decide(decided, { kind: "broken", line: this.#line, reason: TEXT_AFTER_QUOTE, text });
    } else if (fields.every((field) => field.trim() === "")) {
      this.#decide(decided, { kind: "blank", line: this.#line });
    } else {
      this.#decide(decided, this.#record(fields, text, 1));
    }
  }

  #continue(text: string, decided: CsvLine[]): void {
    this.#open.push(text);
    if (this.#couldBeWhole(text) || this.#open.length > MOST_LINES) return this.#giveUp(UNCLOSED, decided);
    const whole = this.#open.join("\n");
    const fields = splitFields(whole, this.#delimiter);
    if (fields === "open quote") return;
    if (fields === "text after quote" || fields.length !== this.#fields) {
      return this.#giveUp(UNCLOSED, decided);
    }
    const lines = this.#open.length;
    this.#open = [];
    this.#decide(decided, this.#record(fields, whole, lines));
  }

  /** The first open line is broken; those after it are read again, each on its own. */
  #giveUp(reason: string, decided: CsvLine[]): void {
    const [text = "", ...rest] = this.#open;
    this.#open = [];
    this.#decide(decided, { kind: "broken", line: this.#line, reason, text });
    for (const line of rest) this.#take(line, decided);
  }

  #record(fields: string[], text: string, lines: number): CsvRecord | BrokenLine {
    const line = this.#line;
    if (fields.length !== this.#fields) {
      const found = fields.length === 1 ? "1 field" : `${fields.length} fields`;
      const reason = `Line has ${found} instead of ${this.#fields}`;
      return { kind: "broken", line, reason, text };
    }
    // PostgreSQL's text cannot hold it.
    if (text.includes("\0")) return { kind: "broken", line, reason: "Line holds a NUL character", text };
    return { kind: "record", line, lines, fields, text };
  }

  #decide(decided: CsvLine[], line: CsvLine): void {
    decided.push(line);
    this.#line += line.kind === "record" ? line.lines : 1;
  }

  #couldBeWhole(text: string): boolean {
    let fields = 1;
    for (let at = text.indexOf(this.#delimiter); at !== -1; at = text.indexOf(this.#delimiter, at + 1)) {
      fields++;
    }
    return fields >= this.#fields;
  }
}

const UNCLOSED = "A quote is not closed";
const TEXT_AFTER_QUOTE = "Text follows a closing quote";

/** Fields of a line, or what is wrong with its quotes. */
export function splitFields(text: string, delimiter: string): string[] | "open quote" | "text after quote" {
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  let at = 0;
  while (true) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      fields.push(end === -1 ? text.slice(at) : text.slice(at, end));
      if (end === -1) return fields;
      at = end + 1;
      continue;
    }
    let value = "";
    let from = at + 1;
    let quote = text.indexOf('"', from);
    while (quote !== -1 && text[quote + 1] === '"') {
      value += text.slice(from, quote + 1);
      from = quote + 2;
      quote = text.indexOf('"', from);
    }
    if (quote === -1) return "open quote";
    fields.push(value + text.slice(from, quote));
    at = quote + 1;
    if (at === text.length) return fields;
    if (text[at] !== delimiter) return "text after quote";
    at++;
  }
}
