// The server audits of graphql-http, run against one URL: node audits.mjs URL, prints a row an audit.
import { serverAudits } from "graphql-http";

const rows = [];
for (const audit of serverAudits({ url: process.argv[2] })) {
  const { status, reason } = await audit.fn();
  rows.push({ id: audit.id, name: audit.name, status, reason: reason ?? "" });
}
console.log(JSON.stringify(rows));
