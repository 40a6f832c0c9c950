import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ShopFlowError } from "./errors.ts";

/** A disk of this machine has no room left. */
export class DiskFullError extends ShopFlowError {}

/** Room and quota as Linux, macOS and Windows call them. */
const CODES = ["ENOSPC", "EDQUOT"];
/** The same in the messages of Deno and DuckDB, the last of which is of DuckDB's folder for what memory does not hold. */
const WORDS =
  /No space left on device|Disk quota exceeded|not enough space on the disk|max_temp_directory_size/i;
/** Codes of SQL: what PostgreSQL says of room is about its server's disk. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whether an error, or one that it was caused by, says that a disk of this machine has no room. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof DiskFullError) return true;
  // Its message may repeat what others said, of other disks.
  if (error instanceof ShopFlowError) return isDiskFull(error.cause);
  if (error instanceof AggregateError) return error.errors.some(isDiskFull);
  if (!(error instanceof Error)) return isErrnoFull(error);
  const { code = "" } = error as { code?: unknown };
  if (typeof code === "string" && CODES.includes(code)) return true;
  if (typeof code === "string" && SQLSTATE.test(code) && "severity" in error) return false;
  return WORDS.test(error.message) || isDiskFull(error.cause);
}

/** What the embedded PostgreSQL throws, which is no `Error`: numbers of WASI. */
function isErrnoFull(error: unknown): boolean {
  const { name, errno = -1 } = (error ?? {}) as { name?: string; errno?: number };
  return name === "ErrnoError" && [WASI_NOSPC, WASI_DQUOT].includes(errno);
}

const WASI_NOSPC = 51;
const WASI_DQUOT = 19;

const MAKE_ROOM =
  "Free up space there, or set SHOPFLOW_HOME (for the lake: SHOPFLOW_LAKE) to a folder on a disk with free space, " +
  "and run the command again.";

/**
 * The error for a disk without room: which folder, how much is free, what to do.
 *
 * @param doing What could not be done, e.g. `write the copy /shop/tmp/orders.csv`.
 * @param path What could not be written. Without one, the path in the error's own message is taken, if there is one.
 * @param remedy What to do where there is a better way than to make room.
 */
export async function diskFullError(
  doing: string,
  cause: unknown,
  path?: string,
  remedy = MAKE_ROOM,
): Promise<DiskFullError> {
  if (cause instanceof DiskFullError) return cause;
  const place = path ?? pathIn(cause);
  const room = place === undefined ? undefined : await roomAt(place);
  const said = cause instanceof Error ? cause.message.split("\n")[0] : undefined;
  return new DiskFullError(`No space left on the disk: cannot ${doing}`, {
    found: [room, said].filter((part) => part !== undefined).join("; "),
    remedy,
    cause,
  });
}

/** Whether less than a megabyte is free at a path: programs that don't say why they failed did so for that reason. */
export async function isOutOfRoom(path: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize < 1e6;
}

/** The first path that an error names, or one that it was caused by. */
function pathIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return /['"`](\/[^'"`]+|[A-Z]:\\[^'"`]+)['"`]/.exec(error.message)?.[1] ?? pathIn(error.cause);
}

/** `0.2 MB of 4.2 MB are free on the disk of /shop/tmp`, for the nearest folder that can be asked. */
async function roomAt(path: string): Promise<string | undefined> {
  for (let folder = resolve(path);; folder = dirname(folder)) {
    try {
      if (!(await Deno.stat(folder)).isDirectory) continue;
      const { bavail, blocks, bsize } = await statfs(folder);
      const megabytes = (count: number) =>
        `${(count * bsize / 1e6).toLocaleString("en-US", { maximumFractionDigits: 1 })} MB`;
      return `${megabytes(bavail)} of ${megabytes(blocks)} are free on the disk of ${folder}`;
    } catch {
      // Not there yet: its parent is on the same disk. That it cannot be asked must not hide that the disk is full.
      if (dirname(folder) === folder) return undefined;
    }
  }
}
