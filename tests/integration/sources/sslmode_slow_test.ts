/** `sslmode` means what it means to psql: the two are asked to connect to the same servers. */
import assert from "node:assert/strict";
import { connectPostgres } from "../../../lib/sources/postgres/client.ts";
import { startPostgresCluster } from "../../fixtures/postgres_cluster.ts";
import { TEST_POSTGRES_PROGRAMS, testWith } from "../../requirements.ts";

const MODES = ["", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
const ASK = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/** `encrypted`, `plain` or `refused`. */
async function ofPsql(url: string, home: string): Promise<string> {
  const { success, stdout } = await new Deno.Command(`${TEST_POSTGRES_PROGRAMS}/psql`, {
    args: [url, "-XAtc", ASK],
    env: { HOME: home },
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() === "t" ? "encrypted" : "plain" : "refused";
}

async function ofShopFlow(url: string): Promise<string> {
  try {
    await using connection = await connectPostgres(url);
    const { rows } = await connection.client.query<{ ssl: boolean }>(ASK);
    return rows[0]?.ssl === true ? "encrypted" : "plain";
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return "refused";
  }
}

const SERVERS = {
  "without TLS": {},
  "with TLS": { tls: true },
  "that takes encrypted connections only": { tls: true, hba: ["hostnossl all all all reject"] },
  "that takes connections without encryption only": { tls: true, hba: ["hostssl all all all reject"] },
};

testWith(["postgres_programs"], "each sslmode ends at each kind of server as psql's does", async () => {
  const home = await Deno.makeTempDir();
  const seen = new Map<string, Set<string>>();
  try {
    for (const [kind, options] of Object.entries(SERVERS)) {
      await using server = await startPostgresCluster(options);
      const root = server.rootCertificate === undefined ? [] : [`&sslrootcert=${server.rootCertificate}`];
      for (
        const [host, more] of [
          ["127.0.0.1", ""],
          ...root.flatMap((cert) => [["127.0.0.1", cert], ["localhost", cert]]),
        ]
      ) {
        for (const mode of MODES) {
          const url = `${server.url.replace("127.0.0.1", host!)}?${mode && `sslmode=${mode}`}${more}`.replace(
            "?&",
            "?",
          );
          const expected = await ofPsql(url, home);
          assert.equal(await ofShopFlow(url), expected, `a server ${kind}: ${url}`);
          seen.set(mode, (seen.get(mode) ?? new Set()).add(expected));
        }
      }
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
  // psql met what the modes are about.
  assert.deepEqual(Object.fromEntries([...seen].map(([mode, ends]) => [mode, [...ends].sort().join(", ")])), {
    "": "encrypted, plain",
    disable: "plain, refused",
    allow: "encrypted, plain",
    prefer: "encrypted, plain",
    require: "encrypted, refused",
    "verify-ca": "encrypted, refused",
    "verify-full": "encrypted, refused",
  });
});
