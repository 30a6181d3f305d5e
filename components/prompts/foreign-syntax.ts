/** Finds syntax in prompts that is not followed. */

/** Characters of a prompt that are searched: what comes later is not seen. */
const SEARCHED = 4096

/** What reads as AUTOMATIC1111's syntax and hardly as anything else. */
const A1111_SYNTAX = [
  /\([^()[\]]*:\s*[+-]?[.\d]+\s*\)/,
  /\(\([^()[\]]+\)\)/,
  /\[\[[^()[\]]+\]\]/,
  /\\[()[\]]/,
  /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u,
]

/** Tags such as `<lora:name:0.8>`: files that the web UI loads for a prompt. */
const NETWORK_TAG = /<(?:lora|lyco|hypernet):[^<>]*>/gi

const BRACKETS = /\[[^[\]]*\]/g
const CHANGES_WITH_STEPS = /\||:\s*[.\d]+\s*\]$/
const COMPOSED = /(?<![\p{L}\p{N}_])AND(?![\p{L}\p{N}_])/u

/** Returns the first part of a plain prompt that looks as if it was written in AUTOMATIC1111's syntax. */
export function a1111SyntaxIn(prompt: string): string | undefined {
  const text = prompt.slice(0, SEARCHED)
  for (const pattern of [...A1111_SYNTAX, new RegExp(NETWORK_TAG.source, 'i')]) {
    const found = pattern.exec(text)
    if (found) return found[0]
  }
  return undefined
}

/** Returns a part of a prompt that is not supported: one that changes with the steps, `[cat:dog:0.5]` or `[cat|dog]`, or `AND`, which composes several. */
export function unsupportedSyntaxIn(prompt: string): string | undefined {
  const text = prompt.slice(0, SEARCHED)
  const changing = [...text.matchAll(BRACKETS)].find(([part]) => CHANGES_WITH_STEPS.test(part))
  return changing?.[0] ?? COMPOSED.exec(text)?.[0]
}

/** Takes tags such as `<lora:name:0.8>` out of a prompt. */
export function takeNetworkTags(prompt: string): { text: string; tags: string[] } {
  const tags: string[] = []
  const text = prompt.replace(NETWORK_TAG, tag => {
    tags.push(tag)
    return ''
  })
  return { text, tags }
}
