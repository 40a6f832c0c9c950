/** Names and their values, as Jinja2 has them: a loop, a macro and a block of `set` have names of their own. */
import type { Target } from "./template/syntax.ts";
import { itemsOf, JinjaError, Namespace, type PyValue } from "./python/values.ts";

/** The names that a template finds without defining them. */
export interface Names {
  /**
   * The value of a name; undefined when there is none.
   *
   * @throws {JinjaError} for names of dbt that are refused.
   */
  find(name: string): PyValue | undefined;
}

export class Scope {
  readonly #own = new Map<string, PyValue>();
  constructor(readonly outer: Scope | Names) {}

  find(name: string): PyValue | undefined {
    return this.#own.has(name) ? this.#own.get(name) : this.outer.find(name);
  }

  set(name: string, value: PyValue): void {
    this.#own.set(name, value);
  }

  /** @throws {JinjaError} when a value has not as many items as there are names. */
  assign(target: Target, value: PyValue): void {
    if (target.type === "name") return this.set(target.name, value);
    if (target.type === "namespace") {
      const namespace = this.find(target.name);
      if (namespace instanceof Namespace) return void namespace.attributes.set(target.attribute, value);
      throw new JinjaError(
        `${target.name} is no namespace(), so that ${target.attribute} of it cannot be set`,
      );
    }
    const items = itemsOf(value);
    if (items.length !== target.items.length) {
      throw new JinjaError(`expected ${target.items.length} values, found ${items.length}`);
    }
    for (const [i, part] of target.items.entries()) this.assign(part, items[i]!);
  }
}

/** Turns of loops and calls of macros that one file may take: more of them never end, or give SQL that nobody means. */
const MOST_TURNS = 2_000_000;
const turnsTaken = new WeakMap<Names, number>();

/** @throws {JinjaError} when a file took too many turns. */
export function takeTurn(names: Names): void {
  const turns = (turnsTaken.get(names) ?? 0) + 1;
  turnsTaken.set(names, turns);
  if (turns > MOST_TURNS) {
    throw new JinjaError(`more than ${MOST_TURNS} turns of loops and calls of macros: it may never end`);
  }
}
