import assert from "node:assert/strict";
import fc from "fast-check";
import { createMask } from "shopflow/errors/mod.ts";

Deno.test("values of variables that are named as secrets are masked, wherever they stand", () => {
  const mask = createMask({
    SHOPFLOW_API_KEY: "k-1234567890",
    AWS_SECRET_ACCESS_KEY: "wJalr/XUtn+FEMI",
    smtp_pass: "mail-room!",
    GITHUB_TOKEN: "ghp_abcdef",
    DBT_ENV_PASSWD: "dbt-word",
    AZURE_CREDENTIALS: "azure-cred",
    HOME: "/home/anna",
  });
  assert.equal(mask("x-api-key: k-1234567890"), "x-api-key: ***");
  assert.equal(mask("?sig=wJalr%2FXUtn%2BFEMI wJalr%2fXUtn%2bFEMI wJalr/XUtn+FEMI"), "?sig=*** *** ***");
  assert.equal(mask("mail-room!ghp_abcdef,dbt-word azure-cred"), "******,*** ***");
  assert.equal(mask("reads /home/anna/data"), "reads /home/anna/data");
});

Deno.test("passwords in URLs of any variable are masked, alone and in the URL; users and hosts are not", () => {
  const mask = createMask({
    SHOPFLOW_POSTGRES_URL: "postgres://shop:s3cr%40t-word@db.internal:5432/shop?sslmode=require",
    SHOPFLOW_MONGODB_URL: "mongodb://reader:p@ss/word@mongo/tickets",
    CLONE: "https://ghs_0123456789abcdef@github.com/shop/flow",
    PG: "host=db user=shop password='two words' dbname=shop",
    OPEN_URL: "postgres://shopflow@localhost/shop",
  });
  assert.equal(
    mask("cannot reach postgres://shop:s3cr%40t-word@db.internal:5432/shop"),
    "cannot reach postgres://shop:***@db.internal:5432/shop",
  );
  assert.equal(mask('password "s3cr@t-word" of shop is wrong'), 'password "***" of shop is wrong');
  assert.equal(mask("mongodb://reader:p@ss/word@mongo/tickets"), "mongodb://reader:***@mongo/tickets");
  assert.equal(
    mask("cloning https://ghs_0123456789abcdef@github.com/shop"),
    "cloning https://***@github.com/shop",
  );
  assert.equal(mask("tried two words"), "tried ***");
  assert.equal(mask("shopflow reads shop from localhost"), "shopflow reads shop from localhost");
});

Deno.test("a password that nobody told us of is masked in its URL", () => {
  const mask = createMask({});
  assert.equal(mask("amqp://guest:gu@est@queue:5672/ is down"), "amqp://guest:***@queue:5672/ is down");
  assert.equal(mask("redis://:hunter2@cache"), "redis://:***@cache");
  assert.equal(mask("GET /a?token=abc&page=2"), "GET /a?token=***&page=2");
  for (
    const name of ["sig", "code", "auth", "pwd", "x-api-key", "apiKey", "access_key", "subscription-key"]
  ) {
    assert.equal(mask(`GET https://desk/a?page=2&${name}=abc12345`), `GET https://desk/a?page=2&${name}=***`);
  }
  const harmless = "see http://localhost:8000/reports?by=anna@shop.example, ratio 3:1@noon";
  assert.equal(mask(harmless), harmless);
});

Deno.test("pieces of a password with a sign that parsers stop at are masked, but not within words", () => {
  const mask = createMask({ SHOPFLOW_POSTGRES_URL: "postgres://reader:hunt#wolf/word@db:5432/sales" });
  assert.equal(mask("getaddrinfo ENOTFOUND wolf"), "getaddrinfo ENOTFOUND ***");
  assert.equal(mask('database "word@db" of reader at db'), 'database "***@db" of reader at db');
  assert.equal(mask("wording of sales for wolfgang"), "wording of sales for wolfgang");
  assert.equal(mask("postgres://reader:hunt#wolf/word@db:5432/sales"), "postgres://reader:***@db:5432/sales");
});

Deno.test("a misspelt scheme keeps no password from being known", () => {
  for (const start of ["postgres:/", "postgres:", "postgres//", "postgers://", ""]) {
    const mask = createMask({ DATABASE_URL: `${start}reader:hunter-two@db/sales` });
    assert.equal(mask("no hunter-two here"), "no *** here", start);
  }
});

Deno.test("secrets are masked in base64, alone and with a user before them", () => {
  const mask = createMask({ SMTP_PASSWORD: "hunter-two?>" });
  for (const before of ["", "u:", "us:", "\0robot\0"]) {
    const shown = mask(`AUTH ${btoa(`${before}hunter-two?>`)} refused`);
    assert.match(shown, /\*\*\*/, before);
    assert.doesNotMatch(shown, /aHVudGVyLXR3bz8|dW50ZXItdHdv|1bnRlci10d28/, before);
  }
});

Deno.test("URLs are masked in their form where the password is an ordinary word, which stays elsewhere", () => {
  const mask = createMask({ SHOPFLOW_POSTGRES_URL: "postgres://reader:test@db/orders" });
  assert.equal(mask("test of postgres://reader:test@db/orders"), "test of postgres://reader:***@db/orders");
  const ours = "expected a URL like postgres://user:password@host:port/database, found nothing";
  assert.equal(mask(ours), ours);
  const packages = "Download http://localhost:4873/@aws-sdk/client-s3 and https://cdn.example/npm/vega@5";
  assert.equal(mask(packages), packages);
});

Deno.test("of the alert channels the webhooks' paths are masked", () => {
  const path = "/services/T0001/B0002/abcdefghijklmnopqrstuvwx";
  for (
    const channels of [
      `operations=https://hooks.slack.com${path},reports=smtp://robot:mail-word@mail:587/a@b.example`,
      JSON.stringify({
        operations: { url: `https://hooks.slack.com${path}` },
        reports: "smtp://robot:mail-word@mail",
      }),
    ]
  ) {
    const mask = createMask({ SHOPFLOW_ALERT_CHANNELS: channels });
    assert.equal(mask(`POST https://hooks.slack.com${path} 500`), "POST https://hooks.slack.com*** 500");
    assert.equal(mask("wrong hook abcdefghijklmnopqrstuvwx"), "wrong hook ***");
    assert.equal(mask("535 mail-word refused"), "535 *** refused");
  }
});

Deno.test("every line of a secret of several lines is masked, and every part of a list of keys", () => {
  const mask = createMask({
    TLS_KEY: "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END PRIVATE KEY-----\n",
    API_KEYS: "anna:key-of-anna, bert:key-of-bert",
    GOOGLE_CREDENTIALS: '{"client_email": "a@b", "private_key": "MII+abc/def"}',
  });
  assert.equal(mask("read MIIEvQIBADANBg"), "read ***");
  assert.equal(mask("refused key-of-bert"), "refused ***");
  assert.equal(mask("as a@b with MII+abc/def"), "as a@b with ***");
});

Deno.test("values that are found everywhere are not masked", () => {
  const mask = createMask({
    A_TOKEN: "abc",
    USE_KEY: "true",
    KEY_COUNT: "1000",
    MAX_TOKENS: "100000",
    TOKEN: "",
    SSH_KEY_FILE: "/etc/ssh/key",
    SECRET_MODE: "disabled",
    AWS_SECRET_ACCESS_KEY: "shopflow-test",
    URL: "postgres://postgres:postgres@localhost/postgres",
  });
  const line = "abc true 1000 rows of 100000 with /etc/ssh/key disabled postgres in /tmp/shopflow-test";
  assert.equal(mask(line), line);
});

Deno.test("no secret survives in any line, as it is, in a URL or in JSON", () => {
  const secret = fc.string({ unit: "grapheme", minLength: 4, maxLength: 40 })
    .filter((text) => /[a-z]/i.test(text) && text.trim().length >= 4 && !text.includes("***"))
    // A short word may be an ordinary setting, as the "Local" of "toLocaleString", which fast-check likes.
    .filter((text) => !/^[a-z_.-]{4,9}$/i.test(text));
  const noise = fc.string({ unit: "grapheme", maxLength: 30 });
  const forms = [
    (text: string) => text,
    encodeURIComponent,
    (text: string) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
    (text: string) => new URLSearchParams({ q: text }).toString().slice(2),
    (text: string) => JSON.stringify(text).slice(1, -1),
  ];
  const input = fc.record({
    secrets: fc.array(secret, { minLength: 1, maxLength: 4 }),
    noise: fc.array(noise, { minLength: 9, maxLength: 9 }),
  });
  fc.assert(
    fc.property(input, ({ secrets, noise }) => {
      const mask = createMask(Object.fromEntries(secrets.map((value, index) => [`TOKEN_${index}`, value])));
      for (const form of forms) {
        const line = noise.map((text, index) => text + (secrets[index] ? form(secrets[index]) : "")).join("");
        const masked = mask(line);
        for (const value of secrets) {
          assert.ok(!masked.includes(form(value)), JSON.stringify({ value, masked }));
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("no password of a URL survives, whatever it consists of", () => {
  const password = fc.string({ unit: "grapheme-ascii", minLength: 4, maxLength: 40 })
    .filter((text) => /[a-z]{3}/i.test(text) && !/^[a-z_.-]{4,9}$/i.test(text));
  fc.assert(
    fc.property(password, (value) => {
      const url = `postgres://anna:${encodeURIComponent(value)}@host:5432/database`;
      const mask = createMask({ ANY_NAME: url });
      for (const line of [`no ${value} here`, `at ${url}`]) {
        const masked = mask(line);
        assert.ok(!masked.includes(value) && !masked.includes(encodeURIComponent(value)), masked);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a line of the greatest length is masked without delay", () => {
  const mask = createMask({ A_KEY: "the-secret", URL: "postgres://a:bcdef@g" });
  const lines = ["a.", "://", "a:", "?a", "&token", "x@", "a://b:", "***"].map((part) =>
    part.repeat(20_000 / part.length)
  );
  const from = performance.now();
  for (const line of lines) mask(line);
  assert.ok(performance.now() - from < 5000);
});

Deno.test("the password of a misspelt URL is masked where that came as an option, or as the value of one", () => {
  for (
    const argument of [
      "--postgresql//reader:mH4tQz#x@db:1/shop",
      "--from=postgresql//reader:mH4tQz#x@db:1/shop",
    ]
  ) {
    const mask = createMask({ "argument 0": argument });
    assert.doesNotMatch(mask(`error: unknown option '${argument}'`), /mH4tQz/, argument);
  }
});
