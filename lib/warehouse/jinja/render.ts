/** Renders parsed templates, as Jinja2 does with dbt's settings. */
import { attributeOf } from "./python/attributes.ts";
import { applyFilter } from "./filters.ts";
import { loopOf, ReturnedValue } from "./globals.ts";
import { calculate, holds, isSequence, signed, sliced } from "./python/operators.ts";
import { passes } from "./tests.ts";
import { type Names, Scope, takeTurn } from "./scope.ts";
import type { CallArguments, Expression, MacroBody, Statement } from "./template/syntax.ts";
import {
  type Arguments,
  Callable,
  Dict,
  isTrue,
  itemsOf,
  JinjaError,
  notUsable,
  printed,
  type PyValue,
  Thing,
  Tuple,
  typeName,
  Undefined,
} from "./python/values.ts";

/** A mistake of a template, where it stands; the innermost place first. */
export class RenderError extends JinjaError {
  override name = "RenderError";
  constructor(message: string, readonly places: { file: string; line: number }[], cause: unknown) {
    super(message, { cause });
  }
}

/**
 * Renders statements.
 *
 * @param names What the template finds beside the names that it defines.
 * @throws {RenderError} with the file and line of the mistake; what a function of `names` throws otherwise passes through.
 */
export function renderTemplate(statements: Statement[], file: string, names: Names): string {
  return new Renderer(file, names).render(statements, new Scope(names));
}

/** The value of a template that is one expression, e.g. a list; the text of any other. */
export function evaluateTemplate(statements: Statement[], file: string, names: Names): PyValue {
  const [first, ...rest] = statements;
  if (first?.type !== "print" || rest.length > 0) return renderTemplate(statements, file, names);
  return new Renderer(file, names).evaluate(first.value, new Scope(names));
}

/**
 * A macro of a file of macros: it sees the names of the file that is rendered, and no variables of its caller.
 *
 * @param names What the file that is rendered finds.
 */
export function createMacro(name: string, macro: MacroBody, file: string, names: Names): Callable {
  return new Callable(name, (args) => {
    try {
      return new Renderer(file, names).macro(name, macro, new Scope(names), args);
    } catch (error) {
      if (error instanceof ReturnedValue) return error.value;
      throw error;
    }
  });
}

const sizeOf = (value: PyValue) =>
  Array.isArray(value) ? value.length : value instanceof Dict ? value.size : undefined;

type Ending = "break" | "continue" | undefined;

/** What V8 refuses: calls that go too deep, i.e. a macro that calls itself for ever, or a text beyond its bounds. */
const tooLarge = ({ message }: RangeError) =>
  message.includes("call stack") ? "macros call each other without end" : `a value is too large (${message})`;

class Renderer {
  /** Where it is, for errors. */
  #line = 1;
  #output: string[] = [];

  constructor(readonly file: string, readonly names: Names) {}

  render(statements: Statement[], scope: Scope): string {
    const outer = this.#output;
    this.#output = [];
    try {
      this.#run(statements, scope);
      return this.#output.join("");
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#output = outer;
    }
  }

  evaluate(expression: Expression, scope: Scope): PyValue {
    try {
      return this.#value(expression, scope);
    } catch (error) {
      throw this.#located(error);
    }
  }

  macro(name: string, { names, defaults, body, mentions }: MacroBody, outer: Scope, args: Arguments): string {
    takeTurn(this.names);
    const scope = new Scope(outer);
    const more = args.positional.slice(names.length);
    if (more.length > 0 && !mentions.has("varargs")) {
      throw new JinjaError(`the macro ${name} takes not more than ${names.length} arguments`);
    }
    const others = new Dict();
    for (const [key, value] of args.named) {
      const place = names.indexOf(key);
      if (place >= 0 && place < args.positional.length) throw new JinjaError(`${name} is given ${key} twice`);
      if (place >= 0) continue;
      if (key === "caller" && mentions.has("caller")) scope.set("caller", value);
      else if (key !== "caller" && mentions.has("kwargs")) others.set(key, value);
      else {throw new JinjaError(
          `the macro ${name} takes no argument ${key}: it has ${names.join(", ") || "none"}`,
        );}
    }
    if (mentions.has("varargs")) scope.set("varargs", new Tuple(more));
    if (mentions.has("kwargs")) scope.set("kwargs", others);
    for (const [i, parameter] of names.entries()) {
      const given = args.positional[i] ?? args.named.get(parameter);
      const isGiven = i < args.positional.length || args.named.has(parameter);
      const standard = defaults.get(parameter);
      scope.set(
        parameter,
        isGiven
          ? given ?? null
          : standard === undefined
          ? new Undefined(`the argument ${parameter} of ${name} was not given`)
          : this.#value(standard, scope),
      );
    }
    return this.render(body, scope);
  }

  #located(error: unknown): unknown {
    if (error instanceof RangeError) error = new JinjaError(tooLarge(error));
    if (!(error instanceof JinjaError)) return error;
    const places = error instanceof RenderError ? error.places : [];
    // A block of its own in the same file knows the line already.
    if (places.at(-1)?.file === this.file) return error;
    return new RenderError(error.message, [...places, { file: this.file, line: this.#line }], error);
  }

  #run(statements: Statement[], scope: Scope): Ending {
    for (const statement of statements) {
      this.#line = statement.line;
      const ending = this.#statement(statement, scope);
      if (ending !== undefined) return ending;
    }
  }

  #statement(statement: Statement, scope: Scope): Ending {
    switch (statement.type) {
      case "text":
        this.#output.push(statement.text);
        return;
      case "print":
        this.#output.push(printed(this.#value(statement.value, scope)));
        return;
      case "do":
        this.#value(statement.value, scope);
        return;
      case "set":
        scope.assign(statement.target, this.#value(statement.value, scope));
        return;
      case "setBlock": {
        const text = this.render(statement.body, new Scope(scope));
        scope.assign(statement.target, this.#filtered(statement.filter, text, scope));
        return;
      }
      case "if":
        for (const { test, body } of statement.branches) {
          if (isTrue(this.#value(test, scope))) return this.#run(body, scope);
        }
        return this.#run(statement.otherwise, scope);
      case "for":
        return this.#for(statement, this.#value(statement.items, scope), scope, 1);
      case "break":
      case "continue":
        return statement.type;
      case "with": {
        const inner = new Scope(scope);
        for (const [target, value] of statement.values) inner.assign(target, this.#value(value, scope));
        return this.#run(statement.body, inner);
      }
      case "filterBlock":
        this.#output.push(
          printed(this.#filtered(statement.filter, this.render(statement.body, new Scope(scope)), scope)),
        );
        return;
      case "callBlock":
        this.#output.push(printed(this.#callBlock(statement, scope)));
        return;
      case "docs":
        return;
      case "macro":
        throw new JinjaError(
          `the ${statement.kind} ${statement.name} is defined where dbt does not find it: move it into a file of the ` +
            "folder macros",
        );
    }
  }

  #for(
    loop: Extract<Statement, { type: "for" }>,
    from: PyValue,
    scope: Scope,
    level: number,
  ): Ending {
    const { target, condition, body, otherwise } = loop;
    const inner = (item: PyValue) => {
      const own = new Scope(scope);
      own.assign(target, item);
      return own;
    };
    // A list is gone through as it is by then, as in Python: its end may move while the body appends or removes.
    const isLive = Array.isArray(from) && condition === undefined;
    const items = isLive
      ? from
      : [...itemsOf(from)].filter((item) =>
        condition === undefined || isTrue(this.#value(condition, inner(item)))
      );
    const sizeBefore = sizeOf(from);
    const again = loop.isRecursive ? this.#again(loop, scope, level) : undefined;
    const state = loopOf(items, level, again);
    // Jinja2 takes the other way unless a turn came to its end: one that ends with `continue` or `break` does not count.
    let hasTurned = false;
    for (let i = 0; i < items.length; i++) {
      takeTurn(this.names);
      const own = inner(items[i]!);
      own.set("loop", state(i));
      const ending = this.#run(body, own);
      if (ending === "break") break;
      if (ending === undefined) hasTurned = true;
      if (!isLive && sizeOf(from) !== sizeBefore) {
        throw new JinjaError(`a ${typeName(from)} changes its size while a loop goes through it`);
      }
    }
    if (!hasTurned) return this.#run(otherwise, new Scope(scope));
  }

  /** `loop(items)` of a recursive loop. */
  #again(loop: Extract<Statement, { type: "for" }>, scope: Scope, level: number): Callable["call"] {
    return ({ positional: [items] }) => {
      if (items === undefined) throw new JinjaError("loop() takes what to go through");
      const outer = this.#output;
      this.#output = [];
      try {
        this.#for(loop, items, scope, level + 1);
        return this.#output.join("");
      } finally {
        this.#output = outer;
      }
    };
  }

  #callBlock({ call, caller }: Extract<Statement, { type: "callBlock" }>, scope: Scope): PyValue {
    if (call.type !== "call") throw new JinjaError("{% call %} takes the call of a macro");
    const args = this.#arguments(call.args, scope);
    args.named.set("caller", new Callable("caller", (given) => this.macro("caller", caller, scope, given)));
    return this.#called(this.#value(call.of, scope), args);
  }

  #filtered(filter: Expression | undefined, input: string, scope: Scope): PyValue {
    if (filter?.type !== "filter") return input;
    return applyFilter(
      filter.name,
      this.#filtered(filter.of, input, scope),
      this.#arguments(filter.args, scope),
    );
  }

  #value(expression: Expression, scope: Scope): PyValue {
    const value = this.#evaluated(expression, scope);
    // A later part on the same line may have moved it.
    this.#line = expression.line;
    return value;
  }

  #evaluated(expression: Expression, scope: Scope): PyValue {
    this.#line = expression.line;
    switch (expression.type) {
      case "constant":
        return expression.value;
      case "name":
        return this.#found(expression.name, scope);
      case "list":
        return expression.items.map((item) => this.#value(item, scope));
      case "tuple":
        return new Tuple(expression.items.map((item) => this.#value(item, scope)));
      case "dict":
        return new Dict(
          expression.entries.map(([key, value]) => [this.#value(key, scope), this.#value(value, scope)]),
        );
      case "arithmetic":
        return calculate(
          expression.operator,
          this.#value(expression.left, scope),
          this.#value(expression.right, scope),
        );
      case "signed":
        return signed(expression.operator, this.#value(expression.of, scope));
      case "concat":
        return expression.parts.map((part) => printed(this.#value(part, scope))).join("");
      case "compare":
        return this.#compared(expression, scope);
      case "and": {
        const left = this.#value(expression.left, scope);
        return isTrue(left) ? this.#value(expression.right, scope) : left;
      }
      case "or": {
        const left = this.#value(expression.left, scope);
        return isTrue(left) ? left : this.#value(expression.right, scope);
      }
      case "not":
        return !isTrue(this.#value(expression.of, scope));
      case "choice":
        if (isTrue(this.#value(expression.test, scope))) return this.#value(expression.then, scope);
        return expression.otherwise === undefined
          ? new Undefined("an inline `if` without `else` has no value", true)
          : this.#value(expression.otherwise, scope);
      case "attribute":
        return attributeOf(this.#value(expression.of, scope), expression.name);
      case "item":
        return attributeOf(this.#value(expression.of, scope), this.#value(expression.index, scope), {
          itemsFirst: true,
        });
      case "slice":
        return this.#sliced(expression, scope);
      case "call":
        return this.#called(this.#value(expression.of, scope), this.#arguments(expression.args, scope));
      case "filter":
        return applyFilter(
          expression.name,
          this.#value(expression.of!, scope),
          this.#arguments(expression.args, scope),
        );
      case "test":
        return this.#tested(expression, scope);
    }
  }

  #found(name: string, scope: Scope): PyValue {
    const value = scope.find(name);
    return value === undefined ? new Undefined(`${name} is undefined`) : value;
  }

  #compared({ first, rest }: Extract<Expression, { type: "compare" }>, scope: Scope): boolean {
    let left = this.#value(first, scope);
    for (const [operator, operand] of rest) {
      const right = this.#value(operand, scope);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  #sliced({ of, bounds }: Extract<Expression, { type: "slice" }>, scope: Scope): PyValue {
    const value = this.#value(of, scope);
    if (!isSequence(value)) throw notUsable(value, `a ${typeName(value)} cannot be sliced`);
    return sliced(value, bounds.map((bound) => bound && this.#value(bound, scope)));
  }

  #tested({ of, name, args }: Extract<Expression, { type: "test" }>, scope: Scope): boolean {
    return passes(name, this.#value(of, scope), this.#arguments(args, scope));
  }

  #arguments({ positional, named, spread, spreadNamed }: CallArguments, scope: Scope): Arguments {
    const values = positional.map((argument) => this.#value(argument, scope));
    if (spread !== undefined) values.push(...itemsOf(this.#value(spread, scope)));
    const byName = new Map(named.map(([name, value]) => [name, this.#value(value, scope)]));
    if (spreadNamed === undefined) return { positional: values, named: byName };
    const entries = this.#value(spreadNamed, scope);
    if (!(entries instanceof Dict)) throw notUsable(entries, "** takes a dictionary");
    for (const [name, value] of entries.entries()) byName.set(printed(name), value);
    return { positional: values, named: byName };
  }

  #called(value: PyValue, args: Arguments): PyValue {
    const line = this.#line;
    const call = value instanceof Callable || value instanceof Thing ? value.call : undefined;
    if (call === undefined) throw notUsable(value, `a ${typeName(value)} cannot be called`);
    const result = call(args);
    this.#line = line;
    return result;
  }
}
