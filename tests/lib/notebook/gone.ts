import process from "node:process";

/** Whether a process ends within half a minute; who is not its parent learns of its end a little later. */
export async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 1500; i++) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as { code?: string }).code === "ESRCH") return true;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
