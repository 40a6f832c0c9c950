import { JinjaError } from "../python/values.ts";

/** A piece of a template. Between `open` and `close` stands an expression or statement. */
export interface Token {
  kind: "text" | "open" | "close" | "name" | "string" | "int" | "float" | "operator" | "end";
  /** Text, name or operator; `{{` or `{%` of what opens, `}}` or `%}` of what closes. */
  value: string;
  line: number;
}

/** A mistake in the syntax of a template. */
export class JinjaSyntaxError extends JinjaError {
  override name = "JinjaSyntaxError";
  constructor(message: string, readonly line: number) {
    super(message);
  }
}

const OPENING = /\{%[-+]?|\{\{[-+]?|\{#-?/g;
const RAW = /\s*raw\s*(-?)%\}/y;
const END_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
const CLOSING = { "{{": /(-?)\}\}/y, "{%": /([-+]?)%\}/y };

const SPACE = /\s+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][-+]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INT = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const STRING = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/sy;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+*/%~[\](){}<>=.:|,;]/y;

/**
 * Divides a template into tokens, as Jinja2 does with dbt's settings: lines that hold a block alone stay lines, one
 * line end at the end of the file is dropped.
 *
 * @throws {JinjaSyntaxError}
 */
export function tokenize(source: string): Token[] {
  return new Lexer(source.replaceAll(/\r\n?/g, "\n").replace(/\n$/, "")).tokens();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): Token[] {
    for (;;) {
      OPENING.lastIndex = this.#at;
      const opening = OPENING.exec(this.#source);
      this.#text(this.#source.slice(this.#at, opening?.index), opening?.[0].endsWith("-") ?? false);
      if (opening === null) break;
      this.#at = opening.index + opening[0].length;
      const bracket = opening[0].slice(0, 2);
      if (bracket === "{#") this.#comment();
      else if (bracket === "{%" && this.#match(RAW) !== null) this.#raw();
      else this.#code(bracket as "{{" | "{%");
    }
    this.#push("end", "");
    return this.#tokens;
  }

  #text(text: string, isStripped: boolean): void {
    const kept = isStripped ? text.trimEnd() : text;
    if (kept !== "") this.#push("text", kept);
  }

  #comment(): void {
    const end = this.#source.indexOf("#}", this.#at);
    if (end < 0) throw this.#error("a comment {# is not closed by #}");
    const isStripped = this.#source[end - 1] === "-";
    this.#at = end + 2;
    if (isStripped) this.#match(SPACE);
  }

  #raw(): void {
    const isStripped = this.#source.slice(0, this.#at).endsWith("-%}");
    if (isStripped) this.#match(SPACE);
    END_RAW.lastIndex = this.#at;
    const end = END_RAW.exec(this.#source);
    if (end === null) throw this.#error("{% raw %} is not closed by {% endraw %}");
    this.#text(this.#source.slice(this.#at, end.index), end[1] === "-");
    this.#at = end.index + end[0].length;
    if (end[2] === "-") this.#match(SPACE);
  }

  #code(bracket: "{{" | "{%"): void {
    this.#push("open", bracket);
    const started = this.#line;
    const brackets: string[] = [];
    for (;;) {
      this.#match(SPACE);
      if (this.#at >= this.#source.length) {
        throw new JinjaSyntaxError(`${bracket} is not closed by ${bracket === "{{" ? "}}" : "%}"}`, started);
      }
      // `}}` of a dictionary in a dictionary closes them, and not the expression.
      const closing = brackets.length === 0 ? this.#match(CLOSING[bracket]) : null;
      if (closing !== null) {
        this.#push("close", bracket === "{{" ? "}}" : "%}");
        if (closing[1] === "-") this.#match(SPACE);
        return;
      }
      this.#token(brackets);
    }
  }

  #token(brackets: string[]): void {
    const name = this.#match(NAME);
    if (name !== null) return this.#push("name", name[0]);
    const float = this.#match(FLOAT);
    if (float !== null) return this.#push("float", float[0].replaceAll("_", ""));
    const int = this.#match(INT);
    if (int !== null) return this.#push("int", int[0].replaceAll("_", ""));
    const string = this.#match(STRING);
    if (string !== null) {
      const text = string[1] ?? string[2] ?? "";
      if (/(?<!\\)(?:\\\\)*\\N\{/.test(text)) {
        throw this.#error("characters by name, as \\N{BULLET}, are not supported here: write the character");
      }
      return this.#push("string", unescaped(text));
    }
    const operator = this.#match(OPERATOR)?.[0];
    if (operator === undefined) throw this.#error(`unexpected ${JSON.stringify(this.#source[this.#at])}`);
    if ("([{".includes(operator)) brackets.push(operator);
    else if (")]}".includes(operator) && brackets.pop() === undefined) {
      throw this.#error(`unexpected ${operator}`);
    }
    this.#push("operator", operator);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #push(kind: Token["kind"], value: string): void {
    this.#tokens.push({ kind, value, line: this.#lineNow() });
  }

  /** The line of the last character that was read. */
  #lineNow(): number {
    for (; this.#counted < this.#at; this.#counted++) if (this.#source[this.#counted] === "\n") this.#line++;
    return this.#line;
  }

  #error(message: string): JinjaSyntaxError {
    return new JinjaSyntaxError(message, this.#lineNow());
  }
}

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(\n)|([abfnrtv\\'"]))/g;
const SINGLE: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Escapes as Python reads them; a backslash in front of anything else stays. */
function unescaped(text: string): string {
  return text.replaceAll(ESCAPE, (_, x, u, long, octal, lineEnd, single) => {
    if (lineEnd !== undefined) return "";
    if (single !== undefined) return SINGLE[single] ?? single;
    return String.fromCodePoint(octal === undefined ? parseInt(x ?? u ?? long, 16) : parseInt(octal, 8));
  });
}
