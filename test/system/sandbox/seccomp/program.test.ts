import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, type BpfLine, type BpfTest } from '../../../../src/system/process/confined/bpf.ts';
import { seccompProgram } from '../../../../src/system/sandbox/seccomp/program.ts';
import { verdictOf } from '../../../support/sandbox/bpf.ts';

const ALLOW = 0x7fff0000;
const REFUSE = 0x00050001;
const X64 = 0xc000003e;

function jump(test: BpfTest, value: number, then: string): BpfLine {
  return { type: 'jump', test, value, then };
}

describe('a filter that is put together', () => {
  const run = (lines: BpfLine[], number: number, args: bigint[] = []) =>
    verdictOf(assemble(lines), { number, arch: X64, args });
  const end: BpfLine[] = [
    { type: 'return', verdict: ALLOW },
    { type: 'label', name: 'no' },
    { type: 'return', verdict: REFUSE },
  ];

  it.each<[string, BpfLine, number, string]>([
    ['equal', jump('equal', 7, 'no'), 7, 'EPERM'],
    ['not equal', jump('equal', 7, 'no'), 8, 'allow'],
    ['at least', jump('atLeast', 7, 'no'), 7, 'EPERM'],
    ['less', jump('atLeast', 7, 'no'), 6, 'allow'],
    ['a bit', jump('anyBit', 0b110, 'no'), 0b010, 'EPERM'],
    ['no bit', jump('anyBit', 0b110, 'no'), 0b001, 'allow'],
    ['a large number, which has no sign', jump('atLeast', 0x80000000, 'no'), 0xffffffff, 'EPERM'],
  ])('jumps where the number is %s', (_, jump, number, verdict) => {
    expect(run([{ type: 'load', offset: 0 }, jump, ...end], number)).toBe(verdict);
  });

  it('looks at the bits that it is meant to', () => {
    const lines: BpfLine[] = [
      { type: 'load', offset: 16 },
      { type: 'mask', bits: 0xff },
      jump('equal', 2, 'no'),
      ...end,
    ];
    expect(run(lines, 1, [0x102n])).toBe('EPERM');
    expect(run(lines, 1, [0x201n])).toBe('allow');
  });

  it.each<[string, BpfLine[]]>([
    ['to nowhere', [jump('equal', 1, 'none'), ...end]],
    ['backwards', [{ type: 'label', name: 'back' }, { type: 'load', offset: 0 }, jump('equal', 1, 'back'), ...end]],
    [
      'too far',
      [jump('equal', 1, 'no'), ...Array.from({ length: 300 }, (): BpfLine => ({ type: 'load', offset: 0 })), ...end],
    ],
  ])('is refused where it jumps %s', (_, lines) => {
    expect(() => assemble(lines)).toThrow("can't jump to");
  });

  it('may jump as far as the kernel lets it', () => {
    const lines: BpfLine[] = [
      { type: 'load', offset: 0 },
      jump('equal', 1, 'no'),
      ...Array.from({ length: 254 }, (): BpfLine => ({ type: 'load', offset: 0 })),
      ...end,
    ];
    expect(run(lines, 1)).toBe('EPERM');
    expect(run(lines, 2)).toBe('allow');
  });

  it('decides as the same list of numbers does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 60 }), fc.nat(500), (refused, number) => {
        const lines: BpfLine[] = [
          { type: 'load', offset: 0 },
          ...refused.map((value): BpfLine => jump('equal', value, 'no')),
          ...end,
        ];
        expect(run(lines, number)).toBe(refused.includes(number) ? 'EPERM' : 'allow');
      }),
    );
  });
});

describe('the filter of a command', () => {
  it('gives a verdict on every call with whatever arguments, and never runs past its end', () => {
    const option = fc.record({
      arch: fc.constantFrom('x64' as const, 'arm64' as const),
      network: fc.constantFrom('full' as const, 'none' as const, 'loopback' as const),
      allowUnixSockets: fc.boolean(),
    });
    const call = fc.record({
      number: fc.oneof(fc.nat(600), fc.nat(0xffffffff)),
      arch: fc.constantFrom(X64, 0xc00000b7, 0x40000003, 0),
      args: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 6, maxLength: 6 }),
    });
    fc.assert(
      fc.property(option, call, (options, asked) => {
        expect(['allow', 'kill', 'EPERM', 'ENOSYS']).toContain(verdictOf(seccompProgram(options), asked));
      }),
      { numRuns: 500 },
    );
  });

  it('kills what is asked in the way of another machine', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(600), (arch, number) => {
        fc.pre(arch !== X64);
        expect(
          verdictOf(seccompProgram({ arch: 'x64', network: 'full', allowUnixSockets: true }), { number, arch }),
        ).toBe('kill');
      }),
    );
  });

  it('does not take the second table of calls that x86-64 has for another one', () => {
    const program = seccompProgram({ arch: 'x64', network: 'none', allowUnixSockets: false });
    for (const number of [101, 165, 155, 41]) {
      expect(verdictOf(program, { number: number | 0x40000000, arch: X64 })).not.toBe('allow');
    }
  });

  it('allows no more where more is closed', () => {
    const args = fc.array(fc.bigInt({ min: 0n, max: 0xffffffffn }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(500), args, (number, values) => {
        const of = (network: 'full' | 'none') =>
          verdictOf(seccompProgram({ arch: 'x64', network, allowUnixSockets: false }), {
            number,
            arch: X64,
            args: values,
          });
        if (of('full') !== 'allow') expect(of('none')).not.toBe('allow');
      }),
      { numRuns: 400 },
    );
  });
});
