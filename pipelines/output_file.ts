import { diskFullError, InputError, isDiskFull } from "shopflow/errors/mod.ts";

/**
 * Writes a file that a person asked for by its path. Nobody finds half of it, even when the disk fills up.
 *
 * @throws {InputError} when it cannot be written there.
 */
export async function writeOutputFile(path: string, body: string | Uint8Array): Promise<void> {
  const staged = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(staged, typeof body === "string" ? new TextEncoder().encode(body) : body);
    await Deno.rename(staged, path);
  } catch (error) {
    await Deno.remove(staged).catch(() => {});
    if (isDiskFull(error)) throw await diskFullError(`write ${path}`, error, path);
    throw new InputError(`${path} cannot be written`, {
      found: (error instanceof Error ? error.message : String(error)).replace(/: \w+ '.*$/, ""),
      remedy: "Choose another place, in a folder that exists.",
    });
  }
}
