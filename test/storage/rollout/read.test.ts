import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRollout, threadLog } from '../../../src/storage/rollout/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { event, fileText, item, message, meta, THREAD } from './lines.ts';

function read(text: string) {
  using dir = tempDir();
  dir.write({ 'rollout.jsonl': text });
  return readRollout(join(dir.path, 'rollout.jsonl'));
}

const ofDamaged = (line: number) => expect.stringMatching(new RegExp(`^line ${line} of .*rollout\\.jsonl is damaged`));

test('24: a truncated last line and a line of unknown type are left out with a warning each, the rest is kept', () => {
  const lines = [meta(), item(message('user', 'hi'))];
  const unknown = `${JSON.stringify({ type: 'world_state', payload: {} })}\n`;
  const rollout = read(`${fileText(lines)}${unknown}{"timestamp":"2026-`);
  expect(rollout.lines).toEqual(lines);
  expect(rollout.warnings).toEqual([ofDamaged(4), expect.stringContaining('left out: world_state (1)')]);
  expect(rollout.nextOrdinal).toBe(4);
});

test('24: an empty file and one without session metadata are refused', () => {
  expect(() => read('')).toThrow(
    expect.objectContaining({ kind: 'rolloutCorrupt', message: expect.stringContaining('is empty') }),
  );
  expect(() => read(fileText([event('task_started')]))).toThrow(
    expect.objectContaining({
      kind: 'rolloutCorrupt',
      message: expect.stringContaining('does not say which thread'),
    }),
  );
});

test('a file that can’t be read is reported with its path', () => {
  expect(() => readRollout('/nowhere/rollout.jsonl')).toThrow(
    expect.objectContaining({ kind: 'rolloutCorrupt', message: expect.stringContaining('/nowhere/rollout.jsonl') }),
  );
});

test('blank lines are no damage', () => {
  const rollout = read(`${fileText([meta()])}\n  \n${fileText([event('task_started')])}`);
  expect(rollout.lines).toHaveLength(2);
  expect(rollout.warnings).toEqual([]);
});

test('warnings are few however many lines are damaged', () => {
  const rollout = read(`${fileText([meta()])}${'{"torn\n'.repeat(1_000)}`);
  expect(rollout.warnings).toHaveLength(6);
  expect(rollout.warnings.at(-1)).toMatch(/^995 more lines/);
});

test('the first metadata says which thread it is: a fork carries its parent’s behind its own', () => {
  const rollout = read(fileText([meta(), meta({ id: '11111111-2222-4333-8444-555555555555' })]));
  expect(rollout.meta.id).toBe(THREAD);
});

test('metadata with details of later days still says which thread it is', () => {
  const rollout = read(fileText([meta({ source: 'somethingNew', git: 'somewhere', agent_nickname: 'x' })]));
  expect(rollout.meta).toMatchObject({ id: THREAD, cwd: '/w', agent_nickname: 'x' });
  expect(rollout.warnings).toEqual([]);
});

test('M47: a response item of a kind that nobody knows is not taken over', () => {
  const unknown = JSON.stringify({ type: 'response_item', payload: { type: 'hologram', data: 1 } });
  const rollout = read(`${fileText([meta(), item(message('user', 'hi'))])}${unknown}\n`);
  expect(threadLog(rollout).history).toEqual([{ type: 'item', item: message('user', 'hi') }]);
});

test('a line may be longer than any buffer, with characters that fall between two reads', () => {
  const text = 'aä€🙂'.repeat(400_000);
  const rollout = read(fileText([meta(), item(message('user', text)), event('task_started')]));
  expect(rollout.lines).toEqual([meta(), item(message('user', text)), event('task_started')]);
});

test('a thread of 20 MB is read in a few times what its JSON alone takes', () => {
  const large = item(message('assistant', 'x'.repeat(1_000)));
  const text = fileText([meta(), ...Array.from({ length: 18_000 }, () => large)]);
  const floor = cpuSeconds(() => text.split('\n').map((line) => (line === '' ? null : JSON.parse(line))));
  expect(cpuSeconds(() => expect(read(text).lines).toHaveLength(18_001))).toBeLessThan(10 * floor + 0.5);
});
