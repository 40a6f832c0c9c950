/** Only errors meant for people may be logged by their message alone: a defect must keep its stack. */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import ts from "typescript";

const ROOT = join(import.meta.dirname!, "..", "..", "..");
const LOGGING = /^(?:debug|info|warn|error|log)$/;

Deno.test("an error of any kind is logged by errorText, not by its message", async () => {
  const found: string[] = [];
  for (const folder of ["lib", "server", "schedules", "pipelines"]) {
    for await (const path of productFiles(join(ROOT, folder))) {
      const text = await Deno.readTextFile(path);
      // Parsing is what takes time.
      if (text.includes(".message")) found.push(...messagesOfAnyError(relative(ROOT, path), text));
    }
  }
  assert.deepEqual(found, []);
});

Deno.test("the check finds messages of any error, and passes those of known kinds", () => {
  const lines = (body: string) => messagesOfAnyError("a.ts", body);
  const wrong = "a.ts:1: error.message is logged, of an error of any kind";
  assert.deepEqual(lines("try { f(); } catch (error) { log.warn(`no: ${error.message}`); }"), [wrong]);
  assert.deepEqual(lines("try { f(); } catch (error) { log.warn((error as Error).message); }"), [wrong]);
  assert.deepEqual(lines("f().catch((error) => runtime.log.warn(`no: ${error.message}`));"), [wrong]);
  assert.deepEqual(lines("const tell = (error: Error) => void log.warn(error.message);"), [wrong]);
  assert.deepEqual(lines("const tell = (error: LakeError) => void log.warn(error.message);"), []);
  assert.deepEqual(
    lines(
      "try { f(); } catch (error) { if (!(error instanceof LakeError)) throw error; log.warn(error.message); }",
    ),
    [],
  );
  assert.deepEqual(lines("try { f(); } catch (error) { log.warn(errorText(error)); }"), []);
});

function messagesOfAnyError(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    const name = errorOfAnyKind(node);
    if (name !== undefined && !isNarrowed(node, name)) {
      for (const place of loggedMessages(node, name)) {
        const line = source.getLineAndCharacterOfPosition(place.getStart()).line + 1;
        found.push(`${file}:${line}: ${name}.message is logged, of an error of any kind`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...new Set(found)];
}

/** The name that a `catch` or a function gives to an error that may be of any kind. */
function errorOfAnyKind(node: ts.Node): string | undefined {
  if (ts.isCatchClause(node)) return node.variableDeclaration?.name.getText();
  if (!ts.isFunctionLike(node)) return undefined;
  const parameter = node.parameters.find(({ name, type }) =>
    /^(?:error|cause|reason)$/.test(name.getText()) &&
    ["", "Error", "unknown"].includes(type?.getText() ?? "")
  );
  return parameter?.name.getText();
}

/** Whether it is looked at of which kind the error is; that it is an `Error` says nothing. */
const isNarrowed = (node: ts.Node, name: string) =>
  new RegExp(`\\b${name} instanceof (?!Error\\b)\\w+`).test(node.getText());

function loggedMessages(node: ts.Node, name: string): ts.Node[] {
  const places: ts.Node[] = [];
  const inLog = (inner: ts.Node) => {
    if (
      ts.isPropertyAccessExpression(inner) && inner.name.text === "message" &&
      new RegExp(`^\\(?${name}\\b(?: as Error\\))?$`).test(inner.expression.getText())
    ) places.push(inner);
    ts.forEachChild(inner, inLog);
  };
  const visit = (inner: ts.Node) => {
    if (
      ts.isCallExpression(inner) && ts.isPropertyAccessExpression(inner.expression) &&
      LOGGING.test(inner.expression.name.text)
    ) inner.arguments.forEach(inLog);
    ts.forEachChild(inner, visit);
  };
  visit(node);
  return places;
}

async function* productFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* productFiles(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}
