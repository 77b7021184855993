export { anthropicWire } from './wire.ts';
