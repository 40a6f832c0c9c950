import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A mail as the server took it. */
export interface Received {
  from: string;
  to: string[];
  secure: boolean;
  user?: string | undefined;
  /** Headers and body. */
  source: string;
}

export interface MailServer {
  port: number;
  received: Received[];
  /** The certificate of its authority, PEM. */
  caFile: string;
}

/** A real mail server at `localhost` that speaks TLS and knows one user, `robot` with the password `p@ss`. */
export async function withMailServer(
  folder: string,
  options: SMTPServerOptions,
  body: (server: MailServer) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const caFile = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
      .concat("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", caFile),
  }).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
  const server = new SMTPServer({
    key: await Deno.readTextFile(key),
    cert: await Deno.readTextFile(caFile),
    authOptional: true,
    onAuth({ username, password }, _session, callback) {
      if (username === "robot" && password === "p@ss") callback(null, { user: username });
      else callback(new Error(`bad password ${password}`));
    },
    onData(stream, session, callback) {
      const parts: Uint8Array[] = [];
      stream.on("data", (part: Uint8Array) => void parts.push(part));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user as string | undefined,
          source: new TextDecoder().decode(new Uint8Array(parts.flatMap((part) => [...part]))),
        });
        callback();
      });
    },
    ...options,
  });
  // Clients that refuse the certificate are what some tests are about.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "localhost", () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  try {
    await body({ port, received, caFile });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
