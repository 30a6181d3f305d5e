/** The job that is looked at: its progress, previews, pictures, and what can be done with it. */
import { useState } from 'preact/hooks'
import { fillFrom, usePicture } from '../form/form-state'
import { dataUrl } from '../form/picture-data'
import { fetchPicture, Picture } from '../gallery/picture'
import { Settings, titleOf } from '../gallery/settings'
import { ServerAwayError, ServerProblem } from '../server/client'
import type { JobBody } from '../server/types'
import { cancel, inputsOf, type StudioJob, submit } from './jobs'
import { failedPath, isOver, type RunState } from './run-state'

/** The stage. */
export function Stage({ job }: { readonly job: StudioJob | undefined }) {
  const [problem, setProblem] = useState('')
  if (!job) return <p class="quiet">Write a prompt, and draw.</p>
  const run = job.run.value
  const title = titleOf(job)
  const shown = run.pictures.length > 0 ? run.pictures : run.previews
  const kind = run.pictures.length > 0 ? 'picture' : 'preview'
  const attempt = (action: () => Promise<unknown>) => async () => {
    setProblem('')
    try {
      await action()
    } catch (error) {
      if (!(error instanceof ServerProblem || error instanceof ServerAwayError)) throw error
      setProblem(error.message)
    }
  }
  return (
    <>
      <div class="stage-head">
        <h2 id="stage-title">{title}</h2>
        <p class="quiet">{statusText(run)}</p>
        <p role="status" class="hidden">
          {title}: {announcement(run)}
        </p>
      </div>
      {!isOver(run) && <progress aria-label="Progress" value={fractionOf(run)} max={1} />}
      {run.error && (
        <div class="problem" role="alert">
          <p>
            {failedPath(run.error).length > 0 && <strong>{failedPath(run.error).join(' › ')}: </strong>}
            {run.error.message}
          </p>
        </div>
      )}
      {run.warnings.length > 0 && (
        <ul class="warnings">
          {run.warnings.map(text => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <div class={`shown is-${kind}`}>
        {shown.map((picture, i) => (
          <figure key={picture.url}>
            <Picture picture={picture} alt={`${title}, ${kind} ${i + 1}`} />
            {kind === 'picture' && (
              <figcaption class="buttons">
                <button
                  type="button"
                  onClick={attempt(async () => usePicture(await dataUrl(await fetchPicture(picture.url))))}
                >
                  Use as input
                </button>
                <button type="button" onClick={attempt(() => save(picture.url, `${job.id}-${i}.png`))}>
                  Save
                </button>
              </figcaption>
            )}
          </figure>
        ))}
      </div>
      <div class="buttons">
        {!isOver(run) && (
          <button type="button" onClick={attempt(() => cancel(job))}>
            Cancel
          </button>
        )}
        {isOver(run) && run.status !== 'unknown' && (
          <>
            <button type="button" onClick={attempt(async () => fillFrom(job.job.value, await inputsOf(job)))}>
              Again with…
            </button>
            <button type="button" onClick={attempt(() => drawAgain(job))}>
              Again with another seed
            </button>
          </>
        )}
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <details>
        <summary>Settings</summary>
        <Settings job={job} />
      </details>
    </>
  )
}

function statusText({ status, progress }: RunState): string {
  switch (status) {
    case 'queued':
      return 'Waiting'
    case 'running':
      return progress
        ? `Drawing, step ${progress.step}${progress.total === null ? '' : ` of ${progress.total}`}`
        : 'Drawing'
    case 'finished':
      return 'Finished'
    case 'failed':
      return 'Failed'
    case 'cancelled':
      return 'Cancelled'
    case 'unknown':
      return 'The server no longer knows this job'
  }
}

/** What a screen reader says: not every step. */
function announcement(run: RunState): string {
  const fraction = isOver(run) ? undefined : fractionOf(run)
  return fraction ? `drawing, ${Math.floor(fraction * 4) * 25} %` : statusText({ ...run, progress: undefined })
}

function fractionOf({ status, progress }: RunState): number | undefined {
  if (status === 'queued') return 0
  return progress && progress.total !== null && progress.total > 0 ? progress.step / progress.total : undefined
}

async function drawAgain(job: StudioJob): Promise<void> {
  const inputs = await inputsOf(job)
  const { pipeline, workflow, components } = job.job.value
  const body: JobBody = {
    pipeline,
    ...(workflow !== undefined && { workflow }),
    ...(components && { components }),
    inputs,
    previewEvery: 5,
    keepValues: true,
  }
  await submit(body)
}

async function save(url: string, name: string): Promise<void> {
  const address = URL.createObjectURL(await fetchPicture(url))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  URL.revokeObjectURL(address)
}
