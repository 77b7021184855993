export { chatWire } from './wire.ts';
