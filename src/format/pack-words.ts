/** Words in lines. */

/** Puts words into as few lines as fit, in their order. A word that does not fit has a line of its own; of none, one empty line is made. */
export function packWords(words: readonly string[], fits: (line: string) => boolean): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    const longer = line ? `${line} ${word}` : word
    if (line && !fits(longer)) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
