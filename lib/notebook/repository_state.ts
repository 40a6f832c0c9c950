/** The commit that a folder's files are at. */
export interface RepositoryState {
  commit?: string;
  /** Whether anything differs from the commit. */
  uncommitted?: boolean;
}

/** What git says of a folder; empty when it is in no repository or there is no git. */
export async function repositoryState(folder: string): Promise<RepositoryState> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", folder, "status", "--porcelain=v2", "--branch"],
      stdin: "null",
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    const commit = lines.find((line) => line.startsWith("# branch.oid "))?.split(" ")[2];
    if (!success || commit === undefined || commit === "(initial)") return {};
    return { commit, uncommitted: lines.some((line) => !line.startsWith("#")) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
