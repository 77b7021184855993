import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidV7 } from '../../../src/foundation/util/index.ts';

test('an id has the form of version 7, and says when it was made', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (ms) => {
      const id = uuidV7(ms);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(ms);
    }),
  );
});

test('ids of later moments sort behind', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 2 }), fc.integer({ min: 1, max: 10_000 }), (ms, later) => {
      const then = Math.min(ms + later, 2 ** 48 - 1);
      expect(uuidV7(ms) < uuidV7(then)).toBe(true);
    }),
  );
});

test('ids of one moment differ', () => {
  expect(new Set(Array.from({ length: 2_000 }, () => uuidV7(1_700_000_000_000))).size).toBe(2_000);
});
