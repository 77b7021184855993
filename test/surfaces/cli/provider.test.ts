import { expect, test } from 'vitest';
import { startModelServer } from '../../../src/testing/index.ts';
import { obedientModel } from '../../models/conformance/obedient-model.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome } from '../../support/temp-dir.ts';

test('keel provider test says in words what works, and its exit code whether keel can work with it', async () => {
  using home = keelHome();
  using repo = gitRepository();
  await using sound = await startModelServer(obedientModel({ refusesPictures: true }));
  const keel = (url: string, ...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url });
  const house = `model_providers.house={name="House", base_url="${sound.url}", wire_api="chat"}`;
  const run = await keel('http://127.0.0.1:1', 'provider', 'test', 'house', '-m', 'm', '-c', house);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^House, m \(wire_api = "chat"\)\ntext +works +answers/);
  expect(run.stdout).toMatch(/tools +works +calls a tool and reads its result/);
  expect(run.stdout).toMatch(/for config.toml:\n {2}model_providers.house.quirks.pictures = "omitted"/);

  await using deaf = await startModelServer(obedientModel({ isDeaf: true }));
  const useless = await keel(deaf.url, 'provider', 'test', '--json', '-m', 'gpt-5');
  expect(useless.code).toBe(1);
  expect(JSON.parse(useless.stdout)).toMatchObject({ provider: 'openai', model: 'gpt-5', usable: false });
  expect((await keel(deaf.url, 'provider', 'check')).code).toBe(2);
});
