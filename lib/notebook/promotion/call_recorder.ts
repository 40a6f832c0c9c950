import ts from "typescript";
import { parseCode } from "./parse_code.ts";
import type { PromotionCell } from "./promotion_cell.ts";

/** A call of a function that can be written down: arguments and result are JSON. */
export interface CallExample {
  arguments: unknown[];
  result: unknown;
  /** Whether the result came as a promise. */
  isPromise: boolean;
}

/** What a notebook did with a function. */
export interface RecordedCalls {
  called: boolean;
  examples: CallExample[];
}

/** Calls that are looked at, and the longest text of one that is kept. */
const LOOKED_AT = 20, LONGEST = 1000;
/** Examples kept of one function. */
const EXAMPLES = 2;

/**
 * The source of a promoted cell whose functions write down their calls.
 *
 * @param file where to; see {@linkcode readCalls}
 */
export function recordingSource({ cell, code, declarations }: PromotionCell, file: string): string {
  const recorder = `shopflow_recorder_${cell.id.replaceAll(/\W/g, "_")}`;
  const wrapped = parseCode(code);
  const edits: { at: number; text: string }[] = [];
  const reassigned: string[] = [];
  for (const statement of wrapped.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name) reassigned.push(statement.name.text);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!initializer || !(ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))) {
        continue;
      }
      edits.push({ at: initializer.getStart(), text: `${recorder}(${JSON.stringify(name.getText())}, ` });
      edits.push({ at: initializer.getEnd(), text: ")" });
    }
  }
  if (declarations.length === 0) return cell.source;
  const body = edits.toReversed().reduce(
    (text, { at, text: more }) => text.slice(0, at) + more + text.slice(at),
    code,
  );
  return [
    recorderCode(recorder, file),
    body,
    ...reassigned.map((name) => `${name} = ${recorder}(${JSON.stringify(name)}, ${name});`),
    "undefined;",
  ].join("\n");
}

/** The calls that were written down, by function. */
export async function readCalls(file: string): Promise<Map<string, RecordedCalls>> {
  const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  const calls = new Map<string, RecordedCalls>();
  for (const line of lines) {
    const { name, example } = JSON.parse(line) as { name: string; example?: CallExample };
    const known = calls.get(name) ?? { called: true, examples: [] };
    const isNew = example &&
      known.examples.every((other) => JSON.stringify(other) !== JSON.stringify(example));
    if (isNew && known.examples.length < EXAMPLES) known.examples.push(example);
    calls.set(name, known);
  }
  return calls;
}

/** Arguments are noted before the call, which may change them. What JSON cannot hold is no example, but a call. */
function recorderCode(recorder: string, file: string): string {
  return `const ${recorder} = await (async () => {
  const { isDeepStrictEqual } = await import("node:util");
  const note = (line) => Deno.writeTextFileSync(${
    JSON.stringify(file)
  }, JSON.stringify(line) + "\\n", { append: true });
  const plain = (value) => {
    let text;
    try {
      text = JSON.stringify(value);
    } catch {
      return undefined; // circular, or with a BigInt
    }
    return text !== undefined && text.length <= ${LONGEST} && isDeepStrictEqual(JSON.parse(text), value) ? { text } : undefined;
  };
  return (name, original) => {
    let calls = 0;
    return new Proxy(original, {
      apply(target, self, list) {
        if (++calls > ${LOOKED_AT}) return Reflect.apply(target, self, list);
        if (calls === 1) note({ name });
        const given = plain(list);
        const outcome = Reflect.apply(target, self, list);
        const isPromise = outcome instanceof Promise;
        const keep = (result) => {
          const got = given && plain(result);
          if (got) note({ name, example: { arguments: JSON.parse(given.text), result: JSON.parse(got.text), isPromise } });
        };
        if (isPromise) outcome.then(keep, () => {});
        else keep(outcome);
        return outcome;
      },
    });
  };
})();`;
}
