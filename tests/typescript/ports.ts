// Imported for what it does: closes the ports of every channel that a test's code opens, which would keep its process alive.

import test from 'node:test';

const channels: MessageChannel[] = [];

globalThis.MessageChannel = class extends MessageChannel {
  constructor() {
    super();
    channels.push(this);
  }
};

test.after(() => channels.forEach(({ port1 }) => port1.close()));
