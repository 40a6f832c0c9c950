import type { ArithmeticOperator, Comparison } from "../python/operators.ts";
import { JinjaSyntaxError, type Token } from "./lexer.ts";
import type { CallArguments, Expression } from "./syntax.ts";

const COMPARISONS = new Set(["==", "!=", "<", "<=", ">", ">="]);
const WORDS: Record<string, boolean | null> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Parses the expressions of a template; the order of precedence is that of Jinja2, which is not quite Python's. */
export class ExpressionParser {
  #at = 0;
  /** Names that were read so far. */
  protected names = new Set<string>();

  constructor(protected readonly tokens: Token[]) {}

  protected get current(): Token {
    return this.tokens[this.#at]!;
  }

  protected next(): Token {
    const token = this.current;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  protected is(kind: Token["kind"], value?: string, ahead = 0): boolean {
    const token = this.tokens[this.#at + ahead];
    return token?.kind === kind && (value === undefined || token.value === value);
  }

  protected skip(kind: Token["kind"], value: string): boolean {
    if (!this.is(kind, value)) return false;
    this.#at++;
    return true;
  }

  protected expect(kind: Token["kind"], value?: string): Token {
    if (this.is(kind, value)) return this.next();
    throw this.error(`expected ${value ?? `a ${kind}`}, found ${described(this.current)}`);
  }

  protected error(message: string, line: number = this.current.line): JinjaSyntaxError {
    return new JinjaSyntaxError(message, line);
  }

  /** One expression, or several with commas as a tuple. */
  protected tuple({ withChoice = true, end }: { withChoice?: boolean; end?: string } = {}): Expression {
    const { line } = this.current;
    const items: Expression[] = [];
    let isTuple = false;
    while (!this.#endsTuple(end)) {
      items.push(withChoice ? this.expression() : this.#or());
      if (!this.skip("operator", ",")) break;
      isTuple = true;
    }
    if (isTuple) return { type: "tuple", items, line };
    if (items[0] !== undefined) return items[0];
    throw this.error(`expected an expression, found ${described(this.current)}`);
  }

  #endsTuple(end: string | undefined): boolean {
    return this.is("close") || this.is("operator", ")") || (end !== undefined && this.is("name", end));
  }

  expression(): Expression {
    let found = this.#or();
    while (this.is("name", "if")) {
      const { line } = this.next();
      const test = this.#or();
      const otherwise = this.skip("name", "else") ? this.expression() : undefined;
      found = { type: "choice", test, then: found, otherwise, line };
    }
    return found;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.is("name", "or")) left = { type: "or", line: this.next().line, left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.is("name", "and")) left = { type: "and", line: this.next().line, left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (this.is("name", "not")) return { type: "not", line: this.next().line, of: this.#not() };
    return this.#comparison();
  }

  #comparison(): Expression {
    const { line } = this.current;
    const first = this.#sum();
    const rest: [Comparison, Expression][] = [];
    for (;;) {
      if (this.current.kind === "operator" && COMPARISONS.has(this.current.value)) {
        rest.push([this.next().value as Comparison, this.#sum()]);
      } else if (this.skip("name", "in")) rest.push(["in", this.#sum()]);
      else if (this.is("name", "not") && this.is("name", "in", 1)) {
        this.#at += 2;
        rest.push(["not in", this.#sum()]);
      } else return rest.length === 0 ? first : { type: "compare", first, rest, line };
    }
  }

  #binary(operators: string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.current.kind === "operator" && operators.includes(this.current.value)) {
      const { value, line } = this.next();
      left = { type: "arithmetic", operator: value as ArithmeticOperator, left, right: operand(), line };
    }
    return left;
  }

  #sum = (): Expression => this.#binary(["+", "-"], this.#concat);

  #concat = (): Expression => {
    const { line } = this.current;
    const parts = [this.#product()];
    while (this.skip("operator", "~")) parts.push(this.#product());
    return parts.length === 1 ? parts[0]! : { type: "concat", parts, line };
  };

  #product = (): Expression => this.#binary(["*", "/", "//", "%"], this.#power);
  #power = (): Expression => this.#binary(["**"], () => this.#unary());

  #unary(withFilter = true): Expression {
    const { line } = this.current;
    let found: Expression;
    if (this.skip("operator", "-")) found = { type: "signed", operator: "-", of: this.#unary(false), line };
    else if (this.skip("operator", "+")) {
      found = { type: "signed", operator: "+", of: this.#unary(false), line };
    } else found = this.primary();
    found = this.#postfix(found);
    return withFilter ? this.#filtersAndTests(found) : found;
  }

  protected primary(): Expression {
    const { kind, value, line } = this.current;
    switch (kind) {
      case "name":
        this.next();
        this.names.add(value);
        return Object.hasOwn(WORDS, value)
          ? { type: "constant", value: WORDS[value]!, line }
          : { type: "name", name: value, line };
      case "string": {
        let text = "";
        while (this.is("string")) text += this.next().value;
        return { type: "constant", value: text, line };
      }
      case "int":
        this.next();
        return { type: "constant", value: BigInt(value), line };
      case "float":
        this.next();
        return { type: "constant", value: Number(value), line };
    }
    if (this.skip("operator", "(")) return this.#parenthesized(line);
    if (this.skip("operator", "[")) {
      return { type: "list", items: this.#several("]", () => this.expression()), line };
    }
    if (this.skip("operator", "{")) {
      const entry = (): [Expression, Expression] => {
        const key = this.expression();
        this.expect("operator", ":");
        return [key, this.expression()];
      };
      return { type: "dict", entries: this.#several("}", entry), line };
    }
    throw this.error(`unexpected ${described(this.current)}`);
  }

  #parenthesized(line: number): Expression {
    if (this.skip("operator", ")")) return { type: "tuple", items: [], line };
    const inside = this.tuple();
    this.expect("operator", ")");
    return inside;
  }

  /** What stands between commas up to a bracket; a last comma may be there. */
  #several<T>(closing: string, one: () => T): T[] {
    const found: T[] = [];
    while (!this.is("operator", closing)) {
      if (found.length > 0) this.expect("operator", ",");
      if (this.is("operator", closing)) break;
      found.push(one());
    }
    this.expect("operator", closing);
    return found;
  }

  #postfix(of: Expression): Expression {
    for (;;) {
      const { line } = this.current;
      if (this.skip("operator", ".")) {
        if (this.is("int")) {
          of = {
            type: "item",
            of,
            index: { type: "constant", value: BigInt(this.next().value), line },
            line,
          };
        } else of = { type: "attribute", of, name: this.expect("name").value, line };
      } else if (this.skip("operator", "[")) of = this.#subscript(of, line);
      else if (this.is("operator", "(")) of = { type: "call", of, args: this.callArguments(), line };
      else return of;
    }
  }

  #subscript(of: Expression, line: number): Expression {
    const bounds: (Expression | undefined)[] = [undefined];
    while (!this.is("operator", "]")) {
      if (this.skip("operator", ":")) bounds.push(undefined);
      else bounds[bounds.length - 1] = this.expression();
      if (bounds.length > 3) throw this.error("a slice has at most three parts");
      if (this.is("operator", ",")) throw this.error("an index of several parts is not supported here");
    }
    this.next();
    if (bounds.length > 1) return { type: "slice", of, bounds, line };
    if (bounds[0] === undefined) throw this.error("expected an index");
    return { type: "item", of, index: bounds[0], line };
  }

  protected callArguments(): CallArguments {
    const { line } = this.expect("operator", "(");
    const args: CallArguments = { positional: [], named: [] };
    this.#several(")", () => {
      if (this.skip("operator", "*")) args.spread = this.expression();
      else if (this.skip("operator", "**")) args.spreadNamed = this.expression();
      else if (this.is("name") && this.is("operator", "=", 1)) {
        const { value } = this.next();
        this.next();
        args.named.push([value, this.expression()]);
      } else if (args.named.length > 0 || args.spread || args.spreadNamed) {
        throw this.error("an argument without name stands behind one with a name", line);
      } else args.positional.push(this.expression());
    });
    return args;
  }

  #filtersAndTests(of: Expression): Expression {
    for (;;) {
      if (this.is("operator", "|")) of = this.filters(of)!;
      else if (this.is("name", "is")) of = this.#test(of);
      else if (this.is("operator", "(")) {
        of = { type: "call", of, line: this.current.line, args: this.callArguments() };
      } else return of;
    }
  }

  /** Filters in a row; undefined when none follows what was given, which may be the body of a block. */
  protected filters(of: Expression | undefined): Expression | undefined {
    while (this.skip("operator", "|")) of = this.filter(of);
    return of;
  }

  protected filter(of: Expression | undefined): Expression {
    const { line } = this.current;
    const name = this.#dottedName();
    const args = this.is("operator", "(") ? this.callArguments() : { positional: [], named: [] };
    return { type: "filter", of, name, args, line };
  }

  #dottedName(): string {
    let name = this.expect("name").value;
    while (this.skip("operator", ".")) name += `.${this.expect("name").value}`;
    return name;
  }

  #test(of: Expression): Expression {
    const { line } = this.next();
    const isNegated = this.skip("name", "not");
    const name = this.#dottedName();
    let args: CallArguments = { positional: [], named: [] };
    if (this.is("operator", "(")) args = this.callArguments();
    else if (this.#startsArgument()) {
      if (this.is("name", "is")) throw this.error("two tests with `is` in a row");
      args = { positional: [this.#postfix(this.primary())], named: [] };
    }
    const test: Expression = { type: "test", of, name, args, line };
    return isNegated ? { type: "not", of: test, line } : test;
  }

  #startsArgument(): boolean {
    const { kind, value } = this.current;
    // Jinja2 takes `if` for an argument here too, and then fails; nobody means that.
    if (kind === "name") return !["else", "or", "and", "if"].includes(value);
    return kind === "string" || kind === "int" || kind === "float" || this.is("operator", "[") ||
      this.is("operator", "{");
  }
}

/** A token for an error message. */
export const described = ({ kind, value }: Token): string =>
  kind === "end" ? "the end of the file" : kind === "text" ? "text" : JSON.stringify(value);
