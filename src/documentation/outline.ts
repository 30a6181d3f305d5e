/** The parts of a block as a nested list, as text or as Markdown. */
import { classNameOf } from '../format/class-name'
import type { BlockNode } from '../wiring/block-node'
import { isConditional } from '../wiring/blocks'

/** How the pieces of an outline are written. */
export interface OutlineStyle {
  readonly name: (text: string) => string
  readonly className: (text: string) => string
  readonly description: (text: string) => string
}

/** One line for each block inside, indented by its depth: numbers for what runs in turn, dashes for branches. */
export function outlineLines(block: BlockNode, style: OutlineStyle, indent = ''): string[] {
  return [...block.subBlocks].flatMap(([name, part], i) => {
    const mark = isConditional(block) ? '-' : `${i + 1}.`
    const [first = ''] = part.description.split('\n')
    const kind = part.kind === 'loop' ? ', a loop' : isConditional(part) ? ', a choice' : ''
    const head = `${indent}${mark} ${style.name(name)} (${style.className(classNameOf(part))}${kind})`
    const line = first ? `${head}: ${style.description(first)}` : head
    // Markdown nests by the width of the mark above.
    return [line, ...outlineLines(part, style, `${indent}${' '.repeat(mark.length + 1)}`)]
  })
}
