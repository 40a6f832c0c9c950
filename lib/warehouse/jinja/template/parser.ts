import { tokenize } from "./lexer.ts";
import { described, ExpressionParser } from "./expression_parser.ts";
import type { Expression, MacroBody, Signature, Statement, Target } from "./syntax.ts";

/** Statements of Jinja2 and dbt that this runner refuses, and what to do instead. */
const REFUSED: Record<string, string> = {
  materialization: "use one of the materializations view, table, incremental and ephemeral",
  snapshot:
    "dbt snapshots are not built here: the lake keeps the versions of every raw row, see models/history",
  import: "dbt has no import: a macro in the folder macros is known everywhere by its name",
  from: "dbt has no import: a macro in the folder macros is known everywhere by its name",
  include: "dbt has no include: write a macro",
  extends: "dbt has no extends: write a macro",
  block: "write a macro, or a ref() to another model",
  autoescape: "SQL is not escaped: leave it out",
};

const RESERVED = new Set(["true", "false", "none", "True", "False", "None"]);

/**
 * Parses a template.
 *
 * @throws {JinjaSyntaxError} with the line of the mistake.
 */
export function parseTemplate(source: string): Statement[] {
  return new TemplateParser(tokenize(source)).template();
}

class TemplateParser extends ExpressionParser {
  /** How many loops the statement at hand stands in. */
  #loops = 0;

  template(): Statement[] {
    const body = this.#statements([]);
    if (!this.is("end")) throw this.error(`unexpected ${described(this.current)}`);
    return body;
  }

  /** Statements up to one of these, which is left with its name as the next token. */
  #statements(ends: string[], opened?: { name: string; line: number }): Statement[] {
    const body: Statement[] = [];
    while (!this.is("end")) {
      const { kind, value, line } = this.next();
      if (kind === "text") body.push({ type: "text", text: value, line });
      else if (value === "{{") {
        body.push({ type: "print", value: this.tuple(), line });
        this.expect("close", "}}");
      } else {
        if (ends.some((end) => this.is("name", end))) return body;
        body.push(this.#statement(line));
        this.expect("close", "%}");
      }
    }
    if (opened === undefined) return body;
    throw this.error(`{% ${opened.name} %} is not closed by {% ${ends.at(-1)} %}`, opened.line);
  }

  /** The body of a block, up to the end of its last statement. */
  #body(name: string, line: number, end = `end${name}`): Statement[] {
    this.expect("close", "%}");
    const body = this.#statements([end], { name, line });
    this.next();
    return body;
  }

  #statement(line: number): Statement {
    const name = this.expect("name").value;
    switch (name) {
      case "set":
        return this.#set(line);
      case "do":
        return { type: "do", value: this.tuple(), line };
      case "if":
        return this.#if(line);
      case "for":
        return this.#for(line);
      case "break":
      case "continue":
        if (this.#loops === 0) throw this.error(`{% ${name} %} stands in no loop`, line);
        return { type: name, line };
      case "with":
        return this.#with(line);
      case "filter": {
        const filter = this.filters(this.filter(undefined))!;
        return { type: "filterBlock", filter, body: this.#body(name, line), line };
      }
      case "call":
        return this.#callBlock(line);
      case "macro":
      case "test":
        return this.#macro(name, line);
      case "docs":
        return { type: "docs", name: this.expect("name").value, body: this.#body(name, line), line };
    }
    if (Object.hasOwn(REFUSED, name)) {
      throw this.error(`{% ${name} %} is not supported here: ${REFUSED[name]}`, line);
    }
    throw this.error(`unknown statement {% ${name} %}`, line);
  }

  #set(line: number): Statement {
    const target = this.#targets({ withNamespace: true });
    if (this.skip("operator", "=")) return { type: "set", target, value: this.tuple(), line };
    const filter = this.filters(undefined);
    return { type: "setBlock", target, filter, body: this.#body("set", line), line };
  }

  #targets({ withNamespace = false, end }: { withNamespace?: boolean; end?: string } = {}): Target {
    const items: Target[] = [];
    do {
      if (items.length > 0 && (this.is("operator", "=") || (end !== undefined && this.is("name", end)))) {
        break;
      }
      items.push(this.#target(withNamespace));
    } while (this.is("operator", ",") && this.next());
    return items.length === 1 && !this.#followsComma() ? items[0]! : { type: "targets", items };
  }

  #followsComma(): boolean {
    return this.is("operator", ",", -1);
  }

  #target(withNamespace: boolean): Target {
    if (this.skip("operator", "(")) {
      const inside = this.#targets();
      this.expect("operator", ")");
      return inside.type === "targets" ? inside : { type: "targets", items: [inside] };
    }
    const name = this.#freeName();
    if (withNamespace && this.skip("operator", ".")) {
      return { type: "namespace", name, attribute: this.expect("name").value };
    }
    return { type: "name", name };
  }

  #freeName(): string {
    const { value, line } = this.expect("name");
    if (RESERVED.has(value)) throw this.error(`${value} cannot be given a value`, line);
    return value;
  }

  #if(line: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    const opened = { name: "if", line };
    const branch = () => {
      const test = this.tuple({ withChoice: false });
      this.expect("close", "%}");
      branches.push({ test, body: this.#statements(["elif", "else", "endif"], opened) });
    };
    branch();
    while (this.skip("name", "elif")) branch();
    const otherwise = this.skip("name", "else") ? this.#body("if", line) : (this.expect("name", "endif"), []);
    return { type: "if", branches, otherwise, line };
  }

  #for(line: number): Statement {
    const target = this.#targets({ end: "in" });
    this.expect("name", "in");
    const items = this.tuple({ withChoice: false, end: "recursive" });
    const condition = this.skip("name", "if") ? this.expression() : undefined;
    const isRecursive = this.skip("name", "recursive");
    this.expect("close", "%}");
    this.#loops++;
    const body = this.#statements(["else", "endfor"], { name: "for", line });
    this.#loops--;
    const otherwise = this.skip("name", "else")
      ? this.#body("for", line)
      : (this.expect("name", "endfor"), []);
    return { type: "for", target, items, condition, isRecursive, body, otherwise, line };
  }

  #with(line: number): Statement {
    const values: [Target, Expression][] = [];
    while (!this.is("close")) {
      if (values.length > 0) this.expect("operator", ",");
      const target = this.#target(false);
      this.expect("operator", "=");
      values.push([target, this.expression()]);
    }
    return { type: "with", values, body: this.#body("with", line), line };
  }

  #callBlock(line: number): Statement {
    const signature = this.is("operator", "(") ? this.#signature() : { names: [], defaults: new Map() };
    const call = this.expression();
    if (call.type !== "call") throw this.error("expected a call of a macro behind {% call %}", line);
    return {
      type: "callBlock",
      call,
      caller: { ...signature, ...this.#macroBody("call", line) },
      line,
    };
  }

  #macro(kind: "macro" | "test", line: number): Statement {
    const name = this.#freeName();
    const signature = this.#signature();
    return { type: "macro", kind, name, macro: { ...signature, ...this.#macroBody(kind, line) }, line };
  }

  #macroBody(name: string, line: number): Pick<MacroBody, "body" | "mentions"> {
    const [loops, names] = [this.#loops, this.names];
    this.#loops = 0;
    this.names = new Set();
    const body = this.#body(name, line);
    const mentions = this.names;
    this.#loops = loops;
    this.names = names.union(mentions);
    return { body, mentions };
  }

  #signature(): Signature {
    const names: string[] = [];
    const defaults = new Map<string, Expression>();
    this.expect("operator", "(");
    while (!this.skip("operator", ")")) {
      if (names.length > 0) this.expect("operator", ",");
      if (this.skip("operator", ")")) break;
      const { line } = this.current;
      const name = this.#freeName();
      names.push(name);
      if (this.skip("operator", ":")) this.#parameterType();
      if (this.skip("operator", "=")) defaults.set(name, this.expression());
      else if (defaults.size > 0) {
        throw this.error(`the parameter ${name} without default stands behind one with a default`, line);
      }
    }
    return { names, defaults };
  }

  /** dbt lets parameters have types, e.g. `list[string]`, and does nothing with them. */
  #parameterType(): void {
    this.expect("name");
    if (!this.skip("operator", "[")) return;
    do this.#parameterType(); while (this.skip("operator", ","));
    this.expect("operator", "]");
  }
}
