import ts from "typescript";

/** What the compiler says of a name, type or namespace that nothing in scope declares. */
const NOT_FOUND = new Set([
  2304, // Cannot find name '{0}'.
  2503, // Cannot find namespace '{0}'.
  2552, // Cannot find name '{0}'. Did you mean '{1}'?
  2580, // Cannot find name '{0}'. Do you need to install type definitions for node?
  2581, // … for jQuery?
  2582, // … for a test runner?
  2583, // Cannot find name '{0}'. Do you need to change your target library?
  2584, // … to include 'dom'?
  2591, // … for node, with a hint at tsconfig
  2592,
  2593,
  2662, // Cannot find name '{0}'. Did you mean the static member '{1}'?
  2663, // … the instance member?
  2867, // … for Bun?
  2868,
  18004, // No value exists in scope for the shorthand property '{0}'.
]);

/**
 * The names that code uses and does not declare: globals, and those of other cells. The compiler finds them, by its
 * own rules of scope, with no library and no import to look into.
 */
export function freeNames(code: string): Set<string> {
  const name = "cell.ts";
  // An export makes it a module, where `await` may stand at the top.
  const file = ts.createSourceFile(name, `${code}\nexport {};`, ts.ScriptTarget.ESNext, true);
  const program = ts.createProgram([name], {
    noLib: true,
    noResolve: true,
    types: [],
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
  }, {
    getSourceFile: (wanted) => wanted === name ? file : undefined,
    fileExists: (wanted) => wanted === name,
    readFile: () => undefined,
    writeFile: () => {},
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  });
  const missing = program.getSemanticDiagnostics(file).filter(({ code }) => NOT_FOUND.has(code));
  return new Set(missing.map(({ start = 0, length = 0 }) => file.text.slice(start, start + length)));
}
