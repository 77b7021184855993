import { expect, test } from 'vitest';
import { monotonicMs, randomBytes, randomUUID, uuidV7 } from '../../../src/foundation/util/index.ts';

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are of their version, and never come twice', () => {
  const random = Array.from({ length: 2_000 }, randomUUID);
  const ordered = Array.from({ length: 2_000 }, () => uuidV7(1_700_000_000_000));
  expect(random.filter((id) => !VERSION_4.test(id))).toEqual([]);
  expect(ordered.filter((id) => !VERSION_7.test(id))).toEqual([]);
  expect(new Set([...random, ...ordered]).size).toBe(4_000);
});

test('an id of version 7 starts with its time', () => {
  expect(uuidV7(0x0123456789ab).replaceAll('-', '')).toMatch(/^0123456789ab7/);
  expect(
    [2, 10, 3]
      .map(uuidV7)
      .toSorted()
      .map((id) => Number.parseInt(id.slice(9, 13), 16)),
  ).toEqual([2, 3, 10]);
});

test.each([0, 1, 6, 16, 511, 512, 513, 100_000])('%i random bytes are as many, and bytes of their own', (count) => {
  const [one, other] = [randomBytes(count), randomBytes(count)];
  expect([one.length, other.length]).toEqual([count, count]);
  // Of 16 bytes and more no two are ever equal.
  if (count >= 16) expect(one.equals(other)).toBe(false);
  const before = Buffer.from(other);
  one.fill(0);
  expect(other.equals(before)).toBe(true);
});

test('every value of a byte comes about as often as every other', () => {
  const counts = new Array<number>(256).fill(0);
  for (let at = 0; at < 1_000; at += 1) for (const byte of randomBytes(64)) counts[byte] = (counts[byte] ?? 0) + 1;
  // 250 are expected of each; eight times the standard deviation on either side.
  expect(Math.min(...counts)).toBeGreaterThan(120);
  expect(Math.max(...counts)).toBeLessThan(380);
});

test('the clock only moves forwards, by milliseconds', async () => {
  const [first, second] = [monotonicMs(), monotonicMs()];
  expect(second).toBeGreaterThanOrEqual(first);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const passed = monotonicMs() - first;
  expect(passed).toBeGreaterThan(15);
  expect(passed).toBeLessThan(30_000);
});
