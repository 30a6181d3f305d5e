/** Marks the blocks of a picture: which runs, how often, how long and in how much memory. */
import { type BlockRun, pathKey, type RunState } from '../run/run-state'
import { bytes, milliseconds } from '../text'

const SVG = 'http://www.w3.org/2000/svg'

const KEYS: readonly string[] = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End']

/** A block in the picture. */
interface MarkedBlock {
  readonly group: SVGGElement
  readonly badge: SVGGElement
}

/** The blocks of one picture. */
export class BlockMarks {
  private readonly blocks = new Map<string, MarkedBlock>()

  constructor(svg: SVGSVGElement, onSelect: (path: readonly string[]) => void) {
    // What is inside can be reached: it is more than an image.
    svg.setAttribute('role', 'group')
    const badges = document.createElementNS(SVG, 'g')
    for (const group of svg.querySelectorAll<SVGGElement>('g[data-path]')) {
      const path = JSON.parse(group.dataset['path'] ?? '[]') as string[]
      const badge = document.createElementNS(SVG, 'g')
      badge.setAttribute('class', 'badge')
      badge.setAttribute('aria-hidden', 'true')
      badges.append(badge)
      this.blocks.set(pathKey(path), { group, badge })
      group.setAttribute('tabindex', this.blocks.size === 1 ? '0' : '-1')
      group.setAttribute('role', 'button')
      group.addEventListener('click', () => onSelect(path))
      group.addEventListener('keydown', event => {
        const isChosen = event.key === 'Enter' || event.key === ' '
        if (!isChosen && !KEYS.includes(event.key)) return
        event.preventDefault()
        if (isChosen) onSelect(path)
        else this.move(pathKey(path), event.key)
      })
    }
    svg.append(badges)
  }

  /** Moves the focus to another block. One block alone is in the order of the page, so that tab leaves the picture. */
  private move(from: string, key: string): void {
    const keys = [...this.blocks.keys()]
    const last = keys.length - 1
    const now = keys.indexOf(from)
    const steps: Readonly<Record<string, number>> = { Home: 0, End: last, ArrowUp: now - 1, ArrowLeft: now - 1 }
    const next = keys[Math.min(last, Math.max(0, steps[key] ?? now + 1))] ?? from
    for (const [each, { group }] of this.blocks) group.setAttribute('tabindex', each === next ? '0' : '-1')
    this.blocks.get(next)?.group.focus()
  }

  /** Shows a run. */
  show(run: RunState | undefined, selected: string | undefined): void {
    for (const [key, marked] of this.blocks) {
      const block = run?.blocks.get(key)
      const { group } = marked
      const status = block?.status
      for (const name of ['running', 'done', 'failed'] as const) group.classList.toggle(`is-${name}`, status === name)
      group.classList.toggle('is-selected', key === selected)
      group.setAttribute('aria-pressed', String(key === selected))
      const text = block ? textOf(block) : ''
      // The name is what is written in the block.
      group.setAttribute('aria-description', [status, text].filter(Boolean).join(', '))
      drawBadge(marked, text)
    }
  }
}

function textOf({ step, total, runs, duration, memory, status }: BlockRun): string {
  const count = step === undefined ? (runs > 1 ? `${runs} ×` : '') : `${step}${total == null ? '' : ` of ${total}`}`
  const time = runs > 0 ? milliseconds(duration) : status === 'running' ? '…' : ''
  return [count, time, memory === undefined ? '' : bytes(memory)].filter(Boolean).join(' · ')
}

function drawBadge({ group, badge }: MarkedBlock, text: string): void {
  if (badge.dataset['text'] === text) return
  badge.dataset['text'] = text
  badge.replaceChildren()
  const box = group.querySelector('rect')
  if (text === '' || box === null) return
  const [x, y, width] = ['x', 'y', 'width'].map(name => Number(box.getAttribute(name))) as [number, number, number]
  const label = document.createElementNS(SVG, 'text')
  label.textContent = text
  badge.append(label)
  const room = label.getComputedTextLength() + 12
  const pill = document.createElementNS(SVG, 'rect')
  const left = x + width - room - 6
  for (const [name, value] of Object.entries({ x: left, y: y - 12, width: room, height: 16, rx: 8 })) {
    pill.setAttribute(name, String(value))
  }
  label.setAttribute('x', String(left + 6))
  label.setAttribute('y', String(y - 0.5))
  badge.prepend(pill)
}
