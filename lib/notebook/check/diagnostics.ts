import type { CellPlace, CellProblem } from "./cells_module.ts";

/** A diagnostic of Deno's checker: code and message, the line with its mark, and where. */
const DIAGNOSTIC = /^(?<code>TS\d+) \[ERROR\]: (?<message>[\s\S]*?)\n {4}at (?<url>\S+):(?<line>\d+):\d+$/gm;
/** What is wrong with a module before its types are looked at, e.g. that it does not exist. */
const GRAPH_ERROR = /^error: (?<message>[\s\S]*?)\n {4}at (?<url>\S+):(?<line>\d+):\d+$/m;

/**
 * What `deno check` printed, as problems of the cells that the module `url` was made of; `elsewhere` is what lies
 * in other modules.
 */
export function readDiagnostics(
  text: string,
  url: string,
  places: (CellPlace | undefined)[],
  code: string,
): { problems: CellProblem[]; elsewhere: string } {
  const lines = code.split("\n");
  const problems: CellProblem[] = [];
  const graphError = text.match(GRAPH_ERROR);
  for (const match of [...text.matchAll(DIAGNOSTIC), ...graphError ? [graphError] : []]) {
    const { code: name = "ImportError", message, url: where, line } = match.groups as Record<string, string>;
    const place = where === url ? places[Number(line) - 1] : undefined;
    if (place === undefined) continue;
    const source = lines[Number(line) - 1]!;
    problems.push({ ...place, code: name, message: withoutCode(message!, source), source });
  }
  const elsewhere = text.split("\n").filter((line) => !/^(Check|Download|Warning) /.test(line)).join("\n")
    .trim();
  return { problems: inOrder(problems), elsewhere: elsewhere.slice(0, 2000) };
}

/** Deno prints the line and a row of marks below the message. */
function withoutCode(message: string, source: string): string {
  const at = message.indexOf(`\n${source}\n`);
  return (at < 0 ? message.split("\n")[0]! : message.slice(0, at)).trim();
}

const inOrder = (problems: CellProblem[]) => problems.toSorted((a, b) => a.cell - b.cell || a.line - b.line);
