import { loadConfig } from "shopflow/config/mod.ts";
import { ConfigError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";

const channels = (value: string) => loadConfig({ SHOPFLOW_ALERT_CHANNELS: value }, "/shop").alertChannels;

Deno.test("alert channels are webhooks and mail servers, one an entry", () => {
  assert.deepEqual(
    channels(`operations=https://hooks.example.com/services/T0/B0/key
      business=smtps://robot:p%40ss@mail.example.com?from=shopflow@example.com&to=a@example.com,b@example.com
      inner=smtp://relay.example.com:25?tls=none&from=shopflow@example.com&to=ops@example.com
      strict=smtp://relay.example.com?from=shopflow@example.com&to=ops@example.com&ca=/etc/ca.pem`),
    [
      { kind: "webhook", name: "operations", url: "https://hooks.example.com/services/T0/B0/key" },
      {
        kind: "mail",
        name: "business",
        host: "mail.example.com",
        port: 465,
        tls: "implicit",
        from: "shopflow@example.com",
        to: ["a@example.com", "b@example.com"],
        credentials: { user: "robot", password: "p@ss" },
      },
      {
        kind: "mail",
        name: "inner",
        host: "relay.example.com",
        port: 25,
        tls: "none",
        from: "shopflow@example.com",
        to: ["ops@example.com"],
      },
      {
        kind: "mail",
        name: "strict",
        host: "relay.example.com",
        port: 587,
        tls: "starttls",
        from: "shopflow@example.com",
        to: ["ops@example.com"],
        caFile: "/etc/ca.pem",
      },
    ],
  );
});

const MISTAKES: [string, string, RegExp][] = [
  ["an entry without a name", "https://hooks.example.com/secret", /entry 1.*name=url/],
  ["a scheme that nothing is sent by", "ops=ftp://u:secret@host/x", /address in entry 1.*found ftp:/],
  ["a URL that is none", "ops=https://u:secret@host:port/x", /address in entry 1.*cannot be read/],
  [
    "a webhook without TLS",
    "ops=http://hooks.example.com/secret",
    /ops: sends alerts and the webhook's secret unencrypted/,
  ],
  ["a name twice", "a=https://h/secret a=https://i/secret", /channel a twice/],
  ["a mail without a sender", "m=smtps://u:secret@h?to=a@b.example", /m: sender.*found nothing/],
  [
    "a mail without a receiver",
    "m=smtps://u:secret@h?from=a@b.example&to=boss",
    /m: recipients.*found 1 that are not all addresses/,
  ],
  [
    "an option that is misspelt",
    "m=smtps://u:secret@h?form=a@b.example",
    /m: unknown option.*expected from, to, tls or ca/,
  ],
  ["TLS of a strange kind", "m=smtps://u:secret@h?from=a@b.c&to=a@b.c&tls=maybe", /m: tls/],
  [
    "a password without TLS",
    "m=smtp://u:secret@h?from=a@b.c&to=a@b.c&tls=none",
    /m: sends the password unencrypted/,
  ],
  [
    "a path behind a mail server",
    "m=smtps://u:secret@h/inbox?from=a@b.c&to=a@b.c",
    /m: path after the mail server/,
  ],
  [
    "a password with a space",
    "m=smtps://u:top secret=x@h?from=a@b.c&to=a@b.c",
    /entry 1|entry 2|sender/,
  ],
  ["a password with a #", "m=smtps://u:12#secret@h?from=a@b.c&to=a@b.c", /address in entry 1/],
  ["a password with a ?", "m=smtps://u:12?secret@h?from=a@b.c&to=a@b.c", /m: unknown option/],
  ["a password with a ? and a =", "m=smtps://u:12?to=secret@h?from=a@b.c", /m: sender/],
  ["a password in the place of a scheme", "m=secret:u@h", /entry 1.*found something else/],
  ["JSON in place of a list", '{"ops": "smtps://u:secret@h"}', /entry 1.*name=url/],
  ["a password with a lone %", "m=smtps://u:secret%@h?from=a@b.c&to=a@b.c", /m: user or password/],
];

for (const [mistake, value, message] of MISTAKES) {
  Deno.test(`alert channels with ${mistake} are refused without showing a secret`, () => {
    assert.throws(() => channels(value), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret(?!\s*unenc)/);
      assert.doesNotMatch(String(error.cause ?? ""), /secret/);
      return true;
    });
  });
}

Deno.test("the public address is kept without a slash at its end; anything else is refused", () => {
  const read = (value: string) => loadConfig({ SHOPFLOW_PUBLIC_URL: value }, "/shop").publicUrl;
  assert.equal(read("https://shop.example.com/shopflow/"), "https://shop.example.com/shopflow");
  assert.equal(read("http://localhost:8000"), "http://localhost:8000");
  for (const wrong of ["shop.example.com", "ftp://x", "https://u:secret@x", "https://x?key=secret"]) {
    assert.throws(() => read(wrong), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});
