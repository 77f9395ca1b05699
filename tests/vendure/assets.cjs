'use strict';
// Asset strategies which write no file: the tests need the URLs and sizes of pictures, never the pictures.
const { Readable } = require('node:stream');

const PREFIX = 'https://assets.example/';

class InMemoryStorage {
  constructor() {
    this.files = new Map(); // a few dozen sample pictures while populating, empty while serving
  }
  async writeFileFromBuffer(fileName, data) {
    this.files.set(fileName, data);
    return fileName;
  }
  async writeFileFromStream(fileName, stream) {
    return this.writeFileFromBuffer(fileName, Buffer.concat(await stream.toArray()));
  }
  async readFileToBuffer(fileName) {
    return this.files.get(fileName) ?? Buffer.alloc(0);
  }
  async readFileToStream(fileName) {
    return Readable.from([await this.readFileToBuffer(fileName)]);
  }
  async deleteFile(fileName) {
    this.files.delete(fileName);
  }
  async fileExists(fileName) {
    return this.files.has(fileName);
  }
  /** The same URL for every host the shop is asked by, so an answer through a gateway can be compared byte for byte. */
  toAbsoluteUrl(_request, identifier) {
    return identifier.startsWith(PREFIX) ? identifier : PREFIX + identifier;
  }
}

class SamePreview {
  async generatePreviewImage(_ctx, _mimeType, data) {
    return data;
  }
}

module.exports = { InMemoryStorage, SamePreview };
