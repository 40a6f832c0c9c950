/** A server that opens files until there is no descriptor left (/starve) and closes them again (/feed). */
import { listen } from "../../server/listen.ts";

const files: Deno.FsFile[] = [];

const server = await listen((request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/starve") starve();
  if (pathname === "/feed") files.splice(0).forEach((file) => file.close());
  return new Response(String(files.length));
}, { host: "127.0.0.1", port: 0 });
console.log(server.url);

function starve(): void {
  try {
    for (;;) files.push(Deno.openSync("/dev/null"));
  } catch (error) {
    if (!/Too many open files/.test((error as Error).message)) throw error;
  }
}
