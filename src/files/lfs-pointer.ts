/** Recognises what Git leaves in the place of a large file that was not fetched. */

const BEGIN = 'version https://git-lfs.github.com/spec/'

/** What to do about a pointer of Git LFS, as a sentence; `undefined` for any other content. */
export function lfsAdvice(content: string | Uint8Array): string | undefined {
  const start =
    typeof content === 'string'
      ? content.slice(0, BEGIN.length)
      : Buffer.from(content.buffer, content.byteOffset, Math.min(content.length, BEGIN.length)).toString('latin1')
  return start === BEGIN ? 'This is a Git LFS pointer: fetch the file itself with "git lfs pull".' : undefined
}
