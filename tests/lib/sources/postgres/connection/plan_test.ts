import assert from "node:assert/strict";
import { join } from "node:path";
import { planConnection } from "../../../../../lib/sources/postgres/connection/plan.ts";

const URL = "postgres://reader:pass@db.example.com:5433/shop";

/** Plans with a home folder that holds these files. */
async function plan(url: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  const home = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(home, ".postgresql"));
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(home, name), text);
    const inHome = (text: string) => text.replaceAll("~", home);
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inHome(value)]));
    return await planConnection(inHome(url), variables, home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const ROOT = { ".postgresql/root.crt": "the root" };
/** What each way to connect checks. */
async function ways(url: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  const { attempts } = await plan(url, env, files);
  return attempts.map((tls) => {
    if (tls === false) return "plain";
    if (tls.rejectUnauthorized === false) return "encrypted";
    return tls.checkServerIdentity === undefined ? "name checked" : "authority checked";
  }).join(", then ");
}

Deno.test("each sslmode is the ways to connect that psql tries, in its order", async () => {
  const cases: [string, string, string][] = [
    ["", "encrypted, then plain", "authority checked, then plain"],
    ["?sslmode=disable", "plain", "plain"],
    ["?sslmode=allow", "plain, then encrypted", "plain, then authority checked"],
    ["?sslmode=prefer", "encrypted, then plain", "authority checked, then plain"],
    ["?sslmode=require", "encrypted", "authority checked"],
  ];
  for (const [query, without, withRoot] of cases) {
    assert.equal(await ways(URL + query), without, query);
    assert.equal(await ways(URL + query, {}, ROOT), withRoot, query);
  }
  assert.equal(await ways(`${URL}?sslmode=verify-ca`, {}, ROOT), "authority checked");
  assert.equal(await ways(`${URL}?sslmode=verify-full`, {}, ROOT), "name checked");
  assert.equal(await ways(`${URL}?sslrootcert=system`), "name checked");
  // TLS is for networks only.
  assert.equal(await ways("postgres://reader@%2Fvar%2Frun/shop?sslmode=require"), "plain");
  assert.equal(await ways("postgres://reader@/shop?host=/var/run&sslmode=require"), "plain");
  assert.equal(await ways("postgres:///shop", { PGHOST: "/var/run" }), "plain");
});

Deno.test("what the URL leaves open is the variables', then the files' in ~/.postgresql", async () => {
  assert.equal(await ways(URL, { PGSSLMODE: "disable" }), "plain");
  assert.equal(await ways(`${URL}?sslmode=require`, { PGSSLMODE: "disable" }), "encrypted");
  assert.equal(
    await ways(URL, { PGSSLMODE: "verify-full", PGSSLROOTCERT: "~/ca.pem" }, { "ca.pem": "x" }),
    "name checked",
  );
  const client = { ".postgresql/postgresql.crt": "the cert", ".postgresql/postgresql.key": "the key" };
  const [tls] = (await plan(`${URL}?sslmode=require`, {}, client)).attempts;
  assert.deepEqual(tls, { cert: "the cert", key: "the key", rejectUnauthorized: false });
  assert.equal((await plan(URL, { PGCONNECT_TIMEOUT: "30" })).connectMs, 30_000);
  assert.equal((await plan(`${URL}?connect_timeout=1`)).connectMs, 2000);
  assert.equal((await plan(`${URL}?connect_timeout=0`)).connectMs, undefined);
});

Deno.test("the driver gets a URL without what it reads in another way than psql", async () => {
  const { url, sslnegotiation } = await plan(
    `${URL}?sslmode=require&application_name=x&connect_timeout=5&sslnegotiation=direct`,
  );
  assert.deepEqual([url, sslnegotiation], [`${URL}?application_name=x`, "direct"]);
  assert.equal((await plan(URL)).url, URL);
});

Deno.test("a service says what the URL does not", async () => {
  const services = {
    ".pg_service.conf":
      "# shops\n[other]\nhost=other.example.com\n\n[shop]\nhost = db2.example.com\nport=6432\n" +
      "dbname=sh op\nuser=svc\npassword=s#cret\nsslmode=disable\n[third]\nport=1\n",
  };
  const of = async (url: string, env: Record<string, string> = {}) => {
    const { url: planned, attempts } = await plan(url, env, services);
    const parsed = new globalThis.URL(planned.replace("postgres:///", "postgres://x/"));
    return [parsed.pathname, Object.fromEntries(parsed.searchParams), attempts] as const;
  };
  const all = { host: "db2.example.com", port: "6432", user: "svc", password: "s#cret" };
  assert.deepEqual(await of("postgres://?service=shop"), ["/sh%20op", all, [false]]);
  assert.deepEqual(await of("postgres:///mine", { PGSERVICE: "shop" }), ["/mine", all, [false]]);
  assert.deepEqual(await of(`${URL}?service=shop&sslmode=disable`), ["/shop", {}, [false]]);
  await assert.rejects(plan(`${URL}?service=none`, {}, services), /\[none\] in .*found none of that name/);
  await assert.rejects(plan(`${URL}?service=none`), /found no such file/);
});

Deno.test("what libpq would not take is refused, with what it takes", async () => {
  const cases: [string, RegExp][] = [
    ["sslmode=no-verify", /Invalid sslmode.*expected one of disable, allow, prefer.*found no-verify/],
    [
      "sslmode=verify-full",
      /root certificate .* is not there.*sslmode=verify-full needs.*sslrootcert=system/,
    ],
    ["sslmode=verify-ca&sslrootcert=/gone.crt", /expected a file \/gone\.crt/],
    ["sslmode=require&sslrootcert=system", /expected verify-full, since sslrootcert is system/],
    ["sslmode=prefer&sslnegotiation=direct", /expected require, verify-ca or verify-full/],
    ["connect_timeout=soon", /connect_timeout.*whole number/],
  ];
  for (const [query, message] of cases) await assert.rejects(plan(`${URL}?${query}`), message);
});

Deno.test("several hosts are refused wherever they are named, since which one answers may change", async () => {
  const services = { ".pg_service.conf": "[shop]\nhost=db1,db2\n" };
  const message = /names several hosts.*expected one host.*found 2 hosts/;
  await assert.rejects(plan("postgres:///shop?host=db1,db2"), message);
  await assert.rejects(plan("postgres:///shop?host=db1%2Cdb2&port=5432"), message);
  await assert.rejects(plan("postgres:///shop", { PGHOST: "db1,db2" }), message);
  await assert.rejects(plan("postgres:///shop?service=shop", {}, services), message);
  assert.equal((await plan(URL, { PGHOST: "db1,db2" })).url, URL);
});
