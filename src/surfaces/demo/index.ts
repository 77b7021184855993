export { type DemoIo, runDemo } from './run-demo.ts';
