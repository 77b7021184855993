import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileFault, readObeyedFile, UntrustedFile } from '../../../src/foundation/files/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const dir = freshDirectory();
const isRoot = process.getuid?.() === 0;
const at = (name: string) => join(dir.path, name);
const limits = () => ({ below: dir.path });
const read = (name: string, maxBytes = 1_024) => readObeyedFile(at(name), { maxBytes, limits }).toString();

describe('a file that keel takes orders from', () => {
  it('is read where only its user may write it', () => {
    dir.write({ 'a/rules': 'text' });
    expect(read('a/rules')).toBe('text');
    symlinkSync('a/rules', at('link'));
    expect(read('link')).toBe('text');
  });

  it.each<[string, () => void, string]>([
    ['everyone may write', () => chmodSync(at('a/rules'), 0o666), 'rules can be written by everyone'],
    ['lies where everyone may write', () => chmodSync(at('a'), 0o777), 'a can be written by everyone'],
  ])('is refused where %s', (_, change, fault) => {
    dir.write({ 'a/rules': 'text' });
    change();
    expect(() => read('a/rules')).toThrow(UntrustedFile);
    expect(() => read('a/rules')).toThrow(fault);
  });

  it('is refused behind a link that everyone may change', () => {
    dir.write({ 'a/rules': 'text' });
    mkdirSync(at('open'));
    symlinkSync(at('a/rules'), at('open/link'));
    chmodSync(at('open'), 0o777);
    expect(() => read('open/link')).toThrow(UntrustedFile);
  });

  it.runIf(isRoot)('is refused where another user owns it', () => {
    dir.write({ rules: 'text' });
    chownSync(at('rules'), 12_345, 12_345);
    expect(() => read('rules')).toThrow('belongs to another user (uid 12345)');
  });

  it('is refused where it is too long, and where it is no file', () => {
    dir.write({ rules: 'x'.repeat(20), 'd/x': '' });
    expect(() => read('rules', 19)).toThrow('larger than 19 bytes');
    expect(read('rules', 20)).toHaveLength(20);
    expect(() => read('d')).toThrow('it is a directory');
    expect(() => read('none')).toThrow('ENOENT');
  });

  it('is judged by its place as well, which is where links led', () => {
    dir.write({ 'in/rules': 'mine', 'out/rules': 'other' });
    symlinkSync('../out/rules', at('in/link'));
    const judge = ({ path }: { readonly path: string }) => (path.startsWith(at('in/')) ? null : 'it leads out');
    const judged = (name: string) => readObeyedFile(at(name), { maxBytes: 99, limits, judge });
    expect(judged('in/rules').toString()).toBe('mine');
    expect(() => judged('in/link')).toThrow(FileFault);
    expect(() => judged('in/link')).toThrow('it leads out');
  });
});
