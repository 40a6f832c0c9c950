import { parse, type ParserPlugin } from "@babel/parser";
import type { File } from "@babel/types";

const PLUGINS: ParserPlugin[] = ["typescript", "decorators"];

/** A cell's syntax tree, or where and why it has none. */
export function parseCell(source: string): { file: File; jsx: boolean } | { message: string; line: number } {
  const attempt = (plugins: ParserPlugin[]) =>
    parse(source, {
      sourceType: "module",
      allowAwaitOutsideFunction: true,
      // Another cell may declare it.
      allowUndeclaredExports: true,
      plugins,
    }) as File;
  try {
    return { file: attempt(PLUGINS), jsx: false };
  } catch (error) {
    try {
      return { file: attempt([...PLUGINS, "jsx"]), jsx: true };
    } catch {
      // What is no TypeScript with JSX either is told as what it is without.
      const { message, loc } = error as Error & { loc?: { line: number } };
      return { message: message.replace(/ \(\d+:\d+\)$/, ""), line: loc?.line ?? 1 };
    }
  }
}
