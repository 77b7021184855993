import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KnownWays, writableByOthers } from '../../../../src/foundation/util/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const dir = freshDirectory();
const at = (name: string) => join(realpathSync(dir.path), name);
const pathsTo = (ways: KnownWays, path: string) => [...ways.to(path)].map((place) => place.path);

describe('the way to a program', () => {
  it('is looked at once where only root can change it', () => {
    const ways = new KnownWays();
    const shell = realpathSync('/bin/sh');
    expect(ways.to(shell)).toBe(ways.to(shell));
    expect(pathsTo(ways, shell).at(-1)).toBe(shell);
  });

  it('is looked at each time where a directory on it is open to others, also one with the sticky bit', () => {
    dir.write({ one: '', two: '' });
    symlinkSync(at('one'), at('program'));
    const ways = new KnownWays();
    expect(pathsTo(ways, at('program')).at(-1)).toBe(at('one'));
    unlinkSync(at('program'));
    symlinkSync(at('two'), at('program'));
    expect(pathsTo(ways, at('program')).at(-1)).toBe(at('two'));
  });

  it('is judged again by the directories in which commands may write, whatever was kept', () => {
    const ways = new KnownWays();
    const shell = realpathSync('/bin/sh');
    const wayTo = (path: string) => ways.to(path);
    expect(writableByOthers(shell, { wayTo })).toBeNull();
    expect(writableByOthers(shell, { wayTo, roots: ['/usr'] })).toMatch(/is in \/usr, where commands may write$/);
    expect(writableByOthers(shell, { wayTo, roots: ['/opt'] })).toBeNull();
  });

  it('that becomes open to others is seen, as it was in reach of more than root before', () => {
    dir.write({ program: '' });
    const ways = new KnownWays();
    const wayTo = (path: string) => ways.to(path);
    expect(writableByOthers(at('program'), { wayTo })).toBeNull();
    chmodSync(at('program'), 0o666);
    expect(writableByOthers(at('program'), { wayTo })).toBe(`${at('program')} can be written by everyone`);
  });

  it.runIf(process.getuid?.() === 0)('is looked at again when root has changed a link on it, or its end', () => {
    const place = mkdtempSync('/var/lib/keel-ways-');
    try {
      for (const name of ['one', 'two']) writeFileSync(join(place, name), '');
      chmodSync(place, 0o755);
      const program = join(place, 'program');
      symlinkSync('one', program);
      const ways = new KnownWays();
      const wayTo = (path: string) => ways.to(path);
      const first = ways.to(program);
      expect(ways.to(program)).toBe(first);
      unlinkSync(program);
      symlinkSync('two', program);
      expect(pathsTo(ways, program).at(-1)).toBe(join(place, 'two'));
      expect(writableByOthers(program, { wayTo })).toBeNull();
      chmodSync(join(place, 'two'), 0o666);
      expect(writableByOthers(program, { wayTo })).toBe(`${join(place, 'two')} can be written by everyone`);
      unlinkSync(join(place, 'two'));
      expect(writableByOthers(program, { wayTo })).toContain("can't be checked");
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('that does not exist can be made later', () => {
    const ways = new KnownWays();
    expect(() => ways.to('/usr/bin/no-such-program')).toThrow('ENOENT');
    expect(() => ways.to('/usr/bin/no-such-program')).toThrow('ENOENT');
    dir.write({ later: '' });
    expect(pathsTo(ways, at('later')).at(-1)).toBe(at('later'));
  });
});
