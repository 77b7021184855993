import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LookUps } from '../../../../src/surfaces/tui/effects/look-ups.ts';
import type { Message } from '../../../../src/surfaces/tui/message.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const folder = freshDirectory();

async function messagesOf(work: (lookUps: LookUps) => Promise<void>): Promise<Message[]> {
  const messages: Message[] = [];
  const lookUps = new LookUps((message) => messages.push(message));
  await work(lookUps);
  lookUps.close();
  return messages;
}

test('the path of a pasted image counts if a file is there: no directory, nothing that is gone', async () => {
  folder.write({ 'a.png': 'x' });
  mkdirSync(join(folder.path, 'b.png'));
  const found = (name: string) => messagesOf((lookUps) => lookUps.findImage(join(folder.path, name), name));
  expect(await found('a.png')).toEqual([{ type: 'imageFound', path: join(folder.path, 'a.png'), text: 'a.png' }]);
  expect(await found('b.png')).toEqual([]);
  expect(await found('c.png')).toEqual([]);
});

test('/init looks for an AGENTS.md in the directory of the thread', async () => {
  const checked = () => messagesOf((lookUps) => lookUps.checkInit(folder.path));
  expect(await checked()).toEqual([{ type: 'initChecked', hasAgentsFile: false }]);
  folder.write({ 'AGENTS.md': 'Be brief.\n' });
  expect(await checked()).toEqual([{ type: 'initChecked', hasAgentsFile: true }]);
});
