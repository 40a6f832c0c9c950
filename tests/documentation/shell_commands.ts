/** The `deno task` commands that documents show. */
import { join, relative } from "node:path";

export const ROOT = join(import.meta.dirname!, "..", "..");

/** A command as a document shows it. */
export interface ShownCommand {
  /** File and line, for messages. */
  place: string;
  task: string;
  args: string[];
  /** Whether it stands in a block of shell commands, so that people copy it. */
  isInBlock: boolean;
}

/** Every Markdown file of ours, by its path from the top of the repository. */
export async function documents(): Promise<{ path: string; text: string }[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd: ROOT,
  }).output();
  const found: { path: string; text: string }[] = [];
  for (const path of new TextDecoder().decode(stdout).trim().split("\n")) {
    const text = await Deno.readTextFile(join(ROOT, path)).catch(() => undefined);
    if (text !== undefined) found.push({ path: relative(ROOT, join(ROOT, path)), text });
  }
  return found;
}

/** A fenced block of a document. */
export interface Block {
  language: string;
  /** The HTML comment right above it, without its marks; empty where there is none. */
  note: string;
  text: string;
  /** Line of its first line of text, from 1. */
  line: number;
}

/** The fenced blocks of a document, in order, indented ones of lists too. */
export function blocksOf(text: string): Block[] {
  const found: Block[] = [];
  let note = "";
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const comment = line.match(/^<!-- (.*) -->$/)?.[1];
    const fence = line.match(/^( *)```(\w*)$/);
    if (fence === null) {
      if (comment !== undefined) note = comment;
      else if (line.trim() !== "") note = "";
      continue;
    }
    const [, indent = "", language = ""] = fence;
    const end = lines.findIndex((other, index) => index > at && other === `${indent}\`\`\``);
    if (end < 0) throw new Error(`A block that begins in line ${at + 1} has no end`);
    const body = lines.slice(at + 1, end).map((inner) => inner.slice(indent.length));
    found.push({ language, note, text: body.join("\n"), line: at + 2 });
    note = "";
    at = end;
  }
  return found;
}

/** The `deno task` commands of a document, in blocks and in running text. */
export function shownCommands(path: string, text: string): ShownCommand[] {
  const found: ShownCommand[] = [];
  for (const { language, text: block, line } of blocksOf(text)) {
    if (language !== "sh") continue;
    for (const { words, offset } of shellCommands(block)) {
      found.push(
        ...taskCommands(words).map((command) => ({
          ...command,
          place: `${path}:${line + offset}`,
          isInBlock: true,
        })),
      );
    }
  }
  const prose = text.replace(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replace(/[^\n]/g, ""));
  for (const match of prose.matchAll(/`(deno task [^`]+)`/g)) {
    const place = `${path}:${prose.slice(0, match.index).split("\n").length}`;
    // In running text, capital letters stand for values.
    const shown = (match[1] ?? "").replace(/\s+/g, " ").replace(/\bN\b/g, "5");
    found.push(
      ...shellCommands(shown).flatMap(({ words }) => taskCommands(words)).map((command) => ({
        ...command,
        place,
        isInBlock: false,
      })),
    );
  }
  return found;
}

/** The commands of a shell script as words: quotes, escapes, comments and line continuations are understood. */
export function shellCommands(script: string): { words: string[]; offset: number }[] {
  const commands: { words: string[]; offset: number }[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let line = 0;
  let begin = 0;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push({ words, offset: begin });
    words = [];
  };
  for (let at = 0; at < script.length; at++) {
    const char = script[at] ?? "";
    if (words.length === 0 && word === undefined) begin = line;
    if (char === "\\") {
      at++;
      if (script[at] === "\n") line++;
      else word = (word ?? "") + (script[at] ?? "");
    } else if (char === "'" || char === '"') {
      const end = script.indexOf(char, at + 1);
      if (end < 0) throw new Error(`An unclosed quote: ${script.slice(at, at + 40)}`);
      const quoted = script.slice(at + 1, end);
      line += quoted.split("\n").length - 1;
      word = (word ?? "") + quoted;
      at = end;
    } else if (char === "#" && word === undefined) {
      while (at + 1 < script.length && script[at + 1] !== "\n") at++;
    } else if (
      char === "\n" || char === ";" || char === "&" || char === "|" || char === "(" || char === ")"
    ) {
      endCommand();
      if (char === "\n") line++;
    } else if (char === ">") {
      // What follows is a file.
      endWord();
      while (/[> ]/.test(script[at + 1] ?? "")) at++;
      while (/[^\s;&|]/.test(script[at + 1] ?? "")) at++;
    } else if (/\s/.test(char)) endWord();
    else word = (word ?? "") + char;
  }
  endCommand();
  return commands;
}

/** The task and its arguments when words call one, also by npx or in a container. */
function taskCommands(words: string[]): Pick<ShownCommand, "task" | "args">[] {
  const at = words.findIndex((word, index) => /^deno(@\S+)?$/.test(word) && words[index + 1] === "task");
  if (at < 0) return [];
  const rest = words.slice(at + 2).filter((word, index) => index > 0 || word !== "--quiet");
  const [task, ...args] = rest;
  return task === undefined ? [] : [{ task, args }];
}
