/** What the kernel shows a filter of one system call. Arguments are 64 bits wide. */
export interface SeenCall {
  readonly number: number;
  readonly arch: number;
  readonly args?: readonly bigint[];
}

const VERDICTS = new Map([
  [0x7fff0000, 'allow'],
  [0x80000000, 'kill'],
  [0x00050001, 'EPERM'],
  [0x00050026, 'ENOSYS'],
]);

/** Runs a classic BPF program as the kernel does, and as strictly: unknown codes and wild jumps are errors. */
export function verdictOf(program: Uint8Array, call: SeenCall): string {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.byteLength; ) {
    const code = view.getUint16(at * 8, true);
    const [ifTrue, ifFalse] = [view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3)];
    const operand = view.getUint32(at * 8 + 4, true);
    at += 1;
    if (code === 0x20) accumulator = loaded(data, operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) at += accumulator === operand ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= operand ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? ifTrue : ifFalse;
    else if (code === 0x06) return VERDICTS.get(operand) ?? `0x${operand.toString(16)}`;
    else throw new Error(`instruction ${at - 1}: the kernel takes no code 0x${code.toString(16)}`);
  }
  throw new Error('the program runs past its end');
}

function seccompData({ number, arch, args = [] }: SeenCall): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [n, value] of args.entries()) data.setBigUint64(16 + n * 8, value, true);
  return data;
}

function loaded(data: DataView, offset: number): number {
  if (offset % 4 !== 0) throw new Error(`a load at ${offset} is not aligned`);
  return data.getUint32(offset, true);
}
