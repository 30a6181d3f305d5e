/** The page. */
import { useEffect, useState } from 'preact/hooks'
import { chosenPipeline, chosenWorkflow, usePicture } from './form/form-state'
import { usePastedPicture } from './form/picture-data'
import { RequestForm } from './form/request-form'
import { Gallery } from './gallery/gallery'
import { Graph } from './graph/graph'
import { ValuesPanel } from './graph/values-panel'
import { findJob, recallJobs, select, selectedId } from './run/jobs'
import { loadPipelines } from './run/pipelines'
import { failedPath, pathKey } from './run/run-state'
import { Stage } from './run/stage'
import { connection, prefix, useKey } from './server/client'

/** The whole page. */
export function App() {
  useEffect(() => {
    loadPipelines().catch(reportError)
    recallJobs().catch(reportError)
  }, [])
  usePastedPicture(usePicture)
  const job = findJob(selectedId.value)
  return (
    <>
      <header>
        <h1>Tesserae studio</h1>
        <p class={`connection is-${connection.value}`} role="status">
          {connection.value === 'open'
            ? 'Connected'
            : connection.value === 'away'
              ? 'The server is away; trying again'
              : 'A key is needed'}
        </p>
        <a href={`${prefix}/openapi`}>API</a>
      </header>
      {connection.value === 'locked' && <KeyForm />}
      <main>
        <section class="panel form" aria-label="Request">
          <RequestForm />
        </section>
        <section class="panel stage" aria-label="Result">
          <Stage key={job?.id} job={job} />
        </section>
        <Inside />
        <Gallery />
      </main>
    </>
  )
}

/** The blocks and their values: of the job that is looked at, or of what the form would draw. */
function Inside() {
  const job = findJob(selectedId.value)
  const run = job?.run.value
  const [path, setPath] = useState<readonly string[]>()
  const pipeline = job?.job.value.pipeline ?? chosenPipeline.value?.name
  const workflow = job ? job.job.value.workflow : chosenWorkflow.value || undefined
  const error = run?.error
  // An error is shown at the block that threw it.
  useEffect(() => {
    if (error && failedPath(error).length > 0) setPath(failedPath(error))
  }, [error])
  if (pipeline === undefined) return null
  return (
    <section class="panel inside" aria-labelledby="inside-title">
      <div class="inside-head">
        <h2 id="inside-title">
          Blocks of {pipeline}
          {workflow && `, ${workflow}`}
        </h2>
        {job && (
          <button type="button" onClick={() => select(undefined)}>
            Show the form’s
          </button>
        )}
      </div>
      <div class="inside-body">
        <Graph pipeline={pipeline} workflow={workflow} run={run} selected={path && pathKey(path)} onSelect={setPath} />
        {path && <ValuesPanel path={path} run={run} />}
      </div>
    </section>
  )
}

function KeyForm() {
  const [key, setKey] = useState('')
  return (
    <form
      class="panel key"
      onSubmit={event => {
        event.preventDefault()
        useKey(key)
      }}
    >
      <label class="field">
        API key
        <input type="password" autocomplete="off" value={key} onInput={event => setKey(event.currentTarget.value)} />
      </label>
      <button type="submit">Use key</button>
    </form>
  )
}
