import { diskFullError, isDiskFull } from "shopflow/errors/mod.ts";

/**
 * Writes all bytes to a file, at its position.
 *
 * `FsFile.writable` must not be used instead: it keeps errors to itself, so that on a full disk a part of a file would
 * pass for the whole.
 *
 * @param path of the file, for messages.
 * @throws {DiskFullError} when there is no room for the bytes; whatever else the file system says is thrown as it is.
 */
export async function writeAll(file: Deno.FsFile, path: string, bytes: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  } catch (error) {
    throw isDiskFull(error) ? await diskFullError(`write ${path}`, error, path) : error;
  }
}
