/** AUTOMATIC1111's API, for clients that speak it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ResultStore } from '../../results/result-store'
import { a1111Answer, a1111Progress, type SeededPicture } from '../a1111/a1111-answer'
import type { A1111Task } from '../a1111/a1111-fields'
import {
  type A1111Fields,
  a1111Job,
  a1111Sampler,
  checkA1111Fields,
  fieldsProblem,
  firstSeed,
  inA1111Words,
  pictureCount,
} from '../a1111/a1111-request'
import { samplersOf, schedulesOf } from '../a1111/a1111-samplers'
import { A1111Run, A1111Sessions } from '../a1111/a1111-sessions'
import { answerProblem } from '../answer-problem'
import { askerOf } from '../asker-of'
import type { CatalogEntry } from '../catalog'
import { clientOf } from '../client-of'
import type { FieldProblem } from '../problem'
import { Problem } from '../problem'
import { leavingSignal, readJobPictures, runJob } from '../run-job'
import type { Service } from '../service'
import { bytesOf } from '../stored-file'

/** The option that names the model. */
const MODEL = 'sd_model_checkpoint'

/** Adds the routes. Their problems name the fields as these clients do. */
export function addA1111Routes(app: FastifyInstance, service: Service): void {
  const sessions = new A1111Sessions()
  app.register(async routes => {
    routes.setErrorHandler((error, request, reply) =>
      answerProblem(error instanceof Problem ? inA1111Words(error) : error, request, reply),
    )
    for (const task of ['txt2img', 'img2img'] as const) {
      routes.post(`/sdapi/v1/${task}`, (request, reply) => draw(app, service, sessions, task, request, reply))
    }
    addRunRoutes(routes, service, sessions)
    addListRoutes(routes, service, sessions)
    addOptionRoutes(routes, service, sessions)
  })
}

async function draw(
  { prefix }: FastifyInstance,
  service: Service,
  sessions: A1111Sessions,
  task: A1111Task,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const asker = askerOf(request)
  const { client } = asker
  const left = leavingSignal(reply, service)
  const fields = checkA1111Fields(task, request.body)
  const entry = entryOf(service, sessions, client, fields)
  const chosen = a1111Sampler(entry, fields)
  const seed = firstSeed(fields)
  const run = new A1111Run(pictureCount(fields, service.limits.maxImages))
  const signal = AbortSignal.any([left, run.interrupted])
  const pictures: SeededPicture[] = []
  await sessions.track(client, run, async () => {
    for (; run.done < run.count && !run.isInterrupted; run.done++) {
      const own = seed + run.done
      try {
        const job = await runJob(service, a1111Job(entry, task, fields, chosen, own), asker, signal, {
          submitted: id => run.begin(id),
          event: event => run.see(event),
        })
        // Somebody has cancelled it by its id.
        if (job.status === 'cancelled') run.interrupt()
        if (job.status !== 'finished') break
        for (const picture of await readJobPictures(service, job, prefix)) pictures.push({ ...picture, seed: own })
      } catch (error) {
        // As there, an interrupted request is answered with what is done.
        if (!run.isInterrupted) throw error
      }
    }
  })
  return a1111Answer(entry, fields, chosen, pictures, seed)
}

function entryOf(
  { catalog }: Service,
  sessions: A1111Sessions,
  client: string,
  fields: Pick<A1111Fields, 'override_settings'> = {},
): CatalogEntry {
  const named = fields.override_settings?.[MODEL]
  const name = named ?? sessions.modelOf(client)
  const entry = name === undefined ? catalog.first : catalog.get(name)
  if (entry === undefined) throw fieldsProblem([unknownModel(`#/override_settings/${MODEL}`, catalog.all)])
  return entry
}

function unknownModel(pointer: string, entries: readonly CatalogEntry[]): FieldProblem {
  return { pointer, detail: `There is no such model; there are ${entries.map(({ name }) => `"${name}"`).join(', ')}.` }
}

function addRunRoutes(app: FastifyInstance, { queue, results }: Service, sessions: A1111Sessions): void {
  app.get('/sdapi/v1/progress', async request => {
    const [run] = sessions.runsOf(clientOf(request))
    const progress = run?.job === undefined ? undefined : (await queue.get(run.job))?.progress
    const isSkipped = String((request.query as Record<string, unknown>)['skip_current_image']).toLowerCase() === 'true'
    const preview = isSkipped ? undefined : await readPreview(results, run)
    return a1111Progress(run, progress?.step ?? 0, progress?.total ?? 0, preview?.toString('base64') ?? null)
  })

  app.post('/sdapi/v1/interrupt', async request => {
    for (const run of sessions.runsOf(clientOf(request))) run.interrupt()
    return {}
  })
}

/** The latest preview of a request; `undefined` if none exists. */
async function readPreview(results: ResultStore, run: A1111Run | undefined): Promise<Buffer | undefined> {
  const { job, preview } = run ?? {}
  if (job === undefined || preview === undefined) return undefined
  const file = await results.open(job, preview)
  return file && (await bytesOf(file))
}

function addListRoutes(app: FastifyInstance, service: Service, sessions: A1111Sessions): void {
  app.get('/sdapi/v1/samplers', async request => samplersOf(entryOf(service, sessions, clientOf(request))))

  app.get('/sdapi/v1/schedulers', async request =>
    schedulesOf(entryOf(service, sessions, clientOf(request))).map(({ settings, ...schedule }) => schedule),
  )

  app.get('/sdapi/v1/sd-models', async () =>
    service.catalog.all.map(({ name }) => ({
      title: name,
      model_name: name,
      hash: null,
      sha256: null,
      filename: name,
      config: null,
    })),
  )
}

function addOptionRoutes(app: FastifyInstance, service: Service, sessions: A1111Sessions): void {
  const { catalog } = service

  app.get('/sdapi/v1/options', async request => ({
    [MODEL]: entryOf(service, sessions, clientOf(request)).name,
    samples_format: 'png',
  }))

  app.post('/sdapi/v1/options', async request => {
    const { body } = request
    if (typeof body !== 'object' || body === null) {
      throw new Problem(400, 'invalid-json', 'The body must be a JSON object. Send it as application/json.')
    }
    const errors: FieldProblem[] = []
    for (const [name, value] of Object.entries(body).slice(0, 100)) {
      const pointer = `#/${name.slice(0, 100)}`
      if (name === MODEL) {
        if (typeof value !== 'string' || catalog.get(value) === undefined) {
          errors.push(unknownModel(pointer, catalog.all))
        }
      } else if (name !== 'samples_format' || value !== 'png') {
        errors.push({ pointer, detail: `This option cannot be set. "${MODEL}" can.` })
      }
    }
    if (errors.length > 0) throw fieldsProblem(errors.slice(0, 10))
    const model = (body as Readonly<Record<string, unknown>>)[MODEL]
    if (typeof model === 'string') sessions.choose(clientOf(request), model)
    return {}
  })
}
