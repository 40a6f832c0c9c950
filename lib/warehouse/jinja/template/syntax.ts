/** The parts that a template is made of, once parsed. Every part knows its line. */
import type { ArithmeticOperator, Comparison } from "../python/operators.ts";
import type { PyValue } from "../python/values.ts";

export interface CallArguments {
  positional: Expression[];
  named: [string, Expression][];
  /** `*items` and `**entries`. */
  spread?: Expression;
  spreadNamed?: Expression;
}

type At<T> = T & { line: number };

export type Expression = At<
  | { type: "constant"; value: Exclude<PyValue, object> | null }
  | { type: "name"; name: string }
  | { type: "list" | "tuple"; items: Expression[] }
  | { type: "dict"; entries: [Expression, Expression][] }
  | { type: "arithmetic"; operator: ArithmeticOperator; left: Expression; right: Expression }
  | { type: "signed"; operator: "-" | "+"; of: Expression }
  | { type: "concat"; parts: Expression[] }
  | { type: "compare"; first: Expression; rest: [Comparison, Expression][] }
  | { type: "and" | "or"; left: Expression; right: Expression }
  | { type: "not"; of: Expression }
  | { type: "choice"; test: Expression; then: Expression; otherwise: Expression | undefined }
  | { type: "attribute"; of: Expression; name: string }
  | { type: "item"; of: Expression; index: Expression }
  | { type: "slice"; of: Expression; bounds: (Expression | undefined)[] }
  | { type: "call"; of: Expression; args: CallArguments }
  | { type: "filter"; of: Expression | undefined; name: string; args: CallArguments }
  | { type: "test"; of: Expression; name: string; args: CallArguments }
>;

/** What `set` and `for` give a value to. */
export type Target =
  | { type: "name"; name: string }
  | { type: "namespace"; name: string; attribute: string }
  | { type: "targets"; items: Target[] };

/** Parameters of a macro or of a call block. */
export interface Signature {
  names: string[];
  defaults: Map<string, Expression>;
}

export interface MacroBody extends Signature {
  body: Statement[];
  /** Names that its body reads: whether it takes `varargs`, `kwargs` and `caller` shows there. */
  mentions: Set<string>;
}

export type Statement = At<
  | { type: "text"; text: string }
  | { type: "print"; value: Expression }
  | { type: "do"; value: Expression }
  | { type: "set"; target: Target; value: Expression }
  | { type: "setBlock"; target: Target; filter: Expression | undefined; body: Statement[] }
  | { type: "if"; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
    type: "for";
    target: Target;
    items: Expression;
    condition: Expression | undefined;
    isRecursive: boolean;
    body: Statement[];
    otherwise: Statement[];
  }
  | { type: "break" | "continue" }
  | { type: "with"; values: [Target, Expression][]; body: Statement[] }
  | { type: "filterBlock"; filter: Expression; body: Statement[] }
  | { type: "callBlock"; call: Expression; caller: MacroBody }
  | { type: "macro"; kind: "macro" | "test"; name: string; macro: MacroBody }
  | { type: "docs"; name: string; body: Statement[] }
>;
