import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { userHome } from '../../../src/foundation/util/index.ts';

test('the user\u2019s directory is the one that HOME names', () => {
  expect(userHome({ HOME: '/home/ada' })).toBe('/home/ada');
});

test.each([{}, { HOME: '' }, { HOME: undefined }])(
  'it is the one that the system has where HOME says nothing: %j',
  (env) => {
    expect(userHome(env)).toBe(homedir());
  },
);
