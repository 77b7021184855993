import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { FileRecorder, NullRecorder, readRollout, rolloutPath } from '../../../src/storage/rollout/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { event, item, message, meta, THREAD } from './lines.ts';

const NOON = Date.UTC(2026, 0, 2, 12);
const now = () => NOON;
const run = promisify(execFile);

test('a rollout lies in its day’s folder under its time and id, for its owner only', async () => {
  using home = tempDir();
  const local = new Date(2026, 1, 3, 4, 5, 6).getTime();
  const path = rolloutPath(home.path, THREAD, local);
  expect(path).toBe(join(home.path, 'sessions/2026/02/03', `rollout-2026-02-03T04-05-06-${THREAD}.jsonl`));
  await FileRecorder.create(path, now).close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (let dir = dirname(path); dir !== home.path; dir = dirname(dir)) expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('each line has its time, its number, its type and its payload', async () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  const recorder = FileRecorder.create(path, now);
  recorder.append(meta());
  recorder.append(item(message('user', 'hi\nthere'), { turn: 't', step: 's' }), event('task_started'));
  await recorder.close();
  const lines = readFileSync(path, 'utf8').split('\n');
  const timestamp = '2026-01-02T12:00:00.000Z';
  expect(lines.pop()).toBe('');
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { timestamp, ordinal: 0, ...meta() },
    { timestamp, ordinal: 1, type: 'response_item', payload: message('user', 'hi\nthere'), turn: 't', step: 's' },
    { timestamp, ordinal: 2, type: 'event_msg', payload: { type: 'task_started' } },
  ]);
});

test('a line can be read by others as soon as append returns', () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  const recorder = FileRecorder.create(path, now);
  recorder.append(meta());
  expect(readRollout(path).lines).toEqual([meta()]);
  void recorder.close();
});

test('a file that is there is not created again', async () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  await FileRecorder.create(path, now).close();
  expect(() => FileRecorder.create(path, now)).toThrow(expect.objectContaining({ kind: 'storageFailed' }));
});

test('a file that is gone is not opened as a new one', () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  expect(() => FileRecorder.open(path, now, 0)).toThrow(expect.objectContaining({ kind: 'storageFailed' }));
  expect(() => statSync(path)).toThrow('ENOENT');
});

test('a line that a crash cut off is fenced: the next one is alone, and numbers continue', async () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  const first = FileRecorder.create(path, now);
  first.append(meta());
  await first.close();
  appendFileSync(path, '{"timestamp":"2026-01-02T12:00:0');
  const before = readRollout(path);
  const second = FileRecorder.open(path, now, before.nextOrdinal);
  second.append(event('task_started'));
  await second.close();
  const after = readRollout(path);
  expect(after.lines).toEqual([meta(), event('task_started')]);
  expect(after.warnings).toEqual([`line 2 of ${path} is damaged and left out`]);
  expect(readFileSync(path, 'utf8')).toContain('\n{"timestamp":"2026-01-02T12:00:00.000Z","ordinal":2,');
});

test('opening a file that ends well adds nothing to it', async () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  const first = FileRecorder.create(path, now);
  first.append(meta());
  await first.close();
  const text = readFileSync(path, 'utf8');
  await FileRecorder.open(path, now, 1).close();
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('syncs may overlap, and a closed recorder takes no lines', async () => {
  using home = tempDir();
  const recorder = FileRecorder.create(join(home.path, 'rollout.jsonl'), now);
  recorder.append(meta());
  const first = recorder.sync();
  recorder.append(event('task_started'));
  const second = recorder.sync();
  const closings = [recorder.close(), recorder.close()];
  await Promise.all([first, second, ...closings]);
  expect(() => recorder.append(event('late'))).toThrow(expect.objectContaining({ kind: 'sessionClosed' }));
  await recorder.sync();
});

test('a full disk is reported as a failure of storage, with advice', () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  symlinkSync('/dev/full', path);
  const recorder = FileRecorder.open(path, now, 0);
  expect(() => recorder.append(meta())).toThrow(
    expect.objectContaining({ kind: 'storageFailed', message: expect.stringContaining('Free some space') }),
  );
});

/** Writes a short line, one that is too long for the file's limit, and a short one again. */
const WRITER = `
  const [, module, path] = process.argv;
  const { FileRecorder } = await import(module);
  const recorder = FileRecorder.create(path, () => 0);
  const line = (text) => ({ type: 'event_msg', payload: { type: 'agent_message', message: text } });
  recorder.append(line('first'));
  try {
    recorder.append(line('small'), line('x'.repeat(10_000)));
    console.log('written');
  } catch (error) {
    console.log(error.kind);
  }
  recorder.append(line('last'));
  await recorder.close();
`;

test('a write that fails half way leaves only whole lines, those before and those after', async () => {
  using home = tempDir();
  const path = join(home.path, 'rollout.jsonl');
  const module = join(import.meta.dirname, '../../../src/storage/rollout/index.ts');
  const limited = `ulimit -f 4; exec "$0" --input-type=module -e "$1" "$2" "$3"`;
  const { stdout } = await run('bash', ['-c', limited, process.execPath, WRITER, module, path]);
  expect(stdout).toBe('storageFailed\n');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { ordinal: 0, payload: { message: 'first' } },
    { ordinal: 1, payload: { message: 'last' } },
  ]);
});

test('a thread without a record takes everything and keeps nothing', async () => {
  const recorder = new NullRecorder();
  recorder.append();
  await recorder.sync();
  await recorder.close();
  expect(recorder.path).toBeNull();
});
