import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesWith } from '../../../../test/support/keel.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { Engine } from '../../src/up/engine.ts';
import { freePort } from '../../src/up/free-port.ts';

/** A server that is ready, and says so to the last who asks once a file is there. */
const SERVER = `
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const { RESTATE_ADMIN__BIND_PORT: admin, RESTATE_INGRESS__BIND_PORT: ingress } = process.env;
createServer((_, response) => response.end()).listen(Number(admin), '127.0.0.1');
createServer((_, response) => {
  writeFileSync('asked', '');
  const look = setInterval(() => {
    if (!existsSync('answer')) return;
    clearInterval(look);
    response.end();
  }, 10);
}).listen(Number(ingress), '127.0.0.1');
`;

test.skipIf(process.platform !== 'linux')(
  'a server that comes up when nobody waits for it any more is ended',
  async () => {
    using dir = tempDir();
    const binary = join(dir.path, 'server');
    dir.write({
      'server.mjs': SERVER,
      server: `#!/bin/sh\nexec '${process.execPath}' '${join(dir.path, 'server.mjs')}'\n`,
    });
    chmodSync(binary, 0o755);
    const ports = { ingress: await freePort(), admin: await freePort(), node: await freePort() };
    const env = { PATH: process.env['PATH'], HOME: dir.path };
    const stop = new AbortController();
    const start = Engine.start({ binary, dir: dir.path, ports, env, name: 'node-1' }, stop.signal);
    const rejected = expect(start).rejects.toThrow('no longer wanted');
    await expect.poll(() => existsSync(join(dir.path, 'asked'))).toBe(true);
    stop.abort(new Error('no longer wanted'));
    dir.write({ answer: '' });
    await rejected;
    expect(processesWith(`HOME=${dir.path}`)).toEqual([]);
  },
);
