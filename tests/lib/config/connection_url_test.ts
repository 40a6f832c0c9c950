import assert from "node:assert/strict";
import { inspect } from "node:util";
import { loadConfig, maskUrl } from "shopflow/config/mod.ts";
import { KNOWN as SETTINGS } from "../../../lib/config/config.ts";
import { ConfigError } from "shopflow/errors/mod.ts";
import { brokenUrls, leakIn } from "../../fixtures/broken_urls.ts";

const POSTGRES = "SHOPFLOW_POSTGRES_URL";
const TICKETS = "SHOPFLOW_MONGODB_URL";

/** What is wrong with an address, and what the message says of it. */
const FAULTS: [string, string, RegExp][] = [
  [POSTGRES, "postgres://reader:Zq7wXk@db:54x2/shop", /port is not a number from 1 to 65535/],
  [POSTGRES, "postgres://reader:Zq7wXk@db:70000/shop", /port is not a number/],
  [POSTGRES, "postgres://reader:12#Zq7wXk@db/shop", /a # that is not written as %23/],
  [POSTGRES, "postgres://reader:12/Zq7wXk@db/shop", /a \/ or \? before the @.*%2F/],
  [POSTGRES, "postgres://reader:12?Zq7wXk@db/shop", /a \/ or \? before the @.*%3F/],
  [POSTGRES, "postgres://reader:Zq7@wXk@db/shop", /more than one @.*%40/],
  [POSTGRES, "postgres://reader:Zq7wXk%zz@db/shop", /a % that is not written as %25/],
  [POSTGRES, "postgres://reader:Zq7wXk%ff@db/shop", /wrong %-code/],
  [POSTGRES, "postgres://reader:Zq7wXk%00@db/shop", /control character/],
  [POSTGRES, "postgres://reader:Zq7 wXk@db/shop", /a space, a line break/],
  [POSTGRES, "postgres://reader:Zq7wXk@db/shop\n", /a space, a line break/],
  [POSTGRES, "postgres:/reader:Zq7wXk@db/shop", /not followed by :\/\//],
  [POSTGRES, "postgres://:Zq7wXk@db/shop", /no user before the @/],
  [POSTGRES, "postgres://reader:Zq7wXk@db1,db2/shop", /several hosts/],
  [POSTGRES, "postgres://reader:Zq7wXk@:5432/shop", /no host/],
  [POSTGRES, "postgres://reader:Zq7wXk@[::1/shop", /port|host is no name/],
  [POSTGRES, "postgres://db/shop;password=Zq7wXk", /database has a sign/],
  [POSTGRES, "postgres://reader@db/shop?password:Zq7wXk", /name=value/],
  [POSTGRES, "postgres://reader@db/shop?sslmode=require?password=Zq7wXk", /more than one \?/],
  [POSTGRES, "postgres://db/shop?port=54x2&password=Zq7wXk", /parameter port/],
  [POSTGRES, "host=db user=reader password=Zq7wXk", /found the key=value form of libpq/],
  [POSTGRES, "jdbc:postgresql://db/shop?password=Zq7wXk", /found jdbc:postgresql:…/],
  [POSTGRES, "Zq7wXk", /found something else/],
  [POSTGRES, "pglite://reader:Zq7wXk@db/shop", /address of a server/],
  [TICKETS, "file://Zq7wXk/shop", /names a server behind file:\/\//],
  [TICKETS, "mongodb://reader:Zq7:wXk@db/shop", /password has a : .*%3A/],
  [TICKETS, "mongodb://reader:Zq7wXk@a:1,b:2x/shop", /port is not a number/],
  [TICKETS, "mongodb+srv://reader:Zq7wXk@cluster.example:27017/shop", /takes no port/],
  [TICKETS, "mongodb+srv://reader:Zq7wXk@a.example.com,b.example.com/shop", /names one host/],
  [TICKETS, "https://reader:Zq7wXk@desk.example/tickets", /user or password/],
  [TICKETS, "https://desk.example/tickets#Zq7wXk", /a # that is not written as %23/],
  [TICKETS, "http://127.0.0.1:Zq7wXk@desk.example/tickets", /user or password/],
];

for (const [setting, url, message] of FAULTS) {
  Deno.test(`a source's URL like ${url.replaceAll("Zq7wXk", "PASSWORD").trim()} is refused with what is wrong with it`, () => {
    assert.throws(() => loadConfig({ [setting]: url }, "/shop"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, new RegExp(`^Invalid ${setting}\\b`));
      assert.match(error.message, message);
      assert.equal(leakIn(inspect(error, { depth: 9 })), undefined);
      return true;
    });
  });
}

Deno.test("well-formed URLs of every kind pass as they are", () => {
  for (
    const url of [
      "postgres://reader:p%23%2F%40ss@db.example:5432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem",
      "postgresql://reader:p:a!$&'()*+,;=~ü@db/shop",
      "postgres://reader@[::1]:5432/shop",
      "postgres:///shop?host=/var/run/postgresql&user=reader",
      "postgres://reader:secret-word@/shop?host=/var/run/postgresql",
      "postgres://%2Fvar%2Frun%2Fpostgresql/shop",
      "postgres://db",
      "postgres://reader@db/caf%C3%A9",
    ]
  ) assert.equal(loadConfig({ [POSTGRES]: url }, "/shop").postgresUrl, url);
  for (
    const url of [
      "mongodb://reader:p%3Aa%2Fss@a:27017,b:27018/shop?replicaSet=rs0&authSource=admin",
      "mongodb+srv://reader:secret-word@cluster.example.com/shop?retryWrites=true&w=majority",
      "https://desk.example:8443/api/tickets?api_key=abcdefgh",
      "http://127.0.0.1:9000/tickets",
      "http://localhost:9000/tickets",
    ]
  ) assert.equal(loadConfig({ [TICKETS]: url }, "/shop").ticketsUrl, url);
});

/** Every setting; a password may have been put into any. */
const EACH = [POSTGRES, TICKETS, ...SETTINGS.filter((name) => ![POSTGRES, TICKETS].includes(name))];

Deno.test("no malformed URL in any setting is shown, and none that is let through shows a piece of its password", () => {
  let [refused, tried] = [0, 0];
  for (const [i, url] of brokenUrls(400).entries()) {
    // Those of sources always, the others in turns.
    for (const setting of EACH.filter((_, place) => place < 2 || (place + i) % 6 === 0)) {
      tried++;
      const value = setting === "SHOPFLOW_ALERT_CHANNELS" ? `operations=${url}` : url;
      try {
        const config = loadConfig({ [setting]: value }, "/shop");
        const passed = setting === POSTGRES
          ? config.postgresUrl
          : setting === TICKETS
          ? config.ticketsUrl
          : "";
        assert.equal(leakIn(maskUrl(passed)), undefined, `${setting}=${value}`);
      } catch (error) {
        if (error instanceof ConfigError) refused++;
        assert.ok(error instanceof ConfigError, inspect(error));
        assert.equal(leakIn(inspect(error, { depth: 9 })), undefined, `${setting}=${value}`);
      }
    }
  }
  assert.ok(tried > 1500 && refused > 0.75 * tried, `${refused} of ${tried}`);
});
