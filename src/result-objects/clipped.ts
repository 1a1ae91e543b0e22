/** At most `limit` characters, cut at a word where one ends near enough (LO, SH, CS limits of PS3.5 §6.2). Backslash would split the value: replaced. */
export function clipped(value: string, limit: number): string {
  const clean = value.replaceAll('\\', '/').replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(clean);
  if (characters.length <= limit) return clean;
  const cut = characters.slice(0, limit).join('');
  const space = cut.lastIndexOf(' ');
  return (space > limit * 0.7 ? cut.slice(0, space) : cut).trim();
}
