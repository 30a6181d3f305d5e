/** What a block has written: its values, at each step that was kept. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { failedPath, pathKey, type RunState } from '../run/run-state'
import { getJson } from '../server/client'
import type { KeptValues, SmallPicture, TensorSummary, ValueSummary } from '../server/types'
import { bytes, milliseconds, number } from '../text'

interface ValuesPanelProps {
  readonly path: readonly string[]
  readonly run: RunState | undefined
}

/** The panel. */
export function ValuesPanel({ path, run }: ValuesPanelProps) {
  const key = pathKey(path)
  const kept = run?.values.get(key) ?? []
  const block = run?.blocks.get(key)
  const [chosen, setChosen] = useState<number>()
  const index = Math.min(chosen ?? kept.length - 1, kept.length - 1)
  const at = kept[index]
  const [values, setValues] = useState<KeptValues>()

  useEffect(() => setChosen(undefined), [key])
  useEffect(() => {
    setValues(undefined)
    if (at === undefined) return
    let isLeft = false
    getJson<KeptValues>(at.url).then(
      found => {
        if (!isLeft) setValues(found)
      },
      () => undefined,
    )
    return () => {
      isLeft = true
    }
  }, [at?.url])

  const isCulprit = run?.error !== undefined && pathKey(failedPath(run.error)) === key
  return (
    <section class="panel values" aria-labelledby="values-title">
      <h2 id="values-title">{path.length === 0 ? 'The whole pipeline' : path.join(' › ')}</h2>
      {isCulprit && <p class="problem">{run?.error?.message}</p>}
      {block && (
        <p class="quiet">
          {block.status === 'done' ? 'Done' : block.status === 'failed' ? 'Failed' : 'Running'}
          {block.runs > 0 && `, ${block.runs} × in ${milliseconds(block.duration)}`}
          {block.memory !== undefined && `, ${bytes(block.memory)} in the process`}
        </p>
      )}
      {kept.length > 1 && (
        <label class="field">
          Step {at?.step ?? index + 1}
          <input
            type="range"
            min={0}
            max={kept.length - 1}
            value={index}
            onInput={event => setChosen(event.currentTarget.valueAsNumber)}
          />
        </label>
      )}
      {kept.length === 0 && <p class="quiet">{hintOf(run, block !== undefined)}</p>}
      {values &&
        Object.entries(values.values).map(([name, value]) => (
          <div class="value" key={name}>
            <h3>{name}</h3>
            <Value name={name} value={value} />
          </div>
        ))}
      {values && Object.keys(values.values).length === 0 && <p class="quiet">The block writes no values.</p>}
    </section>
  )
}

function hintOf(run: RunState | undefined, hasRun: boolean): string {
  if (run === undefined) return 'Draw a picture to see what the block does.'
  return hasRun ? 'No values were kept. Turn on “Keep values” and draw again.' : 'This block has not run.'
}

function Value({ name, value }: { name: string; value: ValueSummary }) {
  switch (value.kind) {
    case 'tensor':
      return <Tensor name={name} value={value} />
    case 'picture':
      return (
        <figure>
          <Pixels picture={value.picture} label={`${name}, a picture`} />
          <figcaption>
            {value.width} × {value.height} pixels
          </figcaption>
        </figure>
      )
    case 'list':
      return (
        <div>
          <p class="quiet">{value.length} members</p>
          {value.members.map((member, i) => (
            <Value key={String(i)} name={`${name} ${i + 1}`} value={member} />
          ))}
        </div>
      )
    case 'text':
      return <p class="value-text">{value.text}</p>
  }
}

function Tensor({
  name,
  value: { shape, dtype, statistics, nonFinite, histogram, picture },
}: {
  name: string
  value: TensorSummary
}) {
  return (
    <div class="tensor">
      <p class="quiet">
        {dtype} [{shape.join(', ')}]
      </p>
      {picture && <Pixels picture={picture} label={`${name} as a picture`} />}
      {statistics && (
        <>
          <Histogram
            counts={histogram}
            label={`Histogram of ${name} from ${number(statistics.min)} to ${number(statistics.max)}`}
          />
          <p class="quiet">
            {number(statistics.min)} … {number(statistics.max)}, mean {number(statistics.mean)}, std{' '}
            {number(statistics.std)}
          </p>
        </>
      )}
      {nonFinite > 0 && <p class="problem">{nonFinite} numbers are NaN or infinite.</p>}
    </div>
  )
}

function Histogram({ counts, label }: { counts: readonly number[]; label: string }) {
  const most = Math.max(1, ...counts)
  const width = 100 / Math.max(1, counts.length)
  return (
    <svg class="histogram" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label}>
      {counts.map((count, i) => {
        const height = (count / most) * 30
        return <rect key={String(i)} x={i * width} y={30 - height} width={width * 0.9} height={height} />
      })}
    </svg>
  )
}

function Pixels({ picture, label }: { picture: SmallPicture; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const { width, height, channels, data } = picture
    const bytes = Uint8Array.from(atob(data), text => text.charCodeAt(0))
    const pixels = new ImageData(width, height)
    for (let i = 0; i < width * height; i++) {
      for (let channel = 0; channel < 3; channel++) {
        pixels.data[i * 4 + channel] = bytes[i * channels + (channels === 3 ? channel : 0)] ?? 0
      }
      pixels.data[i * 4 + 3] = 255
    }
    canvas.current?.getContext('2d')?.putImageData(pixels, 0, 0)
  }, [picture])
  return (
    <canvas class="pixels" ref={canvas} width={picture.width} height={picture.height} role="img" aria-label={label} />
  )
}
