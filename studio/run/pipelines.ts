/** The pipelines that the server offers, with what may be chosen for each. */
import { signal } from '@preact/signals'
import { getJson, reachable, ServerAwayError, ServerProblem } from '../server/client'
import type { Choices, PipelineInfo, Schemas } from '../server/types'

/** The pipelines; `undefined` until the server has told them. */
export const pipelines = signal<readonly PipelineInfo[] | undefined>(undefined)

const choices = new Map<string, Promise<Choices>>()

/** Loads the pipelines, as soon as the server answers. */
export async function loadPipelines(): Promise<void> {
  for (;;) {
    try {
      const { pipelines: found } = await getJson<{ pipelines: readonly PipelineInfo[] }>('/v1/pipelines')
      pipelines.value = found
      return
    } catch (error) {
      if (!(error instanceof ServerAwayError || error instanceof ServerProblem)) throw error
      await reachable()
    }
  }
}

/** The schedulers and guiders that may be chosen for a pipeline. */
export function choicesOf(pipeline: string): Promise<Choices> {
  const known = choices.get(pipeline)
  if (known) return known
  const asked = getJson<Choices>(`/v1/pipelines/${encodeURIComponent(pipeline)}/components`)
  choices.set(pipeline, asked)
  asked.catch(() => choices.delete(pipeline))
  return asked
}

/** What a pipeline takes, or one of its workflows. */
export function schemasOf(pipeline: PipelineInfo, workflow: string): Schemas {
  return pipeline.workflows[workflow] ?? pipeline
}
