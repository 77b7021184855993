import { expect, test } from 'vitest';
import { wordsIn } from '../src/settings.ts';
import { isWorkerAddress } from '../src/worker-address.ts';

test.each([
  ['http://127.0.0.1:9081', '', true],
  ['http://worker-0.peers:9081', 'worker-0.peers', true],
  ['http://worker-0.peers:9081', '.peers', true],
  ['http://worker-0.peers:9081', 'other, .peers', true],
  ['http://worker-0.peers:9081', '', false],
  ['http://evil.example', '.peers', false],
  ['http://evilpeers', '.peers', false],
  ['http://evil.example/.peers', '.peers', false],
  ['http://worker-0.peers@evil.example', '.peers', false],
  ['no address', '.peers', false],
])('%s, with the workers %j: %s', (address, workers, isWorker) => {
  expect(isWorkerAddress(wordsIn(workers), address)).toBe(isWorker);
});
