'use strict';
// Serves the shop from a populated SQLite file and prints one line `READY {"port": ...}` when it answers.
// usage: node serve.cjs <populated.sqlite> [port]   (0: any free port)
// With VENDURE_STOP_WITH_STDIN=1 it also stops when its input ends, so it never outlives a killed parent.
const fs = require('node:fs');
const { bootstrap, JobQueueService } = require('@vendure/core');
const { config } = require('./config.cjs');

async function main(file, port) {
  const app = await bootstrap(config({ port, database: fs.readFileSync(file), populating: false }));
  await app.get(JobQueueService).start();
  const stop = () => app.close().finally(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.env.VENDURE_STOP_WITH_STDIN === '1') process.stdin.on('end', stop).resume();
  console.log(`READY ${JSON.stringify({ port: app.getHttpServer().address().port })}`);
}

main(process.argv[2], Number(process.argv[3] || 0)).catch(error => {
  console.error(error);
  process.exit(1);
});
