import { InputError } from "shopflow/errors/mod.ts";
import { type Business, parseBusiness } from "shopflow/kpis/mod.ts";

/**
 * Reads the business file. Where there is none, nothing is known of the business.
 *
 * @throws {InputError} when the file cannot be read, is not JSON, or has a field or value that it may not have.
 */
export async function readBusiness(path: string): Promise<Business> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return {};
    throw new InputError(`The business file ${path} cannot be read`, {
      expected: "a file that may be read, or none",
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  return parseBusiness(text, path);
}
