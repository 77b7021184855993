/** A value of a GGUF file's metadata, by the format's own types. */
export type MetadataValue =
  | { readonly type: 'uint32'; readonly value: number }
  | { readonly type: 'float32'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] }
  | { readonly type: 'float32s'; readonly value: readonly number[] };

/** A tensor of 32-bit floats. `shape` has the fastest changing dimension first. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const VERSION = 3;
const ALIGNMENT = 32;
/** Numbers of the format's types. */
const TYPES = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
const FLOAT32_TENSOR = 0;

/** The bytes of a GGUF file, version 3, little endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
export function ggufFile(metadata: Readonly<Record<string, MetadataValue>>, tensors: readonly Tensor[]): Buffer {
  const entries = Object.entries(metadata);
  const head = [Buffer.from('GGUF'), uint32(VERSION), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) head.push(text(key), ...valueBytes(value));
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    head.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(FLOAT32_TENSOR), uint64(offset));
    offset += aligned(values.byteLength);
  }
  const start = Buffer.concat(head);
  const data = tensors.map(({ values }) => padded(Buffer.from(values.buffer, values.byteOffset, values.byteLength)));
  return Buffer.concat([padded(start), ...data]);
}

function valueBytes(entry: MetadataValue): Buffer[] {
  switch (entry.type) {
    case 'uint32':
      return [uint32(TYPES.uint32), uint32(entry.value)];
    case 'float32':
      return [uint32(TYPES.float32), float32(entry.value)];
    case 'string':
      return [uint32(TYPES.string), text(entry.value)];
    case 'strings':
      return array(TYPES.string, entry.value.map(text));
    case 'int32s':
      return array(TYPES.int32, entry.value.map(uint32));
    case 'float32s':
      return array(TYPES.float32, entry.value.map(float32));
  }
}

function array(type: number, values: readonly Buffer[]): Buffer[] {
  return [uint32(TYPES.array), uint32(type), uint64(values.length), ...values];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

const aligned = (length: number) => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}
