/** The file by which a folder is known as a model package. */
export const MODEL_MANIFEST = 'model.json';
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** MAJOR.MINOR.PATCH. */
export function isModelVersion(name: string): boolean {
  return VERSION.test(name);
}

/**
 * Which package a folder stands for, by the names of what lies in it: `.` where it is a package itself, else the
 * highest version, else undefined. Whoever looks a model up goes by this one rule.
 */
export function packageIn(names: readonly string[]): string | undefined {
  if (names.includes(MODEL_MANIFEST)) return '.';
  return names.filter(isModelVersion).sort(compareVersions).at(-1);
}

function compareVersions(first: string, second: string): number {
  const [a, b] = [first, second].map((text) => text.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
