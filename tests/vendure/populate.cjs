'use strict';
// Fills an empty shop with Vendure's own sample data and N generated products, and saves the database as one file.
// usage: node populate.cjs <out.sqlite> [extra products]
const fs = require('node:fs');
const path = require('node:path');
const {
  bootstrap, ChannelService, ConfigService, GlobalSettingsService, JobQueueService, ProductService, RequestContextService,
  SearchService, TransactionalConnection,
} = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { config, sampleData } = require('./config.cjs');
const { generate } = require('./catalogue.cjs');

const DRAIN_DEADLINE_MS = 300_000;

// Every import and every filled collection asks for variants to be indexed, over and over. These jobs are put aside and
// never run: one reindex at the end does it all.
const indexJobs = {
  id: 'index-once',
  collect: job => job.queueName === 'update-search-index',
  reduce: () => [],
};

function initialData(extra) {
  const data = JSON.parse(fs.readFileSync(path.join(sampleData, 'initial-data.json'), 'utf8'));
  data.shippingMethods.push({ name: 'Free Shipping', price: 0 });
  data.collections.push(...extra.collections);
  return data;
}

/** Waits until no job is pending or running; throws past the deadline or if a job failed. */
async function drain(app) {
  const { jobQueueStrategy } = app.get(ConfigService).jobQueueOptions;
  const until = Date.now() + DRAIN_DEADLINE_MS;
  // Collections wait 50 ms for more events before they queue a job, so one idle look is not enough.
  for (let idle = 0; idle < 5; ) {
    if (Date.now() > until) throw new Error('the job queue did not drain in time');
    await new Promise(done => setTimeout(done, 100));
    const { items } = await jobQueueStrategy.findMany();
    const failed = items.find(job => job.state === 'FAILED');
    if (failed) throw new Error(`job ${failed.queueName} failed: ${JSON.stringify(failed.error)}`);
    idle = items.some(job => ['PENDING', 'RUNNING', 'RETRYING'].includes(job.state)) ? 0 : idle + 1;
  }
}

/** Makes German a second language and names the first hundred products in it: `Laptop (de)`. */
async function translate(app, ctx) {
  const availableLanguageCodes = ['en', 'de'];
  await app.get(GlobalSettingsService).updateSettings(ctx, { availableLanguages: availableLanguageCodes });
  await app.get(ChannelService).update(ctx, { id: ctx.channelId, availableLanguageCodes });
  const products = app.get(ProductService);
  for (const { id, name, slug, description } of (await products.findAll(ctx, { take: 100 })).items) {
    const german = { languageCode: 'de', name: `${name} (de)`, slug, description };
    await products.update(ctx, { id, translations: [german] });
  }
}

async function main(out, count) {
  const extra = generate(count);
  const settings = config({ port: 0, populating: true });
  const began = Date.now();
  const took = what => console.log(`populate: ${what} after ${Date.now() - began} ms`);
  // One import for both, before the collections are made: a collection looks up its facet values by name just once.
  const csv = `${out}.csv`;
  fs.writeFileSync(csv, `${fs.readFileSync(path.join(sampleData, 'products.csv'), 'utf8').trimEnd()}\n${extra.csv}`);
  const start = async () => {
    const app = await bootstrap(settings);
    app.get(JobQueueService).addBuffer(indexJobs);
    return app;
  };
  const app = await populate(start, initialData(extra), csv);
  fs.rmSync(csv);
  took('imported');
  const context = () => app.get(RequestContextService).create({ apiType: 'admin' });
  await translate(app, await context());
  took('translated');
  await app.get(JobQueueService).start();
  await drain(app);
  took('drained');
  app.get(JobQueueService).removeBuffer(indexJobs);
  await app.get(SearchService).reindex(await context()); // a new one: the old one knows the channel without German
  await drain(app);
  took('reindexed');
  const bytes = app.get(TransactionalConnection).rawConnection.driver.export();
  fs.writeFileSync(`${out}.part`, bytes);
  fs.renameSync(`${out}.part`, out);
  took(`saved ${bytes.length} bytes`);
  await app.close();
  process.exit(0);
}

main(path.resolve(process.argv[2]), Number(process.argv[3] || 0)).catch(error => {
  console.error(error);
  process.exit(1);
});
