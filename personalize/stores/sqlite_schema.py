"""The tables of the SQLite file, as steps from version to version."""

from __future__ import annotations

from personalize.stores import sqlite_desk, sqlite_places

SCHEMA = (
    # Profiles lie beside row ids: with bodies of 10 KB in the tree of the keys few keys fit a page, and a write touches
    # more pages. Files of before have them there and keep them: that costs CPU alone, and moving them all costs more.
    """
    CREATE TABLE profile (key TEXT PRIMARY KEY, body BLOB NOT NULL, expires_at REAL NOT NULL);
    CREATE INDEX profile_end ON profile (expires_at);
    CREATE TABLE event (
      number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, at REAL NOT NULL, visitor TEXT, line BLOB NOT NULL
    );
    CREATE INDEX event_time ON event (at, number);
    CREATE INDEX event_visitor ON event (visitor, at, number) WHERE visitor IS NOT NULL;
    CREATE TABLE link (session TEXT PRIMARY KEY, visitor TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX link_end ON link (expires_at);
    CREATE INDEX link_visitor ON link (visitor);
    """,
    """
    CREATE TABLE tariff (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE coupon (
      code TEXT PRIMARY KEY, offer TEXT NOT NULL, reference TEXT NOT NULL, ends REAL NOT NULL, tariff TEXT NOT NULL,
      claimed INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX coupon_pool ON coupon (offer, tariff, ends) WHERE claimed = 0;
    CREATE TABLE promise (
      number INTEGER PRIMARY KEY, promise_id TEXT NOT NULL UNIQUE, offer TEXT NOT NULL, visitor TEXT NOT NULL,
      code TEXT NOT NULL UNIQUE, tariff TEXT NOT NULL, currency TEXT NOT NULL, reserved INTEGER NOT NULL,
      spent INTEGER, day TEXT NOT NULL, made_at REAL NOT NULL, valid_until REAL NOT NULL, state TEXT NOT NULL,
      orders TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX promise_visitor ON promise (visitor, number);
    CREATE INDEX promise_due ON promise (valid_until) WHERE state = 'open';
    CREATE INDEX promise_open ON promise (offer, code) WHERE state = 'open';
    CREATE INDEX promise_offer ON promise (offer, made_at, visitor);
    CREATE TABLE purse (
      offer TEXT NOT NULL, currency TEXT NOT NULL, day TEXT NOT NULL, reserved INTEGER NOT NULL, spent INTEGER NOT NULL,
      PRIMARY KEY (offer, currency, day)
    ) WITHOUT ROWID;
    CREATE TABLE shown (
      promise_id TEXT NOT NULL, variant TEXT NOT NULL, visitor TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL,
      PRIMARY KEY (promise_id, variant)
    ) WITHOUT ROWID;
    CREATE INDEX shown_visitor ON shown (visitor, at);
    CREATE INDEX shown_time ON shown (at);
    CREATE TABLE list_price (
      variant TEXT NOT NULL, currency TEXT NOT NULL, day TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
      PRIMARY KEY (variant, currency, day)
    ) WITHOUT ROWID;
    CREATE INDEX list_price_day ON list_price (day);
    """,
    sqlite_places.SCHEMA,
    sqlite_desk.SCHEMA,
    """
    CREATE TABLE trial (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    """,
)
"""`SCHEMA[n]` brings a file of version n to n + 1."""

VERSION = len(SCHEMA)
