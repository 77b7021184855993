/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How many colours the terminal shows. */
export type ColourDepth = 'none' | '16' | '256' | 'truecolor';

export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** `top` painted over `bottom` with an opacity of 0 to 1. */
export function blend(top: Rgb, bottom: Rgb, opacity: number): Rgb {
  const mix = (a: number, b: number) => Math.round(a * opacity + b * (1 - opacity));
  return [mix(top[0], bottom[0]), mix(top[1], bottom[1]), mix(top[2], bottom[2])];
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

export function isDark(background: Rgb): boolean {
  return luminance(background) < 0.18;
}

const CUBE_STEPS = [0, 95, 135, 175, 215, 255];

/** The nearest of the 240 fixed colours of a terminal with 256: a cube of 6×6×6 and 24 greys. */
export function nearest256(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => nearestIndex(CUBE_STEPS, channel));
  const cube: Rgb = [CUBE_STEPS[red ?? 0] ?? 0, CUBE_STEPS[green ?? 0] ?? 0, CUBE_STEPS[blue ?? 0] ?? 0];
  const step = Math.max(0, Math.min(23, Math.round(((colour[0] + colour[1] + colour[2]) / 3 - 8) / 10)));
  const grey = 8 + step * 10;
  if (distance([grey, grey, grey], colour) < distance(cube, colour)) return 232 + step;
  return 16 + 36 * (red ?? 0) + 6 * (green ?? 0) + (blue ?? 0);
}

function nearestIndex(steps: readonly number[], value: number): number {
  const distances = steps.map((step) => Math.abs(step - value));
  return distances.indexOf(Math.min(...distances));
}

function distance(a: Rgb, b: Rgb): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
