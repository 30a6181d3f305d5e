/** A picture in which everything has its place. */
import type { ElkPoint } from 'elkjs/lib/elk-api'
import type { PictureBox, PicturePort } from './picture'

/** A rectangle, from the upper left corner of the whole. */
export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A line of text: the space that is kept for it, which it fills in the widest of fonts. */
export interface PlacedText extends Rectangle {
  readonly text: string
  readonly style: 'title' | 'class' | 'condition' | 'chip' | 'note' | 'missing' | 'label' | 'port'
  /** The whole text, where it is cut, or more on the matter. */
  readonly tooltip?: string
}

/** A box with its texts. */
export interface PlacedBox extends Rectangle {
  readonly box: PictureBox
  readonly depth: number
  readonly texts: readonly PlacedText[]
}

/** An input or output of the whole. */
export interface PlacedPort extends Rectangle {
  readonly port: PicturePort
  readonly role: 'input' | 'output'
  readonly text: PlacedText
}

/** A line with its label. */
export interface PlacedEdge {
  /** Its pieces, each from point to point. */
  readonly points: readonly (readonly ElkPoint[])[]
  readonly carried: boolean
  readonly missing: boolean
  /** Whether it ends in an arrow: at a block, or where a frame is entered. */
  readonly arrow: boolean
  readonly labels: readonly PlacedText[]
  /** Everything that flows, with its types. */
  readonly tooltip: string
}

/** A picture with all its places. */
export interface PlacedPicture {
  readonly width: number
  readonly height: number
  readonly boxes: readonly PlacedBox[]
  readonly ports: readonly PlacedPort[]
  readonly edges: readonly PlacedEdge[]
}
