import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DraftStore } from '../../../../src/surfaces/tui/effects/draft-store.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const paste = { type: 'paste', label: '[Pasted Content 3 chars]', text: 'abc' } as const;
const image = { type: 'image', label: '[Image #1]', path: '/p/a.png' } as const;
const NEW = { type: 'new' } as const;

test('a draft and its queue come back with their elements, until keel ends in order, and only in their directory', () => {
  using home = tempDir();
  const saved = { draft: ['a', 'é', paste, '\n', image], queue: [['x'], [image, 'y']] };
  new DraftStore(home.path, '/home/ada/app').save(saved, 'thread-1');
  expect(new DraftStore(home.path, '/home/ada/other').takeOver(NEW)).toBeNull();
  const next = new DraftStore(home.path, '/home/ada/app');
  expect(next.takeOver(NEW)).toEqual(saved);
  next.clear();
  expect(new DraftStore(home.path, '/home/ada/app').takeOver(NEW)).toBeNull();
});

test('an empty draft leaves no file, and a damaged one is no draft', () => {
  using home = tempDir();
  const store = new DraftStore(home.path, '/home/ada/app');
  store.save({ draft: ['a'], queue: [] }, 'thread-1');
  store.save({ draft: [], queue: [] }, 'thread-1');
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([]);
  store.save({ draft: ['a'], queue: [] }, 'thread-1');
  const [name = ''] = readdirSync(join(home.path, 'drafts'));
  home.write({ [`drafts/${name}`]: '{"draft":7}' });
  expect(new DraftStore(home.path, '/home/ada/app').takeOver(NEW)).toBeNull();
});

test('a draft that was taken over is kept until the next save', () => {
  using home = tempDir();
  const saved = { draft: ['a'], queue: [] };
  new DraftStore(home.path, '/home/ada/app').save(saved, 'thread-1');
  const [name = ''] = readdirSync(join(home.path, 'drafts'));
  const ofDeadProcess = name.replace(/\d+\.json$/, '4194999.json');
  renameSync(join(home.path, 'drafts', name), join(home.path, 'drafts', ofDeadProcess));
  const next = new DraftStore(home.path, '/home/ada/app');
  expect(next.takeOver(NEW)).toEqual(saved);
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([name]);
  next.clear();
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([]);
});

test('17.6: a draft belongs to its thread: who resumes that has it again, also elsewhere, and who resumes another has not', () => {
  using home = tempDir();
  const saved = { draft: ['a'], queue: [['b']] };
  new DraftStore(home.path, '/home/ada/app').save(saved, 'thread-1');
  const next = new DraftStore(home.path, '/home/ada/other');
  expect(next.takeOver({ type: 'recorded', threadId: 'thread-2' })).toBeNull();
  expect(next.takeOver({ type: 'recorded', threadId: 'thread-1' })).toEqual(saved);
  expect(readdirSync(join(home.path, 'drafts'))).toHaveLength(1);
  next.clear();
});

test('a new thread has the newest draft of its directory, of whichever thread', () => {
  using home = tempDir();
  const store = new DraftStore(home.path, '/home/ada/app');
  store.save({ draft: ['a'], queue: [] }, null);
  expect(new DraftStore(home.path, '/home/ada/app').takeOver({ type: 'recorded', threadId: 'x' })).toBeNull();
  expect(new DraftStore(home.path, '/home/ada/app').takeOver(NEW)).toEqual({ draft: ['a'], queue: [] });
});
