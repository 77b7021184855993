import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { Room, type RoomOptions, workspaceWrite } from '../support.ts';

let runtime: TempDir;
let bus: { readonly server: Server; clients: number };

beforeEach(() => {
  runtime = tempDir();
});
afterEach(() => {
  bus.server.close();
  runtime[Symbol.dispose]();
});

/** A socket as the user's session has it. */
async function listenAt(path: string): Promise<void> {
  bus = { server: createServer((socket) => socket.end('secret')), clients: 0 };
  bus.server.on('connection', () => {
    bus.clients += 1;
  });
  await new Promise<void>((resolve) => bus.server.listen(path, resolve));
}

const asking = (path: string) =>
  `python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("${path}"); print(s.recv(9))'`;
const networked = { ...workspaceWrite, network_access: true };

function room(env: Record<string, string>, options: RoomOptions = { policy: networked }): Room {
  return new Room({ ...options, setup: { env, ...options.setup } });
}

describe('the session bus, by which the keyring is reached, is closed to commands that have Unix sockets', () => {
  test.each(['bus', 'keyring/control', 'systemd/private'])('in the runtime directory: %s', async (name) => {
    const path = join(runtime.path, name);
    mkdirSync(join(path, '..'), { recursive: true });
    await listenAt(path);
    await using place = room({ XDG_RUNTIME_DIR: runtime.path });
    expect((await place.run(asking(path))).end).not.toMatchObject({ exitCode: 0 });
    expect(bus.clients).toBe(0);
  });

  test.each(['unix:path=PATH', 'unix:path=PATH,guid=00ff', 'tcp:host=localhost;unix:guid=1,path=PATH'])(
    'where its address says: %s',
    async (address) => {
      const path = join(runtime.path, 'my bus');
      await listenAt(path);
      const env = { DBUS_SESSION_BUS_ADDRESS: address.replace('PATH', encodeURI(path)) };
      await using place = room(env);
      expect((await place.run(asking(path))).end).not.toMatchObject({ exitCode: 0 });
      expect(bus.clients).toBe(0);
    },
  );

  test('where Unix sockets are open and the network is not', async () => {
    const path = join(runtime.path, 'bus');
    await listenAt(path);
    await using place = room({ XDG_RUNTIME_DIR: runtime.path }, { setup: { allowUnixSockets: true } });
    expect((await place.run(asking(path))).end).not.toMatchObject({ exitCode: 0 });
    expect(bus.clients).toBe(0);
  });

  test('another socket stays open where they are', async () => {
    const path = join(runtime.path, 'other');
    await listenAt(path);
    await using place = room({ XDG_RUNTIME_DIR: runtime.path });
    expect((await place.run(asking(path))).end).toMatchObject({ exitCode: 0 });
    expect(bus.clients).toBe(1);
  });

  test('no command gets its address', async () => {
    await listenAt(join(runtime.path, 'bus'));
    await using place = room({});
    await place.manager.ready(new AbortController().signal);
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x', A: '1' };
    const spec = { argv: ['env'], cwd: place.workspace, env };
    const planned = place.manager.plan({ spec, policy: networked, cwd: place.workspace });
    if (planned.type === 'unavailable') throw new Error(planned.reason);
    expect(planned.plan.spawn.env).toMatchObject({ A: '1' });
    expect(planned.plan.spawn.env).not.toHaveProperty('DBUS_SESSION_BUS_ADDRESS');
  });
});
