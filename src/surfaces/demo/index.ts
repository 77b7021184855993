export type { DemoIo } from './demo-place.ts';
export { type OpenDemo, openDemo } from './open-demo.ts';
export { runDemo } from './run-demo.ts';
