import { beforeEach, describe, expect, test } from 'vitest';
import { SessionRules } from '../../../../src/engine/session/environment/command-rules.ts';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';

const { home, repo } = freshPlaces();
let rules: SessionRules;
beforeEach(async () => {
  const env = { HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'test' };
  const config = await loadConfig({ cwd: repo.path, env, overrides: [], flags: {}, systemDir: home.path });
  rules = new SessionRules(config);
});

/** Whether a command that only reads gets the settings under which git starts nothing. */
function isHardened(argv: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  const spec = { argv: [...argv], cwd: repo.path, env: { PATH: '/usr/bin:/bin', ...env } };
  return Object.keys(rules.reading(spec).env).some((name) => name.startsWith('GIT_CONFIG_'));
}

describe('the environment of a command that only reads', () => {
  test('has the settings for git where git may be started', () => {
    for (const script of ['git status', 'cd . && git log', '/usr/bin/git diff', "'git' show", 'gi""t branch']) {
      expect(isHardened(['/bin/bash', '-c', script]), script).toBe(true);
    }
    expect(isHardened(['git', 'status'])).toBe(true);
  });

  test('has them where a start-up file can give any name another meaning', () => {
    expect(isHardened(['/bin/bash', '-lc', 'cd sub && ls'])).toBe(true);
    expect(isHardened(['/bin/zsh', '-c', 'ls'])).toBe(true);
    expect(isHardened(['/bin/bash', '-c', 'ls'], { BASH_ENV: '/home/ada/.env.sh' })).toBe(true);
  });

  test('has them where the words of a script are not known', () => {
    expect(isHardened(['/bin/bash', '-c', 'for i in 1; do ls; done'])).toBe(true);
  });

  test('stays as it is for all others', () => {
    expect(isHardened(['/bin/bash', '-c', 'ls -l && cat a.txt | head -3'])).toBe(false);
    expect(isHardened(['ls'])).toBe(false);
  });
});
