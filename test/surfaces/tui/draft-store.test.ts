import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DraftStore } from '../../../src/surfaces/tui/effects/draft-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const paste = { type: 'paste', label: '[Pasted Content 3 chars]', text: 'abc' } as const;
const image = { type: 'image', label: '[Image #1]', path: '/p/a.png' } as const;

test('a draft and its queue come back with their elements, until keel ends in order, and only in their directory', () => {
  using home = tempDir();
  const saved = { draft: ['a', 'é', paste, '\n', image], queue: [['x'], [image, 'y']] };
  new DraftStore(home.path, '/home/ada/app').save(saved);
  expect(new DraftStore(home.path, '/home/ada/other').takeOver()).toBeNull();
  const next = new DraftStore(home.path, '/home/ada/app');
  expect(next.takeOver()).toEqual(saved);
  next.clear();
  expect(new DraftStore(home.path, '/home/ada/app').takeOver()).toBeNull();
});

test('an empty draft leaves no file, and a damaged one is no draft', () => {
  using home = tempDir();
  const store = new DraftStore(home.path, '/home/ada/app');
  store.save({ draft: ['a'], queue: [] });
  store.save({ draft: [], queue: [] });
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([]);
  store.save({ draft: ['a'], queue: [] });
  const [name = ''] = readdirSync(join(home.path, 'drafts'));
  home.write({ [`drafts/${name}`]: '{"draft":7}' });
  expect(new DraftStore(home.path, '/home/ada/app').takeOver()).toBeNull();
});

test('a draft that was taken over is kept until the next save', () => {
  using home = tempDir();
  const saved = { draft: ['a'], queue: [] };
  new DraftStore(home.path, '/home/ada/app').save(saved);
  const [name = ''] = readdirSync(join(home.path, 'drafts'));
  const ofDeadProcess = name.replace(/\d+\.json$/, '4194999.json');
  renameSync(join(home.path, 'drafts', name), join(home.path, 'drafts', ofDeadProcess));
  const next = new DraftStore(home.path, '/home/ada/app');
  expect(next.takeOver()).toEqual(saved);
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([name]);
  next.clear();
  expect(readdirSync(join(home.path, 'drafts'))).toEqual([]);
});
