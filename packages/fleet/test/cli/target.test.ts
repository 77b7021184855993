import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandError, NoFleet, noteRunning } from '../../src/cli/fleet-folder.ts';
import { adminOf, frontOf, targetOf } from '../../src/cli/target.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  const addresses = { ingress: 'http://127.0.0.1:1', admin: 'http://127.0.0.1:2', front: 'http://127.0.0.1:3' };
  noteRunning(dir, { pid: process.pid, ...addresses, token: 'local-token', workers: {} });
  writeFileSync(join(dir, 'token'), 'from-a-file\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const KEEL_FLEET_TOKEN = 'from-the-environment';
const url = 'https://fleet.example.com';

describe('the fleet that a command speaks to', () => {
  test('is that of a folder of this machine', () => {
    expect(targetOf({ dir }, {})).toMatchObject({ type: 'local', dir });
    expect(targetOf({}, { KEEL_FLEET_DIR: dir })).toMatchObject({ type: 'local', dir });
    expect(frontOf(targetOf({ dir }, {}))).toEqual({ url: 'http://127.0.0.1:3', token: 'local-token' });
    expect(adminOf(targetOf({ dir }, {}))).toBe('http://127.0.0.1:2');
  });

  test('is an installed one where an option or the environment says so', () => {
    const installed = { type: 'installed', url, token: KEEL_FLEET_TOKEN, admin: null };
    expect(targetOf({ url: `${url}/` }, { KEEL_FLEET_TOKEN })).toEqual(installed);
    expect(targetOf({}, { KEEL_FLEET_TOKEN, KEEL_FLEET_URL: url })).toEqual(installed);
    expect(frontOf(targetOf({ url }, { KEEL_FLEET_TOKEN }))).toEqual({ url, token: KEEL_FLEET_TOKEN });
  });

  test('is that of a folder that is named, whatever the environment says', () => {
    expect(targetOf({ dir }, { KEEL_FLEET_URL: url, KEEL_FLEET_TOKEN })).toMatchObject({ type: 'local' });
  });

  test('has its token in a file, before the environment', () => {
    const options = { url, tokenFile: join(dir, 'token') };
    expect(targetOf(options, { KEEL_FLEET_TOKEN })).toMatchObject({ token: 'from-a-file' });
  });

  test('has an admin port for its operator alone', () => {
    expect(() => adminOf(targetOf({ url }, { KEEL_FLEET_TOKEN }))).toThrow('--admin or KEEL_FLEET_ADMIN');
    const admin = 'http://127.0.0.1:9070';
    expect(adminOf(targetOf({ url, admin }, { KEEL_FLEET_TOKEN }))).toBe(admin);
    expect(adminOf(targetOf({ url }, { KEEL_FLEET_TOKEN, KEEL_FLEET_ADMIN: admin }))).toBe(admin);
  });

  const wrong: readonly (readonly [string, Parameters<typeof targetOf>[0], Parameters<typeof targetOf>[1]])[] = [
    ['no token', { url }, {}],
    ['an empty one', { url }, { KEEL_FLEET_TOKEN: '' }],
    ['a token with a line in it', { url }, { KEEL_FLEET_TOKEN: 'a\r\nx: y' }],
    ['a file that is not there', { url, tokenFile: '/nowhere/token' }, { KEEL_FLEET_TOKEN }],
    ['no address', { url: 'fleet' }, { KEEL_FLEET_TOKEN }],
    ['another protocol', { url: 'file:///etc' }, { KEEL_FLEET_TOKEN }],
    ['an admin port that is none', { url, admin: 'x' }, { KEEL_FLEET_TOKEN }],
    ['two fleets', { url, dir: '/x' }, { KEEL_FLEET_TOKEN }],
  ];
  test.each(wrong)('is none with %s, and no token is shown', (_, options, env) => {
    const target = () => targetOf(options, env);
    expect(target).toThrow(CommandError);
    expect(target).not.toThrow(/from-the-environment|x: y/);
  });

  test('is none where nothing runs', () => {
    expect(() => targetOf({ dir: join(dir, 'none') }, {})).toThrow(NoFleet);
  });
});
