import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import {
  copyError,
  isConnectionLoss,
  isUnreachable,
  postgresError,
} from "../../../../lib/sources/postgres/client.ts";
// @ts-types="@types/pg"
import pg from "pg";

const URL = "postgres://shopflow:secret@db.example.com/shop";

/** What a server, or a pooler before it, says. */
const answer = (code: string, message: string) =>
  Object.assign(new pg.DatabaseError(message, message.length, "error"), { code });
/** What the network or the driver says. */
const failure = (message: string, code?: string) => Object.assign(new Error(message), code && { code });
const read = (cause: Error) => postgresError(cause, URL, "read");

const LOST = [
  answer("57P01", "terminating connection due to administrator command"),
  answer("57P02", "terminating connection because of crash of another server process"),
  answer("57P03", "the database system is starting up"),
  answer("57P03", "the database system is not yet accepting connections"),
  answer("57P05", "terminating connection due to idle-session timeout"),
  answer("25P03", "terminating connection due to idle-in-transaction timeout"),
  answer("25P04", "terminating connection due to transaction timeout"),
  answer("40001", "canceling statement due to conflict with recovery"),
  answer("40P01", "terminating connection due to conflict with recovery"),
  answer("57014", "canceling statement due to conflict with recovery"),
  answer("53300", "sorry, too many clients already"),
  answer("08P01", "server conn crashed?"),
  answer("08P01", "query_wait_timeout"),
  answer("08P01", "pgbouncer cannot connect to server"),
  answer("08P01", "no more connections allowed (max_client_conn)"),
  answer("08P01", "server_login_retry"),
  failure("read ECONNRESET", "ECONNRESET"),
  failure("write EPIPE", "EPIPE"),
  failure("Connection terminated unexpectedly"),
  failure("Client has encountered a connection error and is not queryable"),
  failure("Client network socket disconnected before secure TLS connection was established"),
];

Deno.test("connections that broke or are refused for now are tried again", () => {
  for (const cause of LOST) {
    assert.equal(isConnectionLoss(read(cause)), true, cause.message);
    assert.equal(isConnectionLoss(copyError(cause, URL, "orders")), true, cause.message);
  }
});

Deno.test("what stays wrong is not: refusals, cancelled statements, defects, and what others lost", () => {
  const lasting = [
    answer("28P01", "password authentication failed"),
    answer("42501", "permission denied for table orders"),
    answer("42501", 'query would be affected by row-level security policy for table "customers"'),
    answer("57014", "canceling statement due to user request"),
    answer("53100", "could not write to file: No space left on device"),
    answer("08P01", "invalid message format"),
    answer("3D000", 'database "nowhere" does not exist'),
  ];
  for (const cause of lasting) {
    assert.equal(isConnectionLoss(read(cause)), false, cause.message);
    assert.equal(isUnreachable(read(cause)), false, cause.message);
  }
  assert.equal(
    isConnectionLoss(new SourceError("MongoDB", { cause: failure("read ECONNRESET", "ECONNRESET") })),
    false,
  );
  assert.equal(isConnectionLoss(new TypeError("x is undefined")), false);
});

Deno.test("a server that is not found is one that may restart, or that is misspelt", () => {
  const refused = failure("connect ECONNREFUSED ::1:5432", "ECONNREFUSED");
  const causes = [
    refused,
    failure("getaddrinfo EAI_AGAIN db", "EAI_AGAIN"),
    failure("timeout expired"),
    new AggregateError([refused, failure("connect ENETUNREACH", "ENETUNREACH")], ""),
  ];
  for (const cause of causes) assert.equal(isUnreachable(read(cause)), true, cause.message);
});

Deno.test("messages say whose words they hold, and what to do", () => {
  const messageOf = (cause: Error) => (read(cause) as SourceError).message;
  assert.match(
    messageOf(answer("57P01", "terminating connection due to administrator command")),
    /ended or refused the connection: found the server said "terminating .* command" \(57P01\)\. Run the command again/,
  );
  assert.match(
    messageOf(answer("40001", "canceling statement due to conflict with recovery")),
    /is a standby that cancelled the query: found the server said .*hot_standby_feedback/,
  );
  assert.match(
    messageOf(answer("XX000", "odd")),
    /cannot be read: found the server said "odd" \(XX000\)\. PostgreSQL's/,
  );
  const broken = messageOf(failure("read ECONNRESET", "ECONNRESET"));
  assert.match(broken, /found the connection broke: read ECONNRESET/);
  assert.doesNotMatch(broken, /the server said|PostgreSQL's/);
  assert.doesNotMatch(messageOf(failure("odd")), /the server said|PostgreSQL's (own|server)/);
  for (const cause of LOST) assert.doesNotMatch(messageOf(cause), /secret/);
});
