'use strict';
// The configuration of the test shop; populate.cjs and serve.cjs share it.
const path = require('node:path');
const {
  BcryptPasswordHashingStrategy, defaultConfig, DefaultLogger, DefaultSearchPlugin, dummyPaymentHandler, LanguageCode, LogLevel,
} = require('@vendure/core');
const { InMemoryStorage, SamePreview } = require('./assets.cjs');

const InMemoryQueue = defaultConfig.jobQueueOptions.jobQueueStrategy.constructor; // not exported by name
const sampleData = path.join(path.dirname(require.resolve('@vendure/create/package.json')), 'assets');

/** Vendure's own, with 4 rounds in place of 12: half a second of CPU for each login guards nothing here. */
class QuickHashing extends BcryptPasswordHashingStrategy {
  hash(plaintext) {
    this.getBcrypt();
    return this.bcrypt.hash(plaintext, 4);
  }
}

/**
 * @param database bytes of a populated SQLite file, or undefined for an empty one. sql.js works in memory, so what
 *   a running shop writes is gone when it stops: every start is a throw-away copy.
 */
function config({ port, database, populating }) {
  return {
    apiOptions: {
      hostname: '127.0.0.1',
      port,
      shopApiPath: 'shop-api',
      adminApiPath: 'admin-api',
    },
    authOptions: {
      tokenMethod: ['bearer', 'cookie'],
      superadminCredentials: {
        identifier: process.env.VENDURE_SUPERADMIN || 'superadmin',
        password: process.env.VENDURE_PASSWORD || 'only-for-tests',
      },
      cookieOptions: { secret: 'a-cookie-secret-for-tests-only' },
      requireVerification: false,
      passwordHashingStrategy: new QuickHashing(),
    },
    dbConnectionOptions: {
      type: 'sqljs',
      database,
      autoSave: false,
      synchronize: populating,
      logging: false,
    },
    defaultLanguageCode: LanguageCode.en,
    logger: new DefaultLogger({ level: LogLevel.Info, timestamp: true }),
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    importExportOptions: { importAssetsDir: path.join(sampleData, 'images') },
    assetOptions: { assetStorageStrategy: new InMemoryStorage(), assetPreviewStrategy: new SamePreview() },
    // The default polls five times a second, one job a time: hundreds of index jobs would take a minute to drain.
    jobQueueOptions: { jobQueueStrategy: new InMemoryQueue({ pollInterval: populating ? 5 : 200 }) },
    plugins: [DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true })],
  };
}

module.exports = { config, sampleData };
