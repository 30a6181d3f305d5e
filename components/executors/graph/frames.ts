/** Frames: a length in four bytes, a header as JSON, and the bytes of tensors as they are. Tensors cross at the speed of the pipe. */
import type { Writable } from 'node:stream'
import type { FrameHeader } from './session-messages'

const LENGTH_BYTES = 4

/** Writes a message with its parts. The parts are not copied. */
export function writeFrame(stream: Writable, message: object, parts: readonly ArrayBufferView[] = []): void {
  const header = Buffer.from(JSON.stringify({ message, sizes: parts.map(({ byteLength }) => byteLength) }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(header.length)
  stream.cork()
  stream.write(Buffer.concat([length, header]))
  for (const { buffer, byteOffset, byteLength } of parts) stream.write(Buffer.from(buffer, byteOffset, byteLength))
  stream.uncork()
}

/** Puts frames together from the chunks that arrive. Each part has a buffer of its own. */
export class FrameReader<M> {
  private target = new Uint8Array(LENGTH_BYTES)
  private filled = 0
  private state: 'length' | 'header' | 'part' = 'length'
  private message: M | undefined
  private sizes: number[] = []
  private parts: Uint8Array<ArrayBuffer>[] = []

  constructor(private readonly receive: (message: M, parts: readonly Uint8Array<ArrayBuffer>[]) => void) {}

  /** Takes in the next chunk. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + this.target.length - this.filled)
      this.target.set(piece, this.filled)
      this.filled += piece.length
      at += piece.length
      while (this.filled === this.target.length) this.advance()
    }
  }

  /** The bytes that were waited for are complete. */
  private advance(): void {
    const { target } = this
    if (this.state === 'length') this.expect('header', Buffer.from(target.buffer).readUInt32LE())
    else {
      if (this.state === 'part') this.parts.push(target)
      else this.readHeader(target)
      const size = this.sizes.shift()
      if (size === undefined) this.finish()
      else this.expect('part', size)
    }
  }

  private readHeader({ buffer }: Uint8Array<ArrayBuffer>): void {
    const { message, sizes } = JSON.parse(Buffer.from(buffer).toString()) as FrameHeader<M>
    this.message = message
    this.sizes = [...sizes]
    this.parts = []
  }

  private finish(): void {
    this.expect('length', LENGTH_BYTES)
    this.receive(this.message as M, this.parts) // A header comes before every part.
  }

  private expect(state: typeof this.state, size: number): void {
    this.state = state
    this.target = new Uint8Array(size)
    this.filled = 0
  }
}
