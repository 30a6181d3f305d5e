/** The blocks of a pipeline as the picture that `tesserae graph` draws, with the run in it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { svgStyle } from '../../src/picture/svg-style'
import { isOver, type RunState } from '../run/run-state'
import { connection, request } from '../server/client'
import { BlockMarks } from './block-marks'

const sheet = new CSSStyleSheet()
sheet.replaceSync(`.graph{${svgStyle()}}`)
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

interface GraphProps {
  readonly pipeline: string
  readonly workflow: string | undefined
  readonly run: RunState | undefined
  /** Key of the block that is looked at. */
  readonly selected: string | undefined
  onSelect(path: readonly string[]): void
}

/** The picture. Each block is a button. */
export function Graph({ pipeline, workflow, run, selected, onSelect }: GraphProps) {
  const holder = useRef<HTMLDivElement>(null)
  const [marks, setMarks] = useState<BlockMarks>()
  const [problem, setProblem] = useState('')
  /** Part of its own size; `undefined` fits it into its frame. */
  const [zoom, setZoom] = useState<number>()
  const choose = useRef(onSelect)
  choose.current = onSelect
  const isOpen = connection.value === 'open'

  useEffect(() => {
    if (!isOpen) return
    const left = new AbortController()
    setProblem('')
    load(pipeline, workflow, left.signal).then(
      svg => {
        if (left.signal.aborted) return
        holder.current?.replaceChildren(svg)
        // What is wider than its frame is shown from its middle.
        const frame = holder.current?.parentElement
        if (frame) frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2
        setMarks(new BlockMarks(svg, path => choose.current(path)))
      },
      error => {
        if (!left.signal.aborted) setProblem((error as Error).message)
      },
    )
    return () => left.abort()
  }, [pipeline, workflow, isOpen])

  useEffect(() => marks?.show(run, selected), [marks, run, selected])

  useEffect(() => {
    const svg = holder.current?.querySelector('svg')
    if (svg) svg.style.width = zoom === undefined ? '' : `${zoom * svg.viewBox.baseVal.width}px`
  }, [marks, zoom])

  const zoomBy = (factor: number) => {
    const svg = holder.current?.querySelector('svg')
    if (!svg) return
    const now = zoom ?? svg.clientWidth / svg.viewBox.baseVal.width
    setZoom(Math.min(2, Math.max(0.1, now * factor)))
  }

  return (
    <div class="graph-column">
      <div class="buttons">
        <button type="button" onClick={() => zoomBy(1.4)}>
          Larger
        </button>
        <button type="button" onClick={() => zoomBy(1 / 1.4)}>
          Smaller
        </button>
        <button type="button" onClick={() => setZoom(undefined)}>
          Fit
        </button>
      </div>
      {problem && <p class="problem">The blocks cannot be drawn: {problem}</p>}
      {marks === undefined && !problem && <p class="quiet">Drawing the blocks…</p>}
      <section class="graph-frame" aria-label="Blocks">
        <div class={`graph${run && !isOver(run) ? ' is-live' : ''}`} ref={holder} />
      </section>
    </div>
  )
}

async function load(pipeline: string, workflow: string | undefined, signal: AbortSignal): Promise<SVGSVGElement> {
  const query = workflow === undefined ? '' : `?workflow=${encodeURIComponent(workflow)}`
  const answer = await request(`/v1/pipelines/${encodeURIComponent(pipeline)}/graph.svg${query}`, { signal })
  // The page brings the style: one inside of the picture would need an exception from the policy of the page.
  const text = (await answer.text()).replace(/<style>[^<]*<\/style>/, '')
  const drawn = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement
  return document.importNode(drawn, true) as unknown as SVGSVGElement
}
