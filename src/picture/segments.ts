/** The lines of a picture, cut at the frames that they cross. */
import type { Picture, PictureBox, PictureLink } from './picture'

/** One line at one level of the tree, with all that flows along it. */
export interface Segment {
  readonly from: string
  readonly to: string
  readonly carried: boolean
  readonly missing: boolean
  /** Name → type. */
  readonly values: Map<string, string>
  /** Whether it goes from a frame to what is inside, or back. */
  readonly role: 'across' | 'in' | 'out'
}

/** Inputs and outputs of the whole, by their ids. */
export const PORT_ID = /^(in|out)\d+$/

/** The place where a frame is entered. */
export const entryPort = (box: string) => `${box}:in`
/** The place where it is left. */
export const exitPort = (box: string) => `${box}:out`

/**
 * Cuts every link at the frames that it crosses: all that enters a frame enters at one place, and all that leaves it leaves at one. So the lines
 * grow with the blocks, not with the pairs of them.
 */
export class Segments {
  readonly byFrame = new Map<string, Map<string, Segment>>()
  private readonly chains = new Map<string, readonly PictureBox[]>()

  constructor(
    picture: Picture,
    private readonly frame: PictureBox,
  ) {
    this.find(frame, [])
    for (const link of picture.links) this.add(link)
  }

  /** The frames around a box, and itself. */
  private find(box: PictureBox, around: readonly PictureBox[]): void {
    const chain = [...around, box]
    this.chains.set(box.id, chain)
    for (const part of box.parts) this.find(part, chain)
  }

  private add(link: PictureLink): void {
    const from = this.chains.get(link.from) ?? []
    const to = this.chains.get(link.to) ?? []
    const frame = this.meetingPlace(from, to, link.carried)
    // What a block alone carries from one iteration to the next goes nowhere in a picture.
    if (frame < 0) return
    const [start, end] = [from.slice(frame + 1), to.slice(frame + 1)]
    for (const [i, box] of start.entries()) {
      const inner = start[i + 1]
      if (inner) this.put(box.id, this.out(inner), exitPort(box.id), 'out', link)
    }
    for (const [i, box] of end.entries()) {
      const inner = end[i + 1]
      if (inner) this.put(box.id, entryPort(box.id), this.in(inner), 'in', link)
    }
    const meeting = (from[frame] ?? to[frame] ?? this.frame).id
    const source = start[0] ? this.out(start[0]) : link.from
    const target = end[0] ? this.in(end[0]) : link.to
    this.put(meeting, source, target, 'across', link)
  }

  /** Index of the innermost frame around both ends; of a carried value, of one whose parts follow one another. `-1`: draw nothing. */
  private meetingPlace(from: readonly PictureBox[], to: readonly PictureBox[], carried: boolean): number {
    if (from.length === 0 || to.length === 0) return 0
    let common = 0
    while (from[common + 1] !== undefined && from[common + 1] === to[common + 1]) common++
    const isOrdered = ['loop', 'sequential'].includes(from[common]?.kind as string)
    return carried && !(isOrdered && from[common + 1] && to[common + 1]) ? -1 : common
  }

  private in(box: PictureBox): string {
    return box.kind === 'leaf' ? box.id : entryPort(box.id)
  }

  private out(box: PictureBox): string {
    return box.kind === 'leaf' ? box.id : exitPort(box.id)
  }

  private put(frame: string, from: string, to: string, role: Segment['role'], link: PictureLink): void {
    const segments = this.byFrame.get(frame) ?? new Map<string, Segment>()
    this.byFrame.set(frame, segments)
    const carried = link.carried && role === 'across'
    // A port has one line to each block; inside, what is missing stands apart from what is there.
    const isRed = link.missing && !PORT_ID.test(from)
    const key = `${from} ${to} ${carried} ${isRed}`
    const missing = link.missing || segments.get(key)?.missing === true
    const known = { from, to, carried, missing, role, values: segments.get(key)?.values ?? new Map<string, string>() }
    known.values.set(link.name, link.type)
    segments.set(key, known)
  }
}
