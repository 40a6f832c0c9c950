/** Building blocks of the generated pages. */
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..", "..");

/** What stands below the title of a generated page. */
export const NOTE = "Generated from the code by `deno task docs:reference`; change the code, not this page.";

/** A table; bars and line ends in cells are escaped. */
export function table(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text as code, or nothing for nothing. */
export const code = (text: string | undefined) => text === undefined || text === "" ? "" : `\`${text}\``;

/** Pages as `deno fmt` leaves them, so that the gate's format check passes. */
export async function formatted(pages: Map<string, string>): Promise<Map<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow-" });
  try {
    const files = [...pages].map(([name, text]) => ({
      name,
      path: join(folder, name.replaceAll("/", "_")),
      text,
    }));
    for (const { path, text } of files) await Deno.writeTextFile(path, text);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", "--config", join(ROOT, "deno.json"), ...files.map(({ path }) => path)],
    }).output();
    if (!success) throw new Error(`deno fmt failed: ${new TextDecoder().decode(stderr)}`);
    return new Map(
      await Promise.all(files.map(async ({ name, path }) => [name, await Deno.readTextFile(path)] as const)),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
