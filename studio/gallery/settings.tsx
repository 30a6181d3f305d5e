/** What a job was asked for with. */
import type { StudioJob } from '../run/jobs'
import { words } from '../text'

/** A setting with its text. */
export type Setting = readonly [name: string, text: string]

/** The settings of a job: its inputs but pictures, its seed, and what it chose. */
export function settingsOf({ job, inputs }: StudioJob): readonly Setting[] {
  const { pipeline, workflow, seed, components } = job.value
  const chosen = Object.entries(components ?? {}).flatMap(([kind, choice]) =>
    choice
      ? [[kind, [choice.name, choice.settings && JSON.stringify(choice.settings)].filter(Boolean).join(' ')] as const]
      : [],
  )
  const given = Object.entries(inputs).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  )
  return [...given, ['seed', String(seed)], ...chosen, ['pipeline', [pipeline, workflow].filter(Boolean).join(', ')]]
}

/** The settings as a list. */
export function Settings({ job }: { readonly job: StudioJob }) {
  return (
    <dl class="settings">
      {settingsOf(job).map(([name, text]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What a job draws, in a few words. */
export function titleOf({ inputs, job }: StudioJob): string {
  const { prompt } = inputs
  const text = Array.isArray(prompt) ? prompt.join(', ') : typeof prompt === 'string' ? prompt : ''
  return text || job.value.workflow || job.value.pipeline
}
