import { loadConfig } from "shopflow/config/mod.ts";
import { DeliveryError } from "../../../../lib/jobs/alerts/channels.ts";
import { openChannels } from "shopflow/jobs/alerts/mod.ts";
import { alertMessage } from "../../../../lib/jobs/alerts/message.ts";
import assert from "node:assert/strict";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { type MailServer, withMailServer } from "./mail_server.ts";

const ADDRESSES = "from=shopflow@example.com&to=a@example.com,b@example.com";
const MESSAGE = alertMessage({
  id: "1",
  kind: "failed",
  job: "weekly-reports",
  owner: "Müller & <team>",
  channel: "business",
  scheduledFor: "2024-10-07T05:00:00.000Z",
  reason: "publish ended with exit code 1",
  at: "2024-10-07T05:10:00.000Z",
  incidents: [{ kind: "failed", since: "2024-10-07T05:10:00.000Z", runs: 1 }],
}, { publicUrl: "https://shop.example.com" });

const send = (url: string, timeLimitMs = 60_000) => {
  const { alertChannels } = loadConfig({ SHOPFLOW_ALERT_CHANNELS: `business=${url}` });
  return openChannels(alertChannels, { timeLimitMs })[0]!.send(MESSAGE);
};

const withServer = (
  options: Parameters<typeof withMailServer>[1],
  body: (server: MailServer) => Promise<void>,
) => withTemporaryFolder((folder) => withMailServer(folder, options, body));

Deno.test("a mail goes by TLS, with a password, as text and HTML", () =>
  withServer({ secure: true }, async ({ port, caFile, received }) => {
    await send(`smtps://robot:p%40ss@localhost:${port}?${ADDRESSES}&ca=${caFile}`);
    const [mail, ...more] = received;
    assert.deepEqual(more, []);
    assert.deepEqual(
      { from: mail!.from, to: mail!.to, secure: mail!.secure, user: mail!.user },
      { from: "shopflow@example.com", to: ["a@example.com", "b@example.com"], secure: true, user: "robot" },
    );
    assert.match(mail!.source, /^Subject: Failed: weekly-reports@2024-10-07T05:00Z\r$/m);
    assert.match(mail!.source, /^Message-ID: <[0-9a-f]{32}@example.com>\r$/m);
    const source = mail!.source.replaceAll("=\r\n", "");
    assert.match(source, /reason: publish ended with exit code 1/);
    assert.match(source, /deno task jobs logs weekly-reports@2024-10-07T05:00Z/);
    assert.match(source, /M=C3=BCller &amp; &lt;team&gt;/);
  }));

Deno.test("a mail goes by STARTTLS", () =>
  withServer({}, async ({ port, caFile, received }) => {
    await send(`smtp://robot:p%40ss@localhost:${port}?${ADDRESSES}&ca=${caFile}`);
    assert.deepEqual(received.map(({ secure, user }) => ({ secure, user })), [{
      secure: true,
      user: "robot",
    }]);
  }));

Deno.test("a server without STARTTLS gets no mail, unless the setting says that it needs none", () =>
  withServer({ disabledCommands: ["STARTTLS"] }, async ({ port, received }) => {
    await assert.rejects(send(`smtp://localhost:${port}?${ADDRESSES}`), DeliveryError);
    assert.deepEqual(received, []);
    await send(`smtp://localhost:${port}?${ADDRESSES}&tls=none`);
    assert.deepEqual(received.map(({ secure }) => secure), [false]);
  }));

Deno.test("a server whose certificate nobody vouches for gets no mail", () =>
  withServer({ secure: true }, async ({ port, received }) => {
    await assert.rejects(
      send(`smtps://robot:p%40ss@localhost:${port}?${ADDRESSES}`),
      (error) => error instanceof DeliveryError && /self-signed|certificate|issuer/i.test(error.message),
    );
    assert.deepEqual(received, []);
  }));

Deno.test("a refused password is said without the password", () =>
  withServer({ secure: true }, async ({ port, caFile }) => {
    await assert.rejects(
      send(`smtps://robot:wrong-secret@localhost:${port}?${ADDRESSES}&ca=${caFile}`),
      (error) => {
        assert.ok(error instanceof DeliveryError);
        assert.match(
          error.message,
          /mail server localhost:\d+ did not accept the message: .*bad password \*\*\*/,
        );
        return true;
      },
    );
  }));

Deno.test("receivers that the server refuses are said", () =>
  withServer(
    { onRcptTo: ({ address }, _session, callback) => callback(new Error(`no ${address} here`)) },
    async ({ port, caFile }) => {
      await assert.rejects(
        send(`smtp://localhost:${port}?${ADDRESSES}&ca=${caFile}`),
        (error) => error instanceof DeliveryError && /no [ab]@example.com here/.test(error.message),
      );
    },
  ));

Deno.test("a receiver that the server refuses does not keep the mail from the others, and is said", () =>
  withServer({
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith("a@") ? new Error("no such person") : null),
  }, async ({ port, caFile, received }) => {
    const said = await send(`smtp://localhost:${port}?${ADDRESSES}&ca=${caFile}`);
    assert.match(said ?? "", /refused a@example.com$/);
    assert.deepEqual(received.map(({ to }) => to), [["b@example.com"]]);
  }));

Deno.test("a mail server that says nothing is given up after the time limit", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = silent.accept();
  await assert.rejects(
    send(`smtp://127.0.0.1:${silent.addr.port}?${ADDRESSES}`, 1000),
    (error) => error instanceof DeliveryError,
  );
  (await accepted).close();
  silent.close();
});

Deno.test("a mail server that is not there is said", async () => {
  await assert.rejects(
    send(`smtp://127.0.0.1:1?${ADDRESSES}`),
    (error) => error instanceof DeliveryError && /refused/i.test(error.message),
  );
});
