/**
 * True when `text` holds `pattern` as whole words, whatever the case: `TH CT CHEST WO C` matches `CHEST`, `CHESTNUT` does not.
 * Words are runs of letters and digits of any script; the words of the pattern must follow each other.
 */
export function matchesByWord(text: string, pattern: string): boolean {
  const words = wordsOf(text);
  const wanted = wordsOf(pattern);
  if (wanted.length === 0) return false;
  return words.some((_, start) => wanted.every((word, i) => words[start + i] === word));
}

function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKC').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
