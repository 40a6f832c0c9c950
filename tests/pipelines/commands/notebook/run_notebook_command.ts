const root = new URL("../../../..", import.meta.url).pathname;

/** Runs `deno task notebook …` without the task's name for a shop in `home`; `env` is added to the environment. */
export async function runNotebookCommand(
  home: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "pipelines/commands/notebook.ts", ...args],
    cwd: root,
    env: { SHOPFLOW_HOME: home, ...env },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout).trim(), stderr: text.decode(stderr).trim() };
}
