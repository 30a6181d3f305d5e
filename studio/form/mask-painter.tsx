/** Paints a mask over a picture: white is redrawn. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { source } from './picture-data'

interface MaskPainterProps {
  readonly picture: string
  readonly mask: string | undefined
  onChange(mask: string | undefined): void
}

/** States that can be undone. */
const MOST_UNDONE = 20

/** Part of the picture's longer side that an arrow key moves the brush. */
const KEY_STEP = 0.03

/** The painter: a canvas over the picture, for pointers and for the keyboard. */
export function MaskPainter({ picture, mask, onChange }: MaskPainterProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const undo = useRef<ImageData[]>([])
  const last = useRef<{ x: number; y: number }>(undefined)
  const written = useRef<string>(undefined)
  const [size, setSize] = useState<{ width: number; height: number }>()
  const [brush, setBrush] = useState(12)
  const [isErasing, setErasing] = useState(false)
  /** Where the keyboard is, in parts of the picture. Keys may come faster than the page is drawn, so they read the reference. */
  const keyboard = useRef<{ x: number; y: number }>(undefined)
  const [cursor, showCursor] = useState<{ x: number; y: number }>()
  const setCursor = (place: { x: number; y: number } | undefined) => {
    keyboard.current = place
    showCursor(place)
  }

  useEffect(() => {
    let isLeft = false
    const image = new Image()
    image.onload = () => {
      if (!isLeft) setSize({ width: image.naturalWidth, height: image.naturalHeight })
    }
    image.src = source(picture)
    return () => {
      isLeft = true
    }
  }, [picture])

  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!size || !context || mask === written.current) return
    written.current = mask
    context.clearRect(0, 0, size.width, size.height)
    if (mask === undefined) return
    const image = new Image()
    image.onload = () => context.putImageData(toStrokes(image, size), 0, 0)
    image.src = source(mask)
  }, [mask, size])

  const context = () => canvas.current?.getContext('2d', { willReadFrequently: true }) ?? undefined
  const remember = () => {
    if (size)
      undo.current = [...undo.current.slice(1 - MOST_UNDONE), context()!.getImageData(0, 0, size.width, size.height)]
  }
  const write = () => {
    if (!size || !canvas.current) return
    written.current = isEmpty(context()!, size) ? undefined : toMask(canvas.current, size)
    onChange(written.current)
  }
  const stroke = (to: { x: number; y: number }) => {
    const target = context()
    if (!target || !size) return
    const from = last.current ?? to
    target.globalCompositeOperation = isErasing ? 'destination-out' : 'source-over'
    target.strokeStyle = 'white'
    target.fillStyle = 'white'
    target.lineCap = 'round'
    target.lineWidth = (brush / 100) * Math.max(size.width, size.height)
    target.beginPath()
    target.moveTo(from.x, from.y)
    target.lineTo(to.x, to.y)
    target.stroke()
    // A line without length is not drawn everywhere, not even with round ends.
    target.beginPath()
    target.arc(to.x, to.y, target.lineWidth / 2, 0, 2 * Math.PI)
    target.fill()
    last.current = to
  }
  const place = ({ clientX, clientY }: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect()
    return {
      x: ((clientX - box.left) / box.width) * (size?.width ?? 1),
      y: ((clientY - box.top) / box.height) * (size?.height ?? 1),
    }
  }
  const move = (event: KeyboardEvent) => {
    if (!size) return
    const [dx, dy] = ARROWS[event.key] ?? [0, 0]
    const isPaint = event.key === ' ' || event.key === 'Enter'
    if (dx === 0 && dy === 0 && !isPaint) return
    event.preventDefault()
    const at = keyboard.current ?? { x: 0.5, y: 0.5 }
    const clamp = (value: number) => Math.min(1, Math.max(0, value))
    const next = { x: clamp(at.x + dx * KEY_STEP), y: clamp(at.y + dy * KEY_STEP) }
    setCursor(next)
    if (!isPaint && !event.shiftKey) return
    remember()
    last.current = event.shiftKey ? { x: at.x * size.width, y: at.y * size.height } : undefined
    stroke({ x: next.x * size.width, y: next.y * size.height })
    last.current = undefined
    write()
  }
  const clear = () => {
    remember()
    if (size) context()?.clearRect(0, 0, size.width, size.height)
    write()
  }
  const goBack = () => {
    const before = undo.current.pop()
    if (before) context()?.putImageData(before, 0, 0)
    write()
  }

  return (
    <div class="painter">
      <div class="easel">
        <img src={source(picture)} alt="What the mask covers" />
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it is painted on by pointers and by keys, which are its own */}
        <canvas
          ref={canvas}
          width={size?.width ?? 1}
          height={size?.height ?? 1}
          tabIndex={0}
          role="application"
          aria-label="Mask. Arrow keys move the brush, space paints, shift with an arrow key paints a line."
          onPointerDown={event => {
            event.currentTarget.setPointerCapture(event.pointerId)
            remember()
            last.current = undefined
            stroke(place(event))
          }}
          onPointerMove={event => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) stroke(place(event))
          }}
          onPointerUp={() => {
            last.current = undefined
            write()
          }}
          onKeyDown={move}
          onBlur={() => setCursor(undefined)}
        />
        {cursor && (
          <span class="cursor" style={{ left: `${cursor.x * 100}%`, top: `${cursor.y * 100}%`, width: `${brush}%` }} />
        )}
      </div>
      <label class="inline">
        Brush
        <input
          type="range"
          min={1}
          max={40}
          value={brush}
          onInput={event => setBrush(event.currentTarget.valueAsNumber)}
        />
      </label>
      <div class="buttons">
        <button type="button" aria-pressed={isErasing} onClick={() => setErasing(before => !before)}>
          Erase
        </button>
        <button type="button" onClick={goBack}>
          Undo
        </button>
        <button type="button" onClick={clear}>
          Clear mask
        </button>
      </div>
    </div>
  )
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

interface Size {
  readonly width: number
  readonly height: number
}

function isEmpty(context: CanvasRenderingContext2D, { width, height }: Size): boolean {
  const { data } = context.getImageData(0, 0, width, height)
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) return false
  return true
}

/** White strokes on black, as a PNG. */
function toMask(strokes: HTMLCanvasElement, { width, height }: Size): string {
  const made = Object.assign(document.createElement('canvas'), { width, height })
  const context = made.getContext('2d')!
  context.fillRect(0, 0, width, height)
  context.drawImage(strokes, 0, 0)
  return made.toDataURL('image/png')
}

/** A mask as strokes: what is dark becomes transparent. */
function toStrokes(mask: CanvasImageSource, { width, height }: Size): ImageData {
  const made = Object.assign(document.createElement('canvas'), { width, height })
  const context = made.getContext('2d')!
  context.drawImage(mask, 0, 0, width, height)
  const pixels = context.getImageData(0, 0, width, height)
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data[i + 3] = pixels.data[i] ?? 0
    pixels.data.fill(255, i, i + 3)
  }
  return pixels
}
