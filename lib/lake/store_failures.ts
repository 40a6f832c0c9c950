import { DiskFullError, diskFullError, isDiskFull, LakeError, ShopFlowError } from "shopflow/errors/mod.ts";

/** Undefined where there is no such file, or a folder in its place. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { NotFound, NotADirectory, IsADirectory } = Deno.errors;
    if ([NotFound, NotADirectory, IsADirectory].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** The error for a file that the lake should have. */
export function fileMissing(key: string, root: string): LakeError {
  return new LakeError("A file of the lake is missing", {
    expected: key,
    found: `nothing of that name in ${root}`,
    remedy: "Run `deno task pipeline run all --force` to build it again.",
  });
}

const MAKE_ROOM =
  "The disk or the quota is full. `deno task lake gc --keep N` deletes what the lake does not need; " +
  "where that is not enough, delete other files or move the lake to a larger disk.";

/** Turns what the file system says (no permission, disk full, …) into an error that names lake and key. */
export function lakeFailure(root: string) {
  return async <T>(action: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (isDiskFull(cause)) {
        const said = cause instanceof DiskFullError ? cause.cause : cause;
        throw await diskFullError(`${action} ${key} in the lake ${root}`, said, root, MAKE_ROOM);
      }
      if (cause instanceof ShopFlowError) throw cause;
      throw new LakeError(`Cannot ${action} ${JSON.stringify(key)} in the lake ${root}`, {
        found: cause instanceof Error ? cause.message : String(cause),
        remedy: remedyFor(cause),
        cause,
      });
    }
  };
}

function remedyFor(cause: unknown): string {
  if ((cause as { code?: string }).code === "EROFS") {
    return "The file system is mounted read-only. Mount it for writing, or set SHOPFLOW_LAKE to another folder.";
  }
  return "Check that SHOPFLOW_LAKE (or SHOPFLOW_HOME) is a folder this user may read and write.";
}
