import { assertNever } from '../../../foundation/util/index.ts';

/** One line of a classic BPF program, as far as a system call filter needs them. Jumps only go forward, to a label. */
export type BpfLine =
  /** Puts the 32-bit word at this byte of `struct seccomp_data` into the accumulator. */
  | { readonly type: 'load'; readonly offset: number }
  /** Keeps only these bits of the accumulator. */
  | { readonly type: 'mask'; readonly bits: number }
  /** Goes to `then` where the accumulator passes the test against `value` (unsigned), else on with the next line. */
  | { readonly type: 'jump'; readonly test: BpfTest; readonly value: number; readonly then: string }
  /** Ends the program with a verdict. */
  | { readonly type: 'return'; readonly verdict: number }
  | { readonly type: 'label'; readonly name: string };

export type BpfTest = 'equal' | 'atLeast' | 'anyBit';

/** Bytes of an instruction: code (16 bits), two jump distances (8 bits each), operand (32 bits). */
const RECORD_BYTES = 8;
const MAX_DISTANCE = 0xff;
const LOAD_WORD = 0x20;
const AND = 0x54;
const RETURN = 0x06;
const JUMPS = { equal: 0x15, atLeast: 0x35, anyBit: 0x45 } as const satisfies Record<BpfTest, number>;

/**
 * The program as the kernel takes it, in the byte order of x86-64 and arm64 (little endian).
 * @throws if a label is missing, or lies behind or too far ahead of a jump: a fault of the program's author
 */
export function assemble(lines: readonly BpfLine[]): Uint8Array {
  const places = placesOf(lines);
  const instructions = lines.filter((line) => line.type !== 'label');
  const bytes = new Uint8Array(instructions.length * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [at, line] of instructions.entries()) {
    const { code, operand, distance } = encode(line, at, places);
    view.setUint16(at * RECORD_BYTES, code, true);
    view.setUint8(at * RECORD_BYTES + 2, distance);
    view.setUint32(at * RECORD_BYTES + 4, operand, true);
  }
  return bytes;
}

/** Which instruction follows each label. */
function placesOf(lines: readonly BpfLine[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let next = 0;
  for (const line of lines) {
    if (line.type === 'label') places.set(line.name, next);
    else next += 1;
  }
  return places;
}

function encode(line: Exclude<BpfLine, { type: 'label' }>, at: number, places: ReadonlyMap<string, number>) {
  switch (line.type) {
    case 'load':
      return { code: LOAD_WORD, operand: line.offset, distance: 0 };
    case 'mask':
      return { code: AND, operand: line.bits, distance: 0 };
    case 'return':
      return { code: RETURN, operand: line.verdict, distance: 0 };
    case 'jump':
      return { code: JUMPS[line.test], operand: line.value, distance: distanceTo(line.then, at, places) };
    default:
      return assertNever(line, 'line of a filter');
  }
}

function distanceTo(label: string, at: number, places: ReadonlyMap<string, number>): number {
  const distance = (places.get(label) ?? -1) - at - 1;
  if (distance < 0 || distance > MAX_DISTANCE) throw new Error(`a filter can't jump to ${label} from line ${at}`);
  return distance;
}
