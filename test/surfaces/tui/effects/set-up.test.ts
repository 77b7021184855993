import { expect, test } from 'vitest';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { loadConfig, loadConfigWithOrigins } from '../../../../src/storage/config/index.ts';
import { setUp } from '../../../../src/surfaces/tui/effects/set-up.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();

function setupOf(settings: string) {
  home.write({ 'config.toml': settings });
  const env = { PATH: '/usr/bin:/bin', KEEL_HOME: home.path, OPENAI_API_KEY: 'test' };
  const place = { env, cwd: home.path, overrides: [], flags: {}, systemDir: home.path };
  return setUp({
    version: '0.0.0',
    env,
    origin: { type: 'new' },
    prompt: null,
    isForScreenReader: false,
    images: [],
    loadConfig: () => loadConfig(place),
    loadTrusted: () => loadConfigWithOrigins({ ...place, flags: { trusted: true } }),
    otherProviders: async () => [],
    profile: null,
    describeConfig: async () => '',
    isAccessGiven: true,
    startDemo: null,
    canResume: true,
    notices: [],
  });
}

test('models to choose from are those of the settings, and those of the provider whose prices are known', async () => {
  const { setup } = await setupOf(
    'model = "mine"\nmodels.tuned = { efforts = ["low", "max"] }\nmodels.mute = { tools = false }\n' +
      'model_prices.priced = { input = 1, output = 2 }\n',
  );
  const named = new Map(setup.models.map(({ name, efforts }) => [name, efforts]));
  expect(named.get('tuned')).toEqual(['low', 'max']);
  expect(named.get('mine')).toBeNull();
  expect([...named.keys()]).toEqual(expect.arrayContaining(['mine', 'tuned', 'priced', 'gpt-5']));
  expect(named.has('mute')).toBe(false);
  expect([...named.keys()].some((name) => name.startsWith('claude'))).toBe(false);
  expect(named.get('gpt-5')).toEqual(modelInfo('gpt-5').efforts);
});

test('notifications are of the kinds that the settings name', async () => {
  expect((await setupOf('tui.notifications = ["approval-requested"]\n')).setup.notifications).toEqual([
    'approval-requested',
  ]);
  expect((await setupOf('tui.notifications = false\n')).setup.notifications).toEqual([]);
});
